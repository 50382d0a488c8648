"""The base address and the token rule."""

from __future__ import annotations

import pytest

from metis_tui.chat.errors import NotAGateway, SignInNeeded
from metis_tui.gateway.origin import checked_token, is_path, parse_base_url


@pytest.mark.parametrize(
    ("text", "base_url", "origin", "is_loopback"),
    [
        (
            "https://inference-api.alcf.anl.gov/resource_server/",
            "https://inference-api.alcf.anl.gov/resource_server",
            ("https", "inference-api.alcf.anl.gov", 443),
            False,
        ),
        (
            " HTTPS://Host.example:8443/a/b// ",
            "https://host.example:8443/a/b",
            ("https", "host.example", 8443),
            False,
        ),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", ("http", "127.0.0.1", 8000), True),
        ("http://localhost:1/x", "http://localhost:1/x", ("http", "localhost", 1), True),
        ("http://[::1]:9/x", "http://[::1]:9/x", ("http", "::1", 9), True),
        ("https://127.0.0.1/", "https://127.0.0.1", ("https", "127.0.0.1", 443), True),
    ],
)
def test_addresses_are_normalised(text: str, base_url: str, origin: tuple[str, str, int], is_loopback: bool) -> None:
    address = parse_base_url(text)
    assert (address.base_url, address.origin, address.is_loopback) == (base_url, origin, is_loopback)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "inference-api.alcf.anl.gov",
        "ftp://host/x",
        "http://host.example/x",
        "http://127.0.0.1.evil.example/",
        "http://10.0.0.1/",
        "https://user:word@host/x",
        "https://host/x?y=1",
        "https://host/x#y",
        "https://host:port/",
        "https:///x",
        "https://ho st/x",
        "https://host/x\nHost: evil",
        "https://host/\x1b[31m",
        "https://host\\@evil.example/",
    ],
)
def test_other_addresses_are_refused_in_plain_words(text: str) -> None:
    with pytest.raises(NotAGateway) as caught:
        parse_base_url(text)
    assert caught.value.title == "The gateway's address is not valid"
    assert not caught.value.can_retry
    assert str(caught.value).isprintable()


def test_routes_are_below_the_base_address() -> None:
    address = parse_base_url("https://host:8443/resource_server/")
    assert address.root == "https://host:8443"
    assert address.route("list-endpoints") == "/resource_server/list-endpoints"
    assert address.route("a/b ?c", "jobs") == "/resource_server/a%2Fb%20%3Fc/jobs"
    assert parse_base_url("https://host").route("health") == "/health"


@pytest.mark.parametrize("path", ["/resource_server/metis", "/a-b_c/v1.2/%20x"])
def test_paths_on_the_origin_are_taken(path: str) -> None:
    assert is_path(path)


@pytest.mark.parametrize(
    "path",
    [None, 3, "", "metis", "//evil.example/x", "https://evil.example", "/a b", "/a?b", "/a#b", "/a/../b", "/%2e%2E/b",
     "/a\n", "/\\evil", "/é"],
)  # fmt: skip
def test_paths_that_could_lead_elsewhere_are_not(path: object) -> None:
    assert not is_path(path)


@pytest.mark.parametrize("value", ["", "  ", "a b", "secret\nX-Evil: 1", "secret\x00", "sécret", "a\u2028b"])
def test_a_token_that_cannot_stand_in_a_header_is_named_without_being_shown(value: str) -> None:
    with pytest.raises(SignInNeeded) as caught:
        checked_token(value)
    assert "secret" not in f"{caught.value} {caught.value!r}"


def test_white_space_around_a_token_is_dropped() -> None:
    assert checked_token(" token\r\n") == "token"
