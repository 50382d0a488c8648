"""Failures of the connection itself, as ChatErrors. Knows exceptions by their kind, never quotes their text.

The text of such exceptions may hold headers, and so the access token, or internal addresses; only the operating
system's own words for an error number are passed on.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator

import httpx2

from metis_tui.chat.errors import ChatError, Unreachable
from metis_tui.gateway.origin import GatewayAddress

_MODULES = ("httpx2", "httpcore2", "anyio", "h11", "h2", "openai")
_PROXY_HINT = "Check HTTPS_PROXY, ALL_PROXY and NO_PROXY (metis-tui doctor shows the route)."
_TLS_HINT = "If the network inspects TLS, set SSL_CERT_FILE to its certificates; check this machine's clock, too."


def is_transport_error(error: BaseException) -> bool:
    """Whether an exception came from the connection; some pass the HTTP library unmapped."""
    return isinstance(error, (httpx2.HTTPError, httpx2.StreamError, OSError)) or (
        isinstance(error, Exception) and type(error).__module__.partition(".")[0] in _MODULES
    )


def transport_failure(error: BaseException, address: GatewayAddress) -> ChatError:
    """What broke: name, refusal, TLS, proxy, time-out or the connection."""
    chain = list(_chain(error))
    host, port = address.origin[1:]
    place = f"{host}:{port}"
    if _first(chain, httpx2.ProxyError):
        return Unreachable("The proxy refused to pass the connection on.", hint=_PROXY_HINT)
    if _first(chain, httpx2.ConnectTimeout):
        return Unreachable(f"{place} did not take the connection, or not its TLS handshake, in time.")
    if _first(chain, httpx2.PoolTimeout):
        return Unreachable("Too many connections are open at once.", hint="Wait for other replies to end.")
    if _first(chain, (httpx2.ReadTimeout, httpx2.WriteTimeout)):
        return Unreachable("Nothing came for too long.", title="The gateway went silent")
    if _first(chain, socket.gaierror):
        return Unreachable(f"The name {host} is not known here.")
    if trouble := _first(chain, ssl.SSLError):
        return Unreachable(f"No secure connection to {place}: {_tls_words(trouble)}.", hint=_TLS_HINT)
    if _first(chain, ConnectionRefusedError):
        return Unreachable(f"{place} refused the connection.")
    if numbered := _first(chain, OSError):
        words = _os_words(numbered)
        if words:
            return Unreachable(f"The connection to {place} failed: {words}.")
    if _first(chain, httpx2.RemoteProtocolError):
        return Unreachable(f"{place} broke off the connection.")
    return Unreachable(f"The connection to {place} failed.")


def setup_failure(error: Exception) -> ChatError:
    """What is wrong with the environment when not even a client can be made."""
    if isinstance(error, ImportError):
        return Unreachable(
            "A SOCKS proxy is set (ALL_PROXY), which needs the package socksio.",
            hint="pip install socksio, or unset ALL_PROXY, then start again.",
            can_retry=False,
        )
    if isinstance(error, (OSError, ssl.SSLError)):
        return Unreachable(
            "The file of trusted certificates (ca_bundle or SSL_CERT_FILE) cannot be read.",
            hint=_TLS_HINT,
            can_retry=False,
        )
    return Unreachable("A proxy setting is not an address.", hint=_PROXY_HINT, can_retry=False)


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
