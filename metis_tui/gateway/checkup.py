"""Tries every way to the gateway at once, for `doctor`: direct and by the proxy, TLS, NO_PROXY and the clock.

Sends no access token. Knows nothing of how findings are shown.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime

import httpx2

from metis_tui.chat.background import in_background
from metis_tui.chat.checkup import Finding, NetworkFindings, Verdict
from metis_tui.chat.errors import ChatError, Unreachable
from metis_tui.chat.printable import printable_line
from metis_tui.gateway.connection import trusted_certificates
from metis_tui.gateway.failures import Answer, failure_of, not_json_failure
from metis_tui.gateway.origin import GatewayAddress, parse_base_url
from metis_tui.gateway.route import Proxy, Route, is_ignored_by_requests, pattern_trouble
from metis_tui.gateway.transport_failures import is_transport_error, setup_failure, transport_failure
from metis_tui.gateway.wire import parse_json

_NAME_SECONDS = 4.0
_WAY_SECONDS = 7.0
_SKEW_WARN_SECONDS = 30.0
_SKEW_FAIL_SECONDS = 300.0
_MOST_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Tried:
    """How one way went."""

    failure: ChatError | None = None
    seconds: float = 0.0
    tls: str = ""
    skew_seconds: float | None = None
    """How far the server's clock is ahead of this machine's."""


async def examine(
    base_url: str,
    route: Route,
    *,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], float] = time.time,
) -> NetworkFindings:
    """Everything about the way to the gateway, within about eight seconds."""
    variables = os.environ if environ is None else environ
    address = parse_base_url(base_url)
    proxy = route.proxy or route.avoided
    direct = replace(route, proxy=None, reason="as a test")
    ways: dict[str, Route] = {"direct": direct}
    if proxy is not None:
        ways["by the proxy"] = replace(route, proxy=proxy)
    tried = dict(zip(ways, await asyncio.gather(*(_try(address, way, clock) for way in ways.values())), strict=True))
    used = "direct" if route.proxy is None else "by the proxy"
    findings = [Finding("route", "ok", route.in_words())]
    findings += [_way(name, tried, used, address, proxy) for name in ways]
    findings += [*_tls(address, route, tried[used], variables), *_no_proxy(route), *_clock(tried, used)]
    return NetworkFindings(tuple(findings), tried[used].failure is None)


async def _try(address: GatewayAddress, route: Route, clock: Callable[[], float]) -> Tried:
    try:
        await _resolve(address, route)
        return await asyncio.wait_for(_ask(address, route, clock), _WAY_SECONDS)
    except asyncio.TimeoutError:
        return Tried(Unreachable(f"No answer within {_WAY_SECONDS:.0f} s."))
    except ChatError as failure:
        return Tried(failure)
    except Exception as error:
        if not is_transport_error(error):
            raise
        return Tried(transport_failure(error, address, route))


async def _resolve(address: GatewayAddress, route: Route) -> None:
    """Asks for the name first, in a thread that nobody has to wait for: a dead name server takes half a minute."""
    host = address.origin[1] if route.proxy is None else route.proxy.place.rpartition(":")[0].strip("[]")
    try:
        await asyncio.wait_for(in_background(lambda: socket.getaddrinfo(host, None), "doctor-name"), _NAME_SECONDS)
    except asyncio.TimeoutError:
        raise Unreachable(f"The name server does not answer when asked for {host}.") from None
    except (OSError, UnicodeError):
        whose = " (it is the proxy)" if route.proxy is not None else ""
        raise Unreachable(f"The name {host} is not known here{whose}.") from None


async def _ask(address: GatewayAddress, route: Route, clock: Callable[[], float]) -> Tried:
    proxy = route.proxy
    if proxy is not None and proxy.trouble:
        raise setup_failure(ValueError(), route)
    context = trusted_certificates(route)
    try:
        client = httpx2.AsyncClient(
            trust_env=False,
            proxy=httpx2.Proxy(proxy.url) if proxy is not None else None,
            verify=context if context is not None else True,
            timeout=_WAY_SECONDS,
            follow_redirects=False,
        )
    except (ImportError, ValueError, httpx2.InvalidURL) as error:
        raise setup_failure(error, route) from None
    started, asked_at = time.monotonic(), clock()
    async with client, client.stream("GET", address.root + address.route("health")) as response:
        headers_seconds = time.monotonic() - started
        tls = _tls_version(response)
        content = await _read_some(response)
    answer = Answer(response.status_code, content)
    failure = failure_of(answer) if response.status_code != 200 else None
    if failure is None and not isinstance(parse_json(content), dict):
        failure = not_json_failure(answer)
    # the Date of a page that something else sent is no evidence of this machine's clock being wrong
    skew = None if failure else _skew(response.headers.get("date", ""), asked_at + headers_seconds)
    return Tried(failure, time.monotonic() - started, tls, skew)


async def _read_some(response: httpx2.Response) -> bytes:
    content = b""
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > _MOST_BYTES:
            break
    return content


def _tls_version(response: httpx2.Response) -> str:
    stream = response.extensions.get("network_stream")
    secure = stream.get_extra_info("ssl_object") if stream is not None else None
    return str(secure.version() or "") if secure is not None else ""


def _skew(date: str, now: float) -> float | None:
    try:
        # the header has whole seconds, cut off
        return parsedate_to_datetime(date).timestamp() + 0.5 - now
    except (TypeError, ValueError, OverflowError):
        return None


def _way(name: str, tried: dict[str, Tried], used: str, address: GatewayAddress, proxy: Proxy | None) -> Finding:
    title, found = f"gateway {name}", tried[name]
    if found.failure is None:
        return Finding(title, "ok", f"answers in {found.seconds * 1000:.0f} ms")
    if name != used:
        return Finding(title, "ok", f"not open, and not used: {found.failure.reason}")
    fix = found.failure.hint
    others = [other for other, result in tried.items() if other != used and result.failure is None]
    if others == ["direct"]:
        fix = f"The direct way works: set NO_PROXY={address.origin[1]}, or repair {proxy.variable if proxy else ''}."
    elif others:
        fix = "The way by the proxy works: take the pattern out of NO_PROXY that names the gateway."
    return Finding(title, "fail", found.failure.reason, fix)


def _tls(address: GatewayAddress, route: Route, found: Tried, variables: Mapping[str, str]) -> list[Finding]:
    if address.origin[0] != "https":
        return [Finding("TLS", "ok", "none: it is on this machine")]
    source = next((printable_line(path, 120) for path in route.certificates if path), "the system's certificates")
    findings = []
    if found.tls:
        findings.append(Finding("TLS", "ok", f"{found.tls.replace('TLSv', 'TLS ')}, trusts {source}"))
    ours, theirs = variables.get("SSL_CERT_FILE", ""), variables.get("REQUESTS_CA_BUNDLE", "")
    if theirs and not ours:
        text = "REQUESTS_CA_BUNDLE is set and counts for Globus only, not for the gateway"
        findings.append(Finding("certificates", "warn", text, "Set SSL_CERT_FILE to the same file."))
    elif ours and not theirs:
        text = "SSL_CERT_FILE is set and counts for the gateway only, not for signing in with Globus"
        findings.append(Finding("certificates", "warn", text, "Set REQUESTS_CA_BUNDLE to the same file."))
    return findings


def _no_proxy(route: Route) -> list[Finding]:
    findings = []
    for pattern in route.no_proxy:
        shown = printable_line(pattern, 80)
        trouble = pattern_trouble(pattern)
        if trouble:
            text = f"the pattern {shown} does nothing: {trouble}"
            findings.append(Finding("NO_PROXY", "warn", text, "Correct it or take it out."))
        elif is_ignored_by_requests(pattern):
            text = f"the pattern {shown} counts here, but not for Globus and other programs that use requests"
            findings.append(Finding("NO_PROXY", "warn", text, f"Write {shown.removeprefix('*')} instead."))
    return findings


def _clock(tried: dict[str, Tried], used: str) -> list[Finding]:
    order = [tried[used], *tried.values()]
    skew = next((found.skew_seconds for found in order if found.skew_seconds is not None), None)
    if skew is None:
        return [Finding("clock", "ok", "not compared: no answer of the gateway tells the time")]
    verdict: Verdict = "ok"
    if abs(skew) > _SKEW_WARN_SECONDS:
        verdict = "fail" if abs(skew) > _SKEW_FAIL_SECONDS else "warn"
    if verdict == "ok":
        return [Finding("clock", "ok", f"within {max(1, round(abs(skew)))} s of the gateway's")]
    word = "behind" if skew > 0 else "ahead of"
    return [
        Finding(
            "clock",
            verdict,
            f"this machine's clock is {abs(skew):.0f} s {word} the gateway's",
            "Set the clock (timedatectl set-ntp true): certificates and access tokens depend on it.",
        )
    ]
