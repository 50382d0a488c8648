"""Failures of the connection itself, as ChatErrors. Knows exceptions by their kind, never quotes their text.

The text of such exceptions may hold headers, and so the access token, or internal addresses; only the operating
system's own words for an error number are passed on.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from collections.abc import Iterator

import httpx2

from metis_tui.chat.errors import ChatError, Unreachable
from metis_tui.chat.printable import printable_line
from metis_tui.gateway.origin import GatewayAddress
from metis_tui.gateway.route import Route

_MODULES = ("httpx2", "httpcore2", "anyio", "h11", "h2", "openai")
_PROXY_HINT = "Check HTTPS_PROXY, ALL_PROXY and NO_PROXY (metis-tui doctor shows the route)."
_TLS_HINT = "If the network inspects TLS, set SSL_CERT_FILE to its certificates; check this machine's clock, too."


def is_transport_error(error: BaseException) -> bool:
    """Whether an exception came from the connection; some pass the HTTP library unmapped."""
    return isinstance(error, (httpx2.HTTPError, httpx2.StreamError, OSError)) or (
        isinstance(error, Exception) and type(error).__module__.partition(".")[0] in _MODULES
    )


def transport_failure(error: BaseException, address: GatewayAddress, route: Route | None = None) -> ChatError:
    """What broke: name, refusal, TLS, proxy, time-out or the connection; and whether at the proxy or behind it."""
    chain = list(_chain(error))
    proxy = route.proxy if route is not None else None
    host, port = address.origin[1:]
    gateway = f"{host}:{port}"
    place = f"the proxy {proxy.place}" if proxy is not None else gateway
    hint = _PROXY_HINT if proxy is not None else None
    if refusal := _first(chain, httpx2.ProxyError):
        return _proxy_refusal(str(refusal), proxy.place if proxy is not None else "", gateway)
    if _first(chain, httpx2.ConnectTimeout):
        reason = f"{place} did not take the connection, or not its TLS handshake, in time."
        return Unreachable(_sentence(reason), hint=hint)
    if _first(chain, httpx2.PoolTimeout):
        return Unreachable("Too many connections are open at once.", hint="Wait for other replies to end.")
    if _first(chain, (httpx2.ReadTimeout, httpx2.WriteTimeout)):
        return Unreachable("Nothing came for too long.", title="The gateway went silent")
    if _first(chain, socket.gaierror):
        name = proxy.place.rpartition(":")[0] if proxy is not None else host
        return Unreachable(f"The name {name} is not known here{' (it is the proxy)' if proxy else ''}.", hint=hint)
    if trouble := _first(chain, ssl.SSLError):
        by = f" by {place}" if proxy is not None else ""
        return Unreachable(f"No secure connection to {gateway}{by}: {_tls_words(trouble)}.", hint=_TLS_HINT)
    if _first(chain, ConnectionRefusedError):
        return Unreachable(_sentence(f"{place} refused the connection."), hint=hint)
    if numbered := _first(chain, OSError):
        words = _os_words(numbered)
        if words:
            return Unreachable(f"The connection to {place} failed: {words}.", hint=hint)
    if _first(chain, httpx2.RemoteProtocolError):
        return Unreachable(_sentence(f"{place} broke off the connection."), hint=hint)
    return Unreachable(f"The connection to {place} failed.", hint=hint)


def setup_failure(error: Exception, route: Route | None = None) -> ChatError:
    """What is wrong with the environment when not even a client can be made."""
    proxy = route.proxy if route is not None else None
    variable = proxy.variable if proxy is not None else "ALL_PROXY"
    if isinstance(error, ImportError):
        return Unreachable(
            f"A SOCKS proxy is set ({variable}), which needs the package socksio.",
            hint=f"pip install socksio, or set HTTPS_PROXY to an http proxy, or unset {variable}; then start again.",
            can_retry=False,
        )
    if isinstance(error, OSError):
        return certificates_failure("", error)
    why = f" ({variable}: {proxy.trouble})" if proxy is not None and proxy.trouble else ""
    return Unreachable(f"A proxy setting is not an address of a proxy{why}.", hint=_PROXY_HINT, can_retry=False)


def certificates_failure(path: str, error: Exception | None = None) -> ChatError:
    """The certificates that are to be trusted cannot be read."""
    number = getattr(error, "errno", None)
    if isinstance(error, ssl.SSLError):
        why = ": it holds no certificates"
    else:
        why = f": {os.strerror(number).lower()}" if isinstance(number, int) and number in errno.errorcode else ""
    shown = f" {printable_line(path, 120)}" if path else ""
    return Unreachable(
        f"The trusted certificates (SSL_CERT_FILE or SSL_CERT_DIR) cannot be read{shown and ' from'}{shown}{why}.",
        hint="Set SSL_CERT_FILE to a file of certificates in PEM format, or unset it; then start again.",
        can_retry=False,
    )


def _proxy_refusal(message: str, proxy: str, gateway: str) -> ChatError:
    name = f"The proxy {proxy}" if proxy else "The proxy"
    found = re.match(r"\s*(\d{3})\b", message)
    status = int(found[1]) if found else 0
    if status == 407:
        return Unreachable(
            f"{name} wants a name and a password (407).",
            hint="Set HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT, then start again.",
            title="The proxy refused",
            can_retry=False,
        )
    if status in (401, 403, 405):
        return Unreachable(
            f"{name} refused to connect to {gateway} ({status}).",
            hint="Ask whoever runs the proxy to allow the address, or set NO_PROXY if the direct way is open.",
            title="The proxy refused",
            can_retry=False,
        )
    if status in (502, 503, 504):
        return Unreachable(f"{name} cannot reach {gateway} ({status}).", hint=_PROXY_HINT)
    told = f" ({status})" if status else ""
    return Unreachable(f"{name} refused to pass the connection on{told}.", hint=_PROXY_HINT)


def _sentence(text: str) -> str:
    return f"T{text[1:]}" if text.startswith("the proxy") else text


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__]
        grouped = getattr(current, "exceptions", ())
        waiting += [inner for inner in grouped if isinstance(inner, BaseException)]


def _first(
    chain: list[BaseException], kind: type[BaseException] | tuple[type[BaseException], ...]
) -> BaseException | None:
    return next((error for error in chain if isinstance(error, kind)), None)


def _tls_words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({getattr(error, 'verify_message', '') or 'verification failed'})"
    if "WRONG_VERSION_NUMBER" in str(error):
        return "it does not speak TLS"
    return "the TLS handshake failed"


def _os_words(error: BaseException) -> str:
    number = getattr(error, "errno", None)
    if not isinstance(number, int) or number not in errno.errorcode:
        return ""
    return os.strerror(number).lower()
