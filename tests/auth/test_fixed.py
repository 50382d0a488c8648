"""Tokens from variables."""

from __future__ import annotations

import pytest

from metis_tui.auth.fixed import FixedToken, token_from_environment


@pytest.mark.parametrize(
    ("environ", "value", "source"),
    [
        ({"METIS_TUI_TOKEN": " first\n", "ALCF_AI_TOKEN": "other"}, "first", "METIS_TUI_TOKEN"),
        ({"METIS_TUI_TOKEN": "  ", "ALCF_AI_TOKEN": "other"}, "other", "ALCF_AI_TOKEN"),
        ({"ALCF_AI_TOKEN": "other"}, "other", "ALCF_AI_TOKEN"),
    ],
)
def test_the_first_variable_that_says_something_wins(environ: dict[str, str], value: str, source: str) -> None:
    token = token_from_environment(environ)
    assert token is not None
    assert (token.value, token.source, token.expires_at) == (value, source, None)
    assert value not in repr(token)


def test_no_variable_is_no_token() -> None:
    assert token_from_environment({"METIS_TUI_TOKEN": ""}) is None
    assert token_from_environment() is None


async def test_a_given_token_is_given_again() -> None:
    token = await FixedToken(" a\n", "demo gateway").access_token()
    assert (token.value, token.expires_at, token.source) == ("a", None, "demo gateway")
