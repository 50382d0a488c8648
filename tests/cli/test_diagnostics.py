"""What is told on standard error when something fails."""

from __future__ import annotations

import re

import pytest

from metis_tui.chat.errors import ChatError, IdentityDiffers, SignInNeeded, TokenInactive
from metis_tui.cli import diagnostics


def kinds_of_failure(kind: type[ChatError] = ChatError) -> list[type[ChatError]]:
    return [kind, *(sub for child in kind.__subclasses__() for sub in kinds_of_failure(child))]


@pytest.mark.parametrize("kind", kinds_of_failure(), ids=lambda kind: kind.__name__)
def test_a_hint_names_no_key_of_the_application(kind: type[ChatError], capsys: pytest.CaptureFixture[str]) -> None:
    error = kind("why", stored_id="1", new_id="2") if issubclass(kind, IdentityDiffers) else kind("why")
    code = diagnostics.fail(error)
    told = capsys.readouterr().err
    assert not re.search(r"F\d|Ctrl\+", told)
    if error.needs_sign_in or issubclass(kind, (TokenInactive, IdentityDiffers)):
        assert code == 3
        assert "metis-tui auth login" in told


def test_a_failures_own_hint_is_put_in_terms_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    diagnostics.fail(TokenInactive("why", hint=SignInNeeded.hint))
    diagnostics.fail(TokenInactive("why", hint="Unset it and sign in (F8)."))
    told = capsys.readouterr().err
    assert "hint: Run metis-tui auth login to sign in with Globus.\n" in told
    assert "hint: Unset it and sign in (metis-tui auth login).\n" in told
