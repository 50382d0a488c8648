"""What is told on standard error when something fails."""

from __future__ import annotations

import re

import pytest

from metis_tui.auth.fixed import FixedToken
from metis_tui.chat.errors import ChatError, IdentityDiffers, SignInLapsed, SignInNeeded, TokenInactive
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


async def test_what_the_adapters_advise_names_no_key_of_the_application() -> None:
    given = FixedToken("x", "METIS_TUI_TOKEN")
    with pytest.raises(TokenInactive) as caught:
        await given.renew(await given.access_token())
    assert "METIS_TUI_TOKEN" in diagnostics.hint_of(caught.value)
    for failure in (caught.value, SignInNeeded("why"), TokenInactive("why"), SignInLapsed("why")):
        assert "F8" not in diagnostics.hint_of(failure)
    assert "metis-tui auth login" in diagnostics.hint_of(SignInNeeded("why"))
