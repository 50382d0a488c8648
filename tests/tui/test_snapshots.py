"""What the screens look like, compared with pictures that a person has looked at.

Nothing here depends on today: the time, the catalog and the conversations are given, and nobody streams.
After a wanted change: python -m pytest tests/tui/test_snapshots.py --snapshot-update, and look at the difference.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from metis_tui.chat.catalog import Catalog, ClusterStatus, ModelState, ServedModel
from metis_tui.chat.conversation import ChatMessage, Conversation, FailureNote, Timing, Usage
from metis_tui.chat.engine import ChatEngine
from metis_tui.chat.errors import SignInLapsed, Unreachable
from metis_tui.chat.ports import AccessToken, Measurement
from metis_tui.chat.sign_in import Identity, SignedIn, SignInDeadline, SignInFacts
from metis_tui.chat.turn import ChatRequest, GatewayEvent
from metis_tui.config.choices import ChoicesFile
from metis_tui.config.paths import built_in_themes
from metis_tui.config.settings import Settings
from metis_tui.exchange.file_exchange import FileExchange
from metis_tui.exchange.matrix_reports import MatrixReportFiles
from metis_tui.store.drafts import DraftFile
from metis_tui.store.matrix_folder import MatrixFiles
from metis_tui.store.memory import MemoryStore
from metis_tui.store.memory_search import MemorySearch
from metis_tui.tui.app import MetisApp
from metis_tui.tui.screens.chat import ChatScreen
from metis_tui.tui.screens.history import History
from metis_tui.tui.screens.note import NoteDialog
from metis_tui.tui.screens.review import Review
from metis_tui.tui.screens.sign_in import SignInScreen
from metis_tui.tui.services import Launch, Services, Start
from metis_tui.tui.widgets.notice_bar import Notice
from metis_tui.tui.widgets.status_bar import StatusBar

NOW = 1_770_041_000.0  # Monday 2 February 2026, 14:03:20 in UTC
SIZES = [(80, 24), (120, 36)]
HOUR, DAY = 3600, 86400

CATALOG = Catalog(
    (
        ServedModel("gpt-oss-120b", "metis", "api", "", ModelState.LIVE, context_window=131_072),
        ServedModel(
            "Llama-4-Maverick-17B-128E-Instruct", "metis", "api", "", ModelState.LIVE, context_window=131_072
        ),
        ServedModel("gemma-4-31B-it", "metis", "api", "", ModelState.STARTING, "", NOW - 190, 65_536),
        ServedModel("DeepSeek-R1", "metis", "api", "", ModelState.OFFLINE, "", NOW - 2 * DAY, 16_384),
        ServedModel("openai/gpt-oss-120b", "sophia", "vllm", "", ModelState.LIVE, context_window=65_536),
        ServedModel("argonne/AuroraGPT-IT-v4-0125", "sophia", "vllm", "", ModelState.QUEUED, "", NOW - 900, 8192),
        ServedModel("nemotron-3-ultra", "minerva", "vllm", "", ModelState.UNKNOWN),
    ),
    {
        "metis": ClusterStatus("metis", True),
        "sophia": ClusterStatus("sophia", True),
        "minerva": ClusterStatus("minerva", False, "Minerva returns on Tuesday 08:00"),
    },
    NOW - 12,
)
MEASURED = {
    "gpt-oss-120b@metis": Measurement(0.31, 642.0, NOW - HOUR),
    "Llama-4-Maverick-17B-128E-Instruct@metis": Measurement(0.52, 388.4, NOW - DAY),
    "openai/gpt-oss-120b@sophia": Measurement(0.94, 61.3, NOW - 40 * DAY),
}

PROMPT = "Which collectives scale to 2048 ranks, and how do I time one?"
REPLY = """\
Three matter here. **Reductions** grow with the *logarithm* of the rank count, `MPI_Alltoall` with the count itself.

| Collective | Messages per rank | 64 ranks | 2048 ranks |
|---|:-:|--:|--:|
| `MPI_Bcast` | log₂ p | 14 µs | 31 µs |
| `MPI_Allreduce` | 2 log₂ p | 29 µs | 66 µs |
| `MPI_Alltoall` | p − 1 | 210 µs | 7.9 ms |

1. Warm up: the first call opens connections.
2. Put a barrier before the clock, not after:
   - with `MPI_Wtime` on every rank
   - and the *slowest* rank counts

```python
from mpi4py import MPI

comm = MPI.COMM_WORLD
comm.Barrier()
start = MPI.Wtime()
comm.Allreduce(sent, received, op=MPI.SUM)  # in place saves a copy
print(comm.reduce(MPI.Wtime() - start, op=MPI.MAX))
```

> The time of one call is noise; report the median of a hundred.
"""


def at(seconds_ago: float) -> int:
    return int((NOW - seconds_ago) * 1000)


def prompt(identifier: str, text: str, seconds_ago: float, parent: str | None = None) -> ChatMessage:
    return ChatMessage(identifier, parent, "user", text, at(seconds_ago))


def reply(identifier: str, text: str, parent: str, seconds_ago: float, **more: Any) -> ChatMessage:
    facts: dict[str, Any] = {
        "model": "gpt-oss-120b",
        "cluster": "metis",
        "usage": Usage(31, 402, 433),
        "timing": Timing(0.94, first_text_seconds=0.31),
        "stop": "stop",
        **more,
    }
    return ChatMessage(identifier, parent, "assistant", text, at(seconds_ago), **facts)


def conversation(number: int, title: str, *messages: ChatMessage, **more: Any) -> Conversation:
    made = Conversation(
        id=f"01KG00000000000000000000{number:02}", title=title, created_ms=at(DAY), model="gpt-oss-120b@metis", **more
    )
    for message in messages:
        made.add(message)
    return made


TALK = conversation(
    1,
    "MPI collectives at scale",
    prompt("p1", PROMPT, 300),
    reply("r1", REPLY, "p1", 298, reasoning="The user wants numbers. Latency-bound, so log p."),
)
FAILED = conversation(
    2,
    "Why is my stencil slow?",
    prompt("p2", "Why is my stencil slow?", 200),
    reply(
        "r2",
        "The usual reason is memory bandwidth: each point is read seven times and",
        "p2",
        199,
        usage=None,
        timing=Timing(2.2, first_text_seconds=0.4),
        stop="error",
        failure=FailureNote("The connection broke", "The reply ended in the middle.", "reply_incomplete"),
    ),
)
OTHERS = [
    conversation(3, "Mesh refinement near the shock", prompt("p3", "Refine where?", DAY), is_pinned=True),
    conversation(
        4,
        "Étude des réseaux cristallins 格子 with a title that is longer than any list",
        prompt("p4", "Oui", 3 * DAY),
    ),
    conversation(5, "Globus transfer of 40 TB", prompt("p5", "How long does it take?", 60 * DAY)),
    conversation(6, "Thrown away", prompt("p6", "Nothing", 70 * DAY), is_trashed=True),
]


class QuietGateway:
    """A ModelGateway that knows its catalog already and is never asked for a reply."""

    catalog = CATALOG

    async def refresh_catalog(self, *, force: bool = False) -> AsyncIterator[Catalog]:
        yield CATALOG

    def stream(self, request: ChatRequest) -> AsyncIterator[GatewayEvent]:
        raise NotImplementedError

    async def warm_up(self) -> None: ...

    async def close(self) -> None: ...


class OneAddress:
    """A PendingSignIn as long as Globus' own; its code is never given."""

    url = (
        "https://auth.globus.org/v2/oauth2/authorize?client_id=7f3e61f5-e0de-4e8f-9150-0a62c65dda63&redirect_uri="
        "https%3A%2F%2Fauth.globus.org%2Fv2%2Fweb%2Fauth-code&scope=openid+https%3A%2F%2Fauth.globus.org%2Fscopes%2F"
        "681c10cc-f684-4540-bcd7-0b4df3bc26ef%2Faction_all&state=_default&response_type=code&access_type=offline"
        f"&code_challenge={'cH4' * 14}c&code_challenge_method=S256&prompt=login"
        "&session_required_policies=83732ff2-9c42-4548-b5ce-17e498c84f6a"
    )

    async def finish(self, code: str, *, replace_identity: bool = False) -> SignedIn:
        raise NotImplementedError


class FewWords:
    """An Authenticator, a SignInService and a MeasurementLog that answer the same every day."""

    async def access_token(self) -> AccessToken:
        return AccessToken("a-token", NOW + 41 * HOUR + 12 * 60, "a test")

    async def facts(self) -> SignInFacts:
        return SignInFacts(
            token=await self.access_token(),
            is_renewable=True,
            deadline=SignInDeadline(NOW + 6 * DAY + HOUR, NOW - DAY, 7, "setting"),
        )

    async def keep_fresh(self) -> float:
        return 60.0

    async def begin(self) -> OneAddress:
        return OneAddress()

    async def whoami(self) -> Identity:
        raise Unreachable("No connection.")

    def load(self) -> dict[str, Measurement]:
        return dict(MEASURED)

    def record(self, model_key: str, measurement: Measurement) -> None: ...


class PicturedApp(MetisApp):
    """The application; its pictures name no other host: no fonts are loaded for them."""

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        picture = super().export_screenshot(title=title, simplify=simplify)
        return re.sub(r"\s*(?:<!-- Generated with .*? -->|@font-face \{.*?\})", "", picture, flags=re.S)


Before = Callable[[Pilot[int], ChatScreen], Awaitable[None]]
Looks = Callable[..., bool]


@pytest.fixture
def looks(
    snap_compare: Callable[..., bool], home: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> Looks:
    """Starts the application with everything given, does what `before` says, and compares the screen."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(time, "time", lambda: NOW)

    def connect() -> Services:
        store, facts = MemoryStore(), FewWords()
        for known in (TALK, FAILED, *OTHERS):
            store._keep(known)
        return Services(
            engine=ChatEngine(QuietGateway(), store),
            gateway=QuietGateway(),
            store=store,
            search=MemorySearch(store),
            authenticator=facts,
            sign_in=facts,
            whoami=facts.whoami,
            measurements=facts,
            drafts=DraftFile(home / "state"),
            exchange=FileExchange(),
            reports=MatrixReportFiles(),
            matrix_folder=MatrixFiles,
            base_url="https://gateway.example.org/resource_server/",
        )

    def compare(before: Before | None = None, theme: str = "", **start: Any) -> bool:
        app = PicturedApp(
            Launch(
                settings=Settings(),
                choices=ChoicesFile(home / "state"),
                state_folder=home / "state",
                theme=theme,
                connect=connect,
                theme_folders=[built_in_themes()],
                start=Start(**{"model": "gpt-oss-120b@metis", **start}),
            )
        )
        app.animation_level = "none"

        async def prepare(pilot: Pilot[int]) -> None:
            chat = app.screen
            assert isinstance(chat, ChatScreen)
            chat.query_one(StatusBar)._now = lambda: NOW
            await until(pilot, lambda: chat.is_connected and chat.model is not None)
            wanted = start.get("conversation_id")
            await until(pilot, lambda: wanted is None or chat.pane.conversation.id == wanted)
            await until(pilot, lambda: not any(worker.group == "open" for worker in app.workers if worker.is_running))
            if before is not None:
                await before(pilot, chat)
            await settled(pilot)

        return snap_compare(app, terminal_size=size, run_before=prepare)

    return compare


async def until(pilot: Pilot[int], claim: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not claim():
        assert time.monotonic() < end, "never came true"
        await pilot.pause(0.01)


async def settled(pilot: Pilot[int]) -> None:
    """Heights of messages off screen are worked out while nothing else happens; then the scrollbar stands still."""
    transcripts = [t for screen in pilot.app.screen_stack for t in screen.query("Transcript")]
    await pilot.pause(0.4)
    await until(pilot, lambda: all(t._refining is None for t in transcripts))  # type: ignore[attr-defined]
    await asyncio.sleep(0.05)
    await pilot.pause()


def pressing(*keys: str) -> Before:
    async def press(pilot: Pilot[int], chat: ChatScreen) -> None:
        for key in keys:
            await pilot.press(key)
            await pilot.pause()

    return press


at_both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x36"])
pytestmark = at_both_sizes


def test_first_screen(looks: Looks) -> None:
    assert looks()


def test_conversation(looks: Looks) -> None:
    assert looks(conversation_id=TALK.id)


def test_conversation_from_its_start(looks: Looks) -> None:
    assert looks(pressing("escape", "g"), conversation_id=TALK.id)


def test_light_theme(looks: Looks) -> None:
    assert looks(conversation_id=TALK.id, theme="metis-light")


def test_model_picker(looks: Looks) -> None:
    assert looks(pressing("f2"))


def history(*keys: str) -> Before:
    async def open_history(pilot: Pilot[int], chat: ChatScreen) -> None:
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(pilot.app.screen, History) and pilot.app.screen.is_loaded.is_set())
        screen = pilot.app.screen
        assert isinstance(screen, History)
        await pilot.press(*keys)
        await until(pilot, screen.settled.is_set)
        await pilot.pause(0.3)

    return open_history


def test_history(looks: Looks) -> None:
    assert looks(history("space"), conversation_id=TALK.id)


def test_history_searched(looks: Looks) -> None:
    assert looks(history("slash", *"rank", "enter", "j"), conversation_id=TALK.id)


def test_find(looks: Looks) -> None:
    assert looks(pressing("ctrl+f", "r", "a", "n", "k"), conversation_id=TALK.id)


def test_review(looks: Looks) -> None:
    async def read_and_mark(pilot: Pilot[int], chat: ChatScreen) -> None:
        await pressing("escape", "v")(pilot, chat)
        await until(pilot, lambda: isinstance(pilot.app.screen, Review) and pilot.app.screen.focused is not None)
        await pressing("g", "b", "a")(pilot, chat)
        await until(pilot, lambda: isinstance(pilot.app.screen, NoteDialog))
        await pressing("T", "r", "y", "ctrl+j", "i", "t", "enter", "greater_than_sign")(pilot, chat)
        await until(pilot, lambda: isinstance(pilot.app.screen, Review))

    assert looks(read_and_mark, conversation_id=TALK.id)


def test_help(looks: Looks) -> None:
    assert looks(pressing("f1"))


def test_settings(looks: Looks) -> None:
    assert looks(pressing("f7"), conversation_id=TALK.id)


def test_leader(looks: Looks) -> None:
    assert looks(pressing("ctrl+x"), conversation_id=TALK.id)


def test_sign_in_for_a_turn(looks: Looks) -> None:
    async def refused(pilot: Pilot[int], chat: ChatScreen) -> None:
        lapsed = SignInLapsed("Your session is older than the site allows.")
        chat.run_worker(chat.sign_in_for_turn(lapsed), group="turn", exit_on_error=False)
        await until(pilot, lambda: isinstance(pilot.app.screen, SignInScreen) and pilot.app.screen.focused)
        await until(pilot, lambda: pilot.app.screen.address and pilot.app.screen._qr[1])

    assert looks(refused, conversation_id=TALK.id)


def test_failed_reply_and_notice(looks: Looks) -> None:
    async def trouble(pilot: Pilot[int], chat: ChatScreen) -> None:
        chat.notices.post_notice(
            "saving", Notice("Not saved", "The disk is full.", "Free space or check your quota.")
        )

    assert looks(trouble, conversation_id=FAILED.id)
