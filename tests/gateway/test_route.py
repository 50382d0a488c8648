"""The way to the gateway, as the environment prescribes it."""

from __future__ import annotations

import pytest

from metis_tui.gateway.origin import parse_base_url
from metis_tui.gateway.route import decide_route, is_ignored_by_requests, matches, pattern_trouble

ADDRESS = parse_base_url("https://inference-api.alcf.anl.gov/resource_server")
PROXY = {"HTTPS_PROXY": "http://proxy.example:3128"}


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "direct: no proxy is set"),
        (PROXY, "by the proxy proxy.example:3128 (HTTPS_PROXY)"),
        ({"HTTPS_PROXY": "proxy.example"}, "by the proxy proxy.example:80 (HTTPS_PROXY)"),
        ({**PROXY, "https_proxy": "http://other:1"}, "by the proxy other:1 (https_proxy)"),
        ({"HTTP_PROXY": "http://proxy.example:3128"}, "direct: no proxy is set"),
        ({"ALL_PROXY": "http://proxy.example:3128"}, "by the proxy proxy.example:3128 (ALL_PROXY)"),
        ({"HTTPS_PROXY": "http://me:secret@[::1]:8"}, "by the proxy [::1]:8 (HTTPS_PROXY)"),
        ({**PROXY, "NO_PROXY": "*.alcf.anl.gov"}, "direct: NO_PROXY names it (*.alcf.anl.gov)"),
        ({**PROXY, "NO_PROXY": "localhost .anl.gov"}, "direct: NO_PROXY names it (.anl.gov)"),
        ({**PROXY, "NO_PROXY": "cf.anl.gov,10.0.0.0/8"}, "by the proxy proxy.example:3128 (HTTPS_PROXY)"),
    ],
)
def test_the_way_in_words(environ: dict[str, str], words: str) -> None:
    route = decide_route(ADDRESS, environ)
    assert route.in_words() == words
    assert "secret" not in repr(route)


def test_this_machine_is_reached_directly() -> None:
    assert decide_route(parse_base_url("http://127.0.0.1:8/x"), PROXY).in_words() == "direct: it is on this machine"


@pytest.mark.parametrize("value", ["gopher://host:1", "http://", "http://host:port", "socks4://host"])
def test_what_is_no_proxy_is_never_used(value: str) -> None:
    proxy = decide_route(ADDRESS, {"HTTPS_PROXY": value}).proxy
    assert proxy is not None
    assert proxy.trouble
    assert proxy.url == ""


@pytest.mark.parametrize(
    ("pattern", "host", "does_match"),
    [
        ("*", "a.example", True),
        ("*.example", "a.example", True),
        ("*.example", "example", True),
        (".example", "a.b.example", True),
        ("example", "a.example", True),
        ("EXAMPLE.", "a.example", True),
        ("ample", "a.example", False),
        ("a.example:443", "a.example", True),
        ("a.example:80", "a.example", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.30", False),
        ("[::1]:443", "::1", True),
        ("::1", "::1", True),
        ("10.0.0.0/8", "10.1.2.3", False),
        ("*.", "a.example", False),
        (".", "a.example", False),
    ],
)
def test_patterns(pattern: str, host: str, does_match: bool) -> None:
    assert matches(pattern, host, 443) is does_match


@pytest.mark.parametrize("pattern", ["10.0.0.0/8", "https://host", "inference*.gov", "*.*.gov", "ho_st!", "a.*"])
def test_patterns_that_do_nothing_are_told(pattern: str) -> None:
    assert pattern_trouble(pattern)


@pytest.mark.parametrize("pattern", ["*", "*.anl.gov", ".anl.gov", "host:80", "10.0.0.1", "::1", "localhost"])
def test_patterns_that_do_something_are_not(pattern: str) -> None:
    assert not pattern_trouble(pattern)
    assert is_ignored_by_requests(pattern) is (pattern == "*.anl.gov")
