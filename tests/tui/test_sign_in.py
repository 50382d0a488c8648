"""Signing in inside the application, at the demo's own Globus, with real sockets and real files behind it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from app_session import Session, StartSession, globus_sources
from textual import events

from metis_tui.auth.sources import TokenSources
from metis_tui.demo.server import DemoGateway
from metis_tui.tui.screens.bare_address import BareAddress
from metis_tui.tui.screens.sign_in import SignInScreen
from metis_tui.tui.screens.status_details import StatusDetails
from metis_tui.tui.sign_in_flow import Step
from metis_tui.tui.turn_view import Phase
from metis_tui.tui.widgets.code_input import CodeInput


@pytest.fixture
def demo() -> Iterator[DemoGateway]:
    with DemoGateway(scenario="sign-in", throttle=None, speed=20.0, seed=1) as gateway:
        yield gateway


@pytest.fixture
def sources(home: Path, demo: DemoGateway) -> TokenSources:
    return globus_sources(home, demo)


def code_from(address: str, who: str = "alice") -> str:
    """What the page shows to whoever signs in there as `who`."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}&login_hint={who}")
        location = connection.getresponse().getheader("location") or ""
    finally:
        connection.close()
    return parse_qs(urlsplit(location).query)["code"][0]


class Signing:
    """The sign-in screen of a session, and what a user does on it."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def screen(self) -> SignInScreen:
        return next(screen for screen in self.session.app.screen_stack if isinstance(screen, SignInScreen))

    @property
    def is_open(self) -> bool:
        return any(isinstance(screen, SignInScreen) for screen in self.session.app.screen_stack)

    async def ready(self) -> None:
        await self.session.until(lambda: self.is_open and self.screen.flow.step is Step.READY, "an address")
        await self.session.until(lambda: isinstance(self.screen.focused, CodeInput), "the field has the keys")

    async def paste(self, text: str) -> None:
        self.session.app.post_message(events.Paste(text))
        await self.session.until(lambda: self.screen.query_one(CodeInput).value == "".join(text.split()), "pasted")

    async def give_code(self, who: str = "alice") -> None:
        """In pieces and with blanks, as it comes out of some terminals."""
        code = await asyncio.to_thread(code_from, self.screen.address, who)
        await self.paste(f"\n  {code[:9]}\n{code[9:]} \n")
        await self.session.pilot.press("enter")

    async def reach(self, step: Step) -> None:
        await self.session.until(lambda: self.screen.flow.step is step, f"the step {step.value}")

    async def close(self, key: str = "enter") -> None:
        await self.session.pilot.press(key)
        await self.session.until(lambda: not self.is_open, "the screen is closed")


@asynccontextmanager
async def signed_in(start: StartSession, sources: TokenSources, demo: DemoGateway, **options: Any) -> Any:
    sources.adopt(demo.oauth.issue())
    async with start(sources=sources, model="gpt-oss-120b", **options) as session:
        await session.ready()
        yield session, Signing(session)


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_the_first_start_leads_to_a_sign_in_and_the_first_prompt_is_sent_after_it(
    start: StartSession, sources: TokenSources, home: Path, size: tuple[int, int]
) -> None:
    async with start(size=size, sources=sources, model="gpt-oss-120b") as session:
        signing = Signing(session)
        await signing.ready()
        await session.until_shown("Paste the code")
        await session.pilot.press("escape")
        await session.until(lambda: not signing.is_open)
        await session.type("What is 2+2?")
        await session.pilot.press("enter")
        await signing.ready()
        await session.until_shown("Your prompt is")
        assert "Enter" in session.screen_text()
        await signing.give_code()
        await session.until(lambda: signing.screen.flow.identity is not None, "the gateway has told who it is")
        await session.until_shown("Alice Tester")
        if size == (80, 24):
            for text in ("alice@anl.gov", "47h59m left", "6d left", "~/tokens.json", "on its way again"):
                assert text in session.screen_text(), text
        await session.until(lambda: session.replies and not session.chat.pane.is_running, "the reply is there")
        assert "4" in session.replies[0].text
        await signing.close()
        assert len(session.chat.pane.conversation.messages) == 2
        await session.until_shown("access 47h59m")
        assert not session.chat.notices.notices
    secrets = json.dumps(json.loads((home / "tokens.json").read_text()))
    assert "refresh_token" in secrets


async def test_a_turn_waits_for_the_sign_in_and_goes_out_again(
    start: StartSession, sources: TokenSources, demo: DemoGateway
) -> None:
    async with signed_in(start, sources, demo) as (session, signing):
        demo.oauth.lapse_sign_ins()
        await session.type("What is 2+2?")
        await session.pilot.press("enter", *"half a draft".replace(" ", "_"))
        await signing.ready()
        assert session.chat.pane.turn.phase is Phase.SIGNING_IN
        await session.until_shown("sign-in due")
        first = session.last_sent
        await signing.give_code()
        await signing.reach(Step.DONE)
        await session.until(lambda: not session.chat.pane.is_running, "the turn is over")
        assert session.last_sent == first
        assert [m.role for m in session.chat.pane.conversation.path()] == ["user", "assistant"]
        assert session.replies[0].stop == "stop"
        await session.until(lambda: not signing.is_open, "it closes by itself")
        assert session.chat.prompt.text == "half_a_draft"


async def test_cancelling_ends_the_turn_with_its_failure_and_keeps_the_draft(
    start: StartSession, sources: TokenSources, demo: DemoGateway
) -> None:
    async with signed_in(start, sources, demo) as (session, signing):
        demo.oauth.lapse_sign_ins()
        await session.type("What is 2+2?")
        await session.pilot.press("enter")
        await signing.ready()
        assert "waiting for you to sign in" in session.chat.pane.turn.words(1e9)
        await signing.close("escape")
        await session.until(lambda: not session.chat.pane.is_running, "the turn is over")
        assert session.replies[0].failure.kind == "sign_in_lapsed"
        await session.until_shown("F8")
        await session.pilot.press("f8")
        await signing.ready()


async def test_globus_hangs_and_esc_still_cancels(
    start: StartSession, sources: TokenSources, demo: DemoGateway
) -> None:
    async with start(sources=sources) as session:
        signing = Signing(session)
        await signing.ready()
        code = await asyncio.to_thread(code_from, signing.screen.address)
        demo.oauth.set_down("hang")
        await signing.paste(code)
        await session.pilot.press("enter")
        await session.until_shown("Asking Globus")
        await session.pilot.press("ctrl+y")
        await signing.close("escape")
        assert (session.app.launch.state_folder / "last-copy.txt").read_text().startswith(demo.auth_url)


async def test_a_wrong_code_is_told_and_the_next_paste_takes_its_place(
    start: StartSession, sources: TokenSources
) -> None:
    async with start(size=(80, 24), sources=sources) as session:
        signing = Signing(session)
        await signing.ready()
        await signing.paste("nonsense")
        await session.pilot.press("enter")
        await session.until_shown("mistyped")
        await signing.ready()
        await signing.give_code()
        await signing.reach(Step.DONE)


async def test_another_identity_is_explained_and_replaced_only_when_told(
    start: StartSession, sources: TokenSources, demo: DemoGateway
) -> None:
    async with signed_in(start, sources, demo) as (session, signing):
        before = (await sources.access_token()).value
        for key in ("escape", "r"):
            await session.pilot.press("f8")
            await signing.ready()
            await signing.give_code("bob")
            await signing.reach(Step.OTHER_IDENTITY)
            await session.until_shown("replace the stored identity")
            if key == "escape":
                await signing.close("escape")
                assert (await sources.access_token()).value == before
        await session.pilot.press("r")
        await session.until_shown("Bob Builder")
        assert (await sources.access_token()).value != before


async def test_an_identity_provider_that_is_not_taken_is_told_at_once(
    start: StartSession, sources: TokenSources
) -> None:
    async with start(size=(80, 24), sources=sources) as session:
        signing = Signing(session)
        await signing.ready()
        await signing.give_code("mal")
        await session.until_shown("wrong identity provider")
        await session.until_shown("app.globus.org/logout")
        await session.pilot.press("n")
        await signing.ready()


async def test_a_variable_wins_over_a_sign_in_and_the_screen_says_so(start: StartSession, demo: DemoGateway) -> None:
    fixed = TokenSources(environ={"METIS_TUI_TOKEN": "policy-token"}, auth_url=demo.auth_url)
    async with start(sources=fixed) as session:
        await session.until(lambda: session.chat.catalog_trouble is not None, "it is refused")
        signing = Signing(session)
        assert not signing.is_open
        await session.pilot.press("f8")
        await signing.ready()
        await session.until_shown("METIS_TUI_TOKEN is in use and wins over a sign-in")


async def test_globus_out_of_reach_is_no_reason_to_sign_in(
    start: StartSession, sources: TokenSources, demo: DemoGateway
) -> None:
    sources.adopt(demo.oauth.issue(access_token_seconds=-5))
    demo.oauth.set_down(503)
    async with start(sources=sources) as session:
        await session.until_shown("access expired")
        await session.until(lambda: "access" in session.chat.notices.notices, "why it is not renewed")
        assert not Signing(session).is_open


async def test_details_tell_who_it_is_and_both_clocks(
    start: StartSession, sources: TokenSources, demo: DemoGateway
) -> None:
    async with signed_in(start, sources, demo) as (session, _):
        await session.pilot.press("f4")
        await session.until(lambda: isinstance(session.app.screen, StatusDetails))
        await session.until_shown("Alice Tester (alice@anl.gov), Argonne National Laboratory")
        for text in (
            "by itself before it expires",
            "7 days after the sign-in, as set",
            "~/tokens.json",
            "action_all",
        ):
            assert text in session.screen_text(), text


async def test_no_access_token_is_ever_on_screen(
    start: StartSession, sources: TokenSources, demo: DemoGateway, home: Path
) -> None:
    async with start(sources=sources) as session:
        signing = Signing(session)
        await signing.ready()
        await signing.give_code()
        await session.until_shown("Alice Tester")
        shown = session.screen_text()
        await signing.close()
        await session.pilot.press("f4")
        await session.until_shown("Alice Tester")
        shown += session.screen_text()
    documents = json.loads((home / "tokens.json").read_text())["data"]["DEFAULT"].values()
    secrets = [document[kind] for document in documents for kind in ("access_token", "refresh_token")]
    assert len(secrets) == 4
    others = "".join(
        p.read_text(errors="replace") for p in home.rglob("*") if p.is_file() and p.name != "tokens.json"
    )
    for secret in secrets:
        assert secret[:12] not in shown + others


async def test_the_address_alone_fills_the_rows_from_edge_to_edge(start: StartSession, sources: TokenSources) -> None:
    async with start(size=(80, 24), sources=sources) as session:
        signing = Signing(session)
        await signing.ready()
        await session.pilot.press("tab", "w")
        await session.until(lambda: isinstance(session.app.screen, BareAddress))
        address = signing.screen.address
        await session.until(lambda: session.screen_text().replace("\n", "").startswith(address), "the whole address")
        await session.pilot.press("escape")
        await session.until(lambda: session.app.screen is signing.screen)


async def test_a_code_that_is_typed_presses_no_keys(start: StartSession, sources: TokenSources) -> None:
    """Terminals without bracketed paste send a paste as keys: c, o, q and w are letters then."""
    async with start(sources=sources) as session:
        signing = Signing(session)
        await signing.ready()
        await session.pilot.press(*"cowqrn")
        assert signing.screen.query_one(CodeInput).value == "cowqrn"
        assert session.app.screen is signing.screen
