"""How requests get to the gateway: directly or by a proxy, and whose certificates count. Pure.

Decided once from the environment, then handed to the HTTP library, which does not look for itself: what is shown is
what is used. Libraries read NO_PROXY in different ways; here `*.domain`, `.domain` and `domain` all mean the domain
and everything below it. Knows nothing of HTTP clients.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from metis_tui.chat.printable import printable_line
from metis_tui.gateway.origin import GatewayAddress

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080, "socks4": 1080, "socks4a": 1080, "socks": 1080}
_USABLE_SOCKS = ("socks5", "socks5h")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that a variable names."""

    url: str = field(repr=False)
    """With the name and password that may be in it: for the HTTP library, never to be shown."""
    place: str
    """Host and port, safe to show."""
    variable: str
    """The variable that names it."""
    trouble: str = ""
    """Why it is no address of a proxy; empty when it is one."""


@dataclass(frozen=True, slots=True)
class Route:
    """The way to one gateway. `proxy` is None for the direct way."""

    proxy: Proxy | None
    reason: str
    """Why the way is direct, in words; empty for a proxy."""
    avoided: Proxy | None = None
    """The proxy that is set but not used for this address."""
    no_proxy: tuple[str, ...] = ()
    """The patterns of NO_PROXY, as written."""
    certificates: tuple[str, str] = ("", "")
    """A file and a folder of certificates to trust in place of the system's; each may be empty."""

    def in_words(self) -> str:
        """For the user; never shows a proxy's password."""
        if self.proxy is None:
            return f"direct: {self.reason}"
        return f"by the proxy {self.proxy.place} ({self.proxy.variable})"


def decide_route(address: GatewayAddress, environ: Mapping[str, str] | None = None) -> Route:
    """The way that the proxy and certificate variables prescribe for an address."""
    variables = os.environ if environ is None else environ
    certificates = (variables.get("SSL_CERT_FILE", "").strip(), variables.get("SSL_CERT_DIR", "").strip())
    if address.is_loopback:
        return Route(None, "it is on this machine", certificates=certificates)
    scheme, host, port = address.origin
    proxy = named_proxy(scheme, variables)
    patterns = no_proxy_patterns(variables)
    if proxy is None:
        return Route(None, "no proxy is set", no_proxy=patterns, certificates=certificates)
    for pattern in patterns:
        if matches(pattern, host, port):
            reason = f"NO_PROXY names it ({printable_line(pattern, 80)})"
            return Route(None, reason, avoided=proxy, no_proxy=patterns, certificates=certificates)
    return Route(proxy, "", no_proxy=patterns, certificates=certificates)


def named_proxy(scheme: str, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy for a scheme. As curl and Python do, the lower-case name of a variable wins."""
    for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY"):
        value = environ.get(name, "").strip()
        if value:
            return _read_proxy(value, name)
    return None


def no_proxy_patterns(environ: Mapping[str, str]) -> tuple[str, ...]:
    """What NO_PROXY lists, with commas or spaces in between."""
    value = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return tuple(part for part in re.split(r"[,\s]+", value) if part)


def matches(pattern: str, host: str, port: int) -> bool:
    """Whether one pattern of NO_PROXY means a host and port."""
    wanted = pattern.strip().lower()
    if wanted == "*":
        return True
    name, wanted_port = _split_port(wanted)
    if wanted_port is not None and wanted_port != port:
        return False
    name = name.removeprefix("*").strip(".")
    host = host.lower().rstrip(".")
    if not name:
        return False
    try:
        return ipaddress.ip_address(name) == ipaddress.ip_address(host)
    except ValueError:
        return host == name or host.endswith(f".{name}")


def pattern_trouble(pattern: str) -> str:
    """Why a pattern of NO_PROXY can never match, in words; empty when it can."""
    text = pattern.strip().lower()
    if text == "*":
        return ""
    if "://" in text:
        return "it is an address; write the host alone"
    if "/" in text:
        return "ranges of addresses are not understood; write host names or single addresses"
    name = _split_port(text)[0]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        bare = name[1:] if name.startswith("*.") else name
        if "*" in bare:
            return "a star counts only alone or as *.domain"
        return "" if _HOST.fullmatch(bare.strip(".")) else "it is no host name"
    return ""


def is_ignored_by_requests(pattern: str) -> bool:
    """Whether Globus' library, which uses requests, takes no notice of a pattern that counts here."""
    return pattern.startswith("*.")


def _split_port(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        name, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
        return name, int(port) if port.isdigit() else None
    name, colon, port = text.rpartition(":")
    if colon and port.isdigit() and ":" not in name:
        return name, int(port)
    return text, None


def _read_proxy(value: str, variable: str) -> Proxy:
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return Proxy("", "an address that cannot be read", variable, "it is no address")
    scheme = parts.scheme.lower()
    shown = f"[{host}]" if ":" in host else host
    place = printable_line(f"{shown}:{port or _PORTS.get(scheme, 80)}", 120)
    if scheme not in _PORTS:
        return Proxy("", place, variable, f"{printable_line(scheme, 20)} is no kind of proxy")
    if not host or re.search(r"[\s\x00-\x1f\x7f]", url):
        return Proxy("", place, variable, "it names no host")
    if scheme.startswith("socks") and scheme not in _USABLE_SOCKS:
        return Proxy("", place, variable, f"{scheme} is not supported; socks5 is")
    return Proxy(url, place, variable)
