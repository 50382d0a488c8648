"""The gateway's address and the rule that the access token goes nowhere else. Pure; knows nothing of HTTP clients."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from metis_tui.chat.errors import NotAGateway, SignInNeeded
from metis_tui.chat.printable import printable_line

_ADDRESS_TITLE = "The gateway's address is not valid"
_ADDRESS_HINT = "Set base_url to an address such as https://host/resource_server (metis-tui config show)."
_SAFE_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
_PORTS = {"https": 443, "http": 80}

Origin = tuple[str, str, int]
"""Scheme, host in lower case and port."""


@dataclass(frozen=True, slots=True)
class GatewayAddress:
    """A checked base address: https, or plain http to this machine only."""

    base_url: str
    """Without a trailing slash."""
    origin: Origin
    is_loopback: bool

    @property
    def root(self) -> str:
        """Scheme, host and port as an address, without a path."""
        scheme, rest = self.base_url.split("://", 1)
        return f"{scheme}://{rest.split('/', 1)[0]}"

    @property
    def base_path(self) -> str:
        """The path of the base address, without a trailing slash; may be empty."""
        return self.base_url[len(self.root) :]

    def route(self, *parts: str) -> str:
        """The path on the origin of a route below the base address; each part is quoted."""
        return "/".join((self.base_path, *(quote(part, safe="") for part in parts)))


def parse_base_url(text: str) -> GatewayAddress:
    """Checks and normalises a base address.

    Raises:
        NotAGateway: not an http(s) address, plain http to another machine, or one with a name, query or fragment.
    """
    shown = printable_line(text, 120)
    try:
        parts = urlsplit(text.strip())
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise _bad_address(f"{shown!r} is not an address.") from error
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not host:
        raise _bad_address(f"{shown!r} is not an https address.")
    if parts.username is not None or parts.password is not None:
        raise _bad_address("An address with a name or password inside is not used.")
    if parts.query or parts.fragment:
        raise _bad_address(f"{shown!r} has a query or fragment, which a base address cannot have.")
    path = parts.path.rstrip("/")
    if re.search(r"[\s\x00-\x1f\x7f\\]", text.strip()) or (path and not _SAFE_PATH.fullmatch(path)):
        raise _bad_address(f"{shown!r} has characters that an address cannot have.")
    is_loopback = _is_loopback(host)
    if scheme == "http" and not is_loopback:
        raise _bad_address("An access token is sent over https only; plain http is for this machine's own addresses.")
    netloc = f"[{host}]" if ":" in host else host
    if port is not None:
        netloc += f":{port}"
    return GatewayAddress(f"{scheme}://{netloc}{path}", (scheme, host, port or _PORTS[scheme]), is_loopback)


def is_path(text: object) -> bool:
    """Whether a path that the gateway named may be joined to the origin: it can lead to no other host or folder."""
    return (
        isinstance(text, str)
        and not text.startswith("//")
        and _SAFE_PATH.fullmatch(text) is not None
        and not any(part in (".", "..") for part in text.replace("%2e", ".").replace("%2E", ".").split("/"))
    )


def checked_token(value: str) -> str:
    """The access token, stripped, when it can stand in a header.

    Raises:
        SignInNeeded: it is empty, or has spaces, line breaks or characters outside ASCII inside. The text of the
            error never holds any part of it.
    """
    token = value.strip()
    if not token:
        raise SignInNeeded("The access token is empty.")
    if any(character.isspace() for character in token):
        raise SignInNeeded("The access token has a line break or a space inside; it must be one word.")
    if not (token.isascii() and token.isprintable()):
        raise SignInNeeded("The access token has characters that a token cannot have.")
    return token


def _bad_address(reason: str) -> NotAGateway:
    return NotAGateway(reason, title=_ADDRESS_TITLE, hint=_ADDRESS_HINT, can_retry=False)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
