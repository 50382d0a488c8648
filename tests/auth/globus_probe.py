"""Signs in at the demo gateway's own Globus as a browser would. Knows nothing of what is tested."""

from __future__ import annotations

import re
import time
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from metis_tui.auth.credential_file import StoredToken, read_token_file
from metis_tui.auth.sources import TokenSources
from metis_tui.chat.sign_in import SignedIn
from metis_tui.demo.server import DemoGateway


def code_from(url: str, who: str = "") -> str:
    """Opens the authorize page and reads the code from the page that it leads to."""
    if who:
        url += f"&login_hint={who}"
    with build_opener(ProxyHandler({})).open(url, timeout=10) as page:
        found = re.search(r"code=([^&\s]+)", page.url)
    assert found is not None
    return found[1]


async def sign_in(sources: TokenSources, **options: bool) -> SignedIn:
    pending = await sources.begin()
    return await pending.finish(code_from(pending.url), **options)


class Clock:
    """Unix seconds that a test moves."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


def sources_for(demo: DemoGateway, folder: Path, *, clock: Clock | None = None, days: float = 7.0) -> TokenSources:
    return TokenSources(
        environ={},
        files=(folder / "shared" / "tokens.json", folder / "older" / "tokens.json"),
        auth_url=demo.auth_url,
        state_folder=folder / "state",
        sign_in_days=days,
        clock=clock or Clock(),
    )


def stored(folder: Path) -> StoredToken:
    found = read_token_file(folder / "shared" / "tokens.json")
    assert isinstance(found, StoredToken)
    return found
