"""Pure words: durations, counts, turn states, status line. Tables, no widgets."""

from __future__ import annotations

import time

import pytest
from rich.cells import cell_len

from metis_tui.chat.catalog import ModelState
from metis_tui.chat.conversation import ChatMessage, Usage
from metis_tui.tui import format as fmt
from metis_tui.tui.status_line import SEPARATOR, StatusFacts, fit, parts
from metis_tui.tui.turn_view import Phase, TurnView

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s"), (0, "0 s"), (59.9, "59 s"), (60, "1m"), (3599, "59m"), (3600, "1h00m"), (148_320, "41h12m"),
     (71 * 3600, "71h00m"), (6 * 86400, "6d")],
)  # fmt: skip
def test_durations(seconds: float, words: str) -> None:
    assert fmt.short_duration(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(None, "–"), (0, "0"), (999, "999"), (1000, "1k"), (3210, "3.2k"), (65536, "65k"), (131072, "131k"),
     (1_048_576, "1M"), (2_500_000, "2.5M")],
)  # fmt: skip
def test_token_counts(count: int | None, words: str) -> None:
    assert fmt.token_count(count) == words


@pytest.mark.parametrize(
    ("ago", "words"), [(0, "just now"), (12, "12 s ago"), (200, "3 min ago"), (7300, "2 h ago"), (200_000, "2 d ago")]
)
def test_ages(ago: float, words: str) -> None:
    assert fmt.age(NOW - ago, NOW) == words


def test_rates_and_latencies() -> None:
    assert (fmt.rate(None), fmt.rate(8.44), fmt.rate(642.4)) == ("–", "8.4 tok/s", "642 tok/s")
    assert (fmt.latency(None), fmt.latency(0.314), fmt.latency(12.6)) == ("–", "0.31 s", "13 s")
    assert (fmt.byte_count(12), fmt.byte_count(20480), fmt.byte_count(1572864)) == ("12 B", "20 KB", "1.5 MB")


def test_when_is_shorter_for_today() -> None:
    assert fmt.when(NOW, NOW) == time.strftime("%H:%M", time.localtime(NOW))
    assert fmt.when(NOW - 400 * 86400, NOW).startswith("20")


def facts(**changes: object) -> StatusFacts:
    usual: dict[str, object] = {
        "model_name": "gpt-oss-120b",
        "model_state": ModelState.LIVE,
        "cluster": "metis",
        "state_as_of": NOW - 5,
        "has_access": True,
        "access_expires_at": NOW + 148_320,
        "sign_in_deadline": NOW + 6 * 86400 + 5,
        "turn": "642 tok/s",
        "context_used": 3200,
        "context_window": 131072,
    }
    return StatusFacts(**(usual | changes))  # type: ignore[arg-type]


def line(known: StatusFacts, width: int) -> str:
    return SEPARATOR.join(part.text for part in fit(parts(known, NOW), width))


def test_status_line_in_full() -> None:
    assert line(facts(), 120) == (
        "● live metis │ access 41h12m │ sign-in 6d │ 642 tok/s │ context ~3.2k/131k │ saved │ F1 help"
    )


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 100, 200])
def test_status_line_fits(width: int) -> None:
    assert cell_len(line(facts(), width)) + 2 <= max(width, 14)


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"access_expires_at": NOW + 600}, "access 10m"),
        ({"access_expires_at": NOW - 1}, "access expired"),
        ({"access_expires_at": NOW - 1, "is_access_renewed": True}, "access expired"),
        ({"has_access": False}, "not signed in"),
        ({"sign_in_deadline": NOW + 1800}, "sign-in 30m left"),
        ({"sign_in_deadline": NOW - 5}, "sign-in due"),
        ({"sign_in_trouble": "wrong identity"}, "wrong identity"),
        ({"model_state": ModelState.OFFLINE}, "○ offline"),
        ({"is_maintenance": True}, "✕ maintenance"),
        ({"turn": "stalled 12 s", "is_stalled": True, "is_running": True}, "stalled 12 s"),
        ({"save_trouble": "the disk is full"}, "NOT SAVED"),
    ],
)
def test_urgent_parts_are_never_dropped(changes: dict[str, object], kept: str) -> None:
    assert kept in line(facts(**changes), 20)


@pytest.mark.parametrize(
    ("changes", "words", "tone"),
    [
        ({"sign_in_deadline": NOW + 6 * 86400}, "sign-in 6d", "normal"),
        ({"sign_in_deadline": NOW + 6 * 86400, "is_deadline_estimate": True}, "sign-in ~6d", "normal"),
        ({"sign_in_deadline": NOW + 5 * 3600}, "sign-in 5h00m left", "warning"),
        ({"sign_in_deadline": NOW + 59}, "sign-in 59 s left · F8", "bad"),
        ({"sign_in_deadline": NOW}, "sign-in due · F8", "bad"),
        ({"sign_in_deadline": None, "signed_in_at": NOW - 8 * 86400}, "sign-in 8d old", "muted"),
        ({"access_expires_at": NOW + 47 * 3600}, "access 47h00m", "normal"),
        ({"access_expires_at": NOW + 5 * 3600}, "access 5h00m left", "warning"),
        ({"access_expires_at": NOW + 600}, "access 10m left · F8", "bad"),
        ({"access_expires_at": NOW + 600, "is_access_renewed": True}, "access 10m", "normal"),
        ({"access_expires_at": None}, "access expiry unknown", "muted"),
        ({"has_access": False, "is_access_expired": True}, "access expired", "bad"),
    ],
)
def test_the_two_clocks_warn_in_words_and_tone(changes: dict[str, object], words: str, tone: str) -> None:
    assert (words, tone) in [(part.text, part.tone) for part in parts(facts(**changes), NOW)]


def test_status_line_tells_old_knowledge_and_missing_things() -> None:
    assert "3 min ago" in line(facts(state_as_of=NOW - 200), 120)
    assert "no model" in line(facts(model_state=None), 120)
    assert "expiry unknown" in line(facts(access_expires_at=None), 200)
    assert "not kept" in line(facts(is_saving_off=True), 120)
    assert "saving" in line(facts(is_saved=False), 120)
    assert "context 3.2k" in line(facts(is_context_estimated=False), 120)


def test_turn_words_follow_the_turn() -> None:
    turn = TurnView()
    assert turn.words(0) == ""
    turn.start(10)
    assert turn.words(10.1) == "saving"
    assert turn.words(13) == "storage slow 3 s"
    turn.sent(20)
    assert turn.words(23.4) == "waiting 3 s"
    turn.delta(Phase.REASONING, 4, 24)
    assert turn.words(24) == "reasoning"
    for step in range(21):
        turn.delta(Phase.STREAMING, 400, 25 + step / 10)
    assert turn.words(27) == "streaming ~1,000 tok/s"
    assert not turn.is_stalled(30)
    assert turn.words(40) == "stalled 13 s"
    assert turn.is_stalled(40)


def test_a_turn_that_waits_for_a_sign_in_says_so_and_never_stalls() -> None:
    turn = TurnView()
    turn.start(0)
    turn.sent(1)
    turn.wait_for_sign_in()
    assert turn.words(900) == "waiting for you to sign in"
    assert turn.is_running
    assert not turn.is_stalled(900)
    turn.sent(901)
    assert turn.words(903) == "waiting 2 s"


def test_turn_learns_characters_per_token_from_usage() -> None:
    turn = TurnView()
    reply = ChatMessage("a", None, "assistant", "x" * 300, 0, usage=Usage(5, 100, 105), stop="stop")
    turn.start(0)
    turn.end(reply, "stopped")
    assert 3 < turn.characters_per_token < 4
    for _ in range(20):
        turn.learn(Usage(5, 1000, 1005), 3000)
    assert turn.characters_per_token == pytest.approx(3, abs=0.01)
    turn.start(1, "other@metis")
    assert turn.characters_per_token == 4
    turn.end(reply, "stopped")
    assert turn.words(1) == "stopped"


@pytest.mark.parametrize("jump", [-400 * 86_400.0, -3600.0, -1.0, 0.0, 3600.0, 400 * 86_400.0])
def test_the_status_bar_stands_a_clock_that_jumps(jump: float) -> None:
    facts = StatusFacts(
        model_state=ModelState.STARTING,
        cluster="metis",
        state_as_of=NOW,
        has_access=True,
        access_expires_at=NOW + 172_800,
        sign_in_deadline=NOW + 7 * 86_400,
    )
    text = " ".join(part.text for part in parts(facts, NOW + jump))
    assert "-" not in text.replace("sign-in", "")
    assert "access" in text
    assert "sign-in" in text
