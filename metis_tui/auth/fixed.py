"""An access token that was handed over as it is: by a variable or by the demo gateway. Never renewed."""

from __future__ import annotations

import os
from collections.abc import Mapping

from metis_tui.chat.ports import AccessToken

VARIABLES = ("METIS_TUI_TOKEN", "ALCF_AI_TOKEN")
"""The first that is set and not blank wins."""


class FixedToken:
    """Satisfies Authenticator with one token; when it expires is not known."""

    def __init__(self, value: str, source: str = "given") -> None:
        self._token = AccessToken(value.strip(), expires_at=None, source=source)

    async def access_token(self) -> AccessToken:
        return self._token


def token_from_environment(environ: Mapping[str, str] | None = None) -> AccessToken | None:
    """The token of METIS_TUI_TOKEN, else of ALCF_AI_TOKEN, stripped; None when both are unset or blank."""
    variables = os.environ if environ is None else environ
    for name in VARIABLES:
        value = variables.get(name, "").strip()
        if value:
            return AccessToken(value, expires_at=None, source=name)
    return None
