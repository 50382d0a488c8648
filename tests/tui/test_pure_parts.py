"""Slash commands, keys, pastes, earlier prompts, model rows and choices. Tables, no widgets."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual._xterm_parser import XTermParser
from textual.events import Key

from metis_tui.chat.catalog import Catalog, ClusterStatus, ModelState, ServedModel
from metis_tui.chat.ports import Measurement
from metis_tui.config.paths import built_in_themes
from metis_tui.config.theme_files import read_theme
from metis_tui.tui.actions import ACTIONS, BY_LEADER, BY_SLASH, UNSENDABLE_KEYS, checked_keymap, shown_key
from metis_tui.tui.clipboard import Clipboard, osc52
from metis_tui.tui.model_choice import missing_model_words, next_recent, wanted_model
from metis_tui.tui.model_rows import count_words, rows
from metis_tui.tui.paste import CHIP_BYTES, LARGEST_PASTE, Pastes, PasteTooLarge
from metis_tui.tui.paste_splitter import PASTE_END, PASTE_START, PasteSplitter
from metis_tui.tui.prompt_history import PromptHistory
from metis_tui.tui.slash import NoSuchCommand, parse_slash
from metis_tui.tui.terminal_keys import plain_key_name, teach_alt_enter
from metis_tui.tui.themes import as_textual_theme, default_theme


@pytest.mark.parametrize(
    "text", ["hello", "/home/me/x is broken, why?", " /model", "/etc", "what /model", "/a b c", "1/2"]
)
def test_prompts_that_are_no_commands(text: str) -> None:
    if text == "/etc":
        with pytest.raises(NoSuchCommand):
            parse_slash(text)
    else:
        assert parse_slash(text) is None


def test_slash_commands_with_and_without_argument() -> None:
    command = parse_slash("/model gpt oss ")
    assert command is not None
    assert (command[0].name, command[1]) == ("choose_model", "gpt oss")
    assert parse_slash("/new") == (BY_SLASH["new"], "")


def test_every_action_is_reachable_and_no_key_is_bound_twice() -> None:
    for action in ACTIONS:
        assert action.keys or action.slash or action.leader, action.name
        assert not UNSENDABLE_KEYS & set(action.keys.split(",")), action.name
    assert len(BY_SLASH) == sum(bool(a.slash) for a in ACTIONS)
    assert len(BY_LEADER) == sum(bool(a.leader) for a in ACTIONS)
    assert checked_keymap({}) == ({}, [])


def test_keymap_reports_what_cannot_work() -> None:
    keymap, problems = checked_keymap({"help": "f12", "nonsense": "x", "stop": "ctrl+i", "rename": "f12"})
    assert keymap == {"help": "f12", "rename": "f12"}
    assert ["nonsense" in p for p in problems] == [True, False, False]
    assert "do not send ctrl+i" in problems[1]
    assert "bound to both" in problems[2]


def test_keys_are_shown_as_people_write_them() -> None:
    assert [shown_key(k) for k in ("ctrl+o", "f2", "pageup", "j", "G", "escape")] == [
        "Ctrl+O", "F2", "PgUp", "j", "G", "Esc",
    ]  # fmt: skip


def test_small_pastes_go_in_safely_and_large_ones_become_chips() -> None:
    pastes = Pastes()
    assert pastes.take("a\r\nb\x1b[31m") == "a\nb\u241b[31m"
    large = "x" * (CHIP_BYTES + 1)
    chip = pastes.take(large)
    assert chip == "⟦paste 1 · 20 KB, 1 line⟧"
    assert pastes.expand(f"look: {chip} ok") == f"look: {large} ok"
    assert pastes.take("y\n" * 500).startswith("⟦paste 2")
    assert pastes.expand("⟦paste 9 · made up⟧") == "⟦paste 9 · made up⟧"
    with pytest.raises(PasteTooLarge):
        pastes.take("z" * (LARGEST_PASTE + 1))


def test_earlier_prompts_keep_the_draft() -> None:
    earlier = PromptHistory()
    earlier.fill(["one", "two", "two"])
    assert earlier.older("draft") == "two"
    assert earlier.older("two") == "one"
    assert earlier.older("one") is None
    assert earlier.newer() == "two"
    assert earlier.newer() == "draft"
    assert earlier.newer() is None


def model(name: str, cluster: str = "metis", state: ModelState = ModelState.LIVE, **more: object) -> ServedModel:
    return ServedModel(name, cluster, "api", f"/{cluster}/chat", state, **more)  # type: ignore[arg-type]


CATALOG = Catalog(
    (
        model("alpha", context_window=131072),
        model("beta", "sophia"),
        model("gamma", state=ModelState.STARTING, state_since=0.0),
        model("delta", state=ModelState.OFFLINE),
        model("evil\x1b]0;x\x07name", "sophia"),
    ),
    {"minerva": ClusterStatus("minerva", is_up=False, notice="back on\x1b[31m Tuesday")},
    as_of=0.0,
)


@pytest.mark.parametrize("width", [20, 40, 74, 100, 160])
def test_model_rows_fit_and_are_safe(width: int) -> None:
    measured = {"alpha@metis": Measurement(0.31, 642, 0)}
    found = rows(CATALOG, measured, wanted="", state=None, width=width, now=30)
    assert all(cell_len(row.text) <= max(width, 36) for row in found)
    assert not any("\x1b" in row.text or "\x07" in row.text for row in found)
    assert [row.model.name for row in found if row.model][:3] == ["alpha", "gamma", "delta"]
    if width >= 74:
        assert any("642 tok/s" in row.text and "131k" in row.text for row in found)
        assert any("maintenance: back on" in row.text for row in found)


def test_model_rows_by_search_and_state() -> None:
    found = rows(CATALOG, {}, wanted="soph bet", state=None, width=80, now=0)
    assert [row.model.name for row in found if row.model] == ["beta"]
    found = rows(CATALOG, {}, wanted="", state=ModelState.STARTING, width=80, now=0)
    assert [row.model.name for row in found if row.model] == ["gamma"]
    assert count_words(CATALOG) == "3 live · 1 starting · 1 offline"


def test_a_wished_model_is_never_silently_replaced() -> None:
    assert wanted_model(CATALOG, ("gone@metis", "beta"), is_strict=True) is None
    chosen = wanted_model(CATALOG, ("gone@metis", "beta"), is_strict=False)
    assert chosen is not None
    assert chosen.key == "beta@sophia"
    reason, way_out = missing_model_words(CATALOG, "gone@metis")
    assert "gone@metis" in reason
    assert "alpha@metis" in way_out


def test_next_recent_goes_round_the_live_models() -> None:
    measured = {"beta@sophia": Measurement(None, None, 5), "delta@metis": Measurement(None, None, 9)}
    first = next_recent(CATALOG, measured, "beta@sophia")
    assert first is not None
    assert first.key == "alpha@metis"
    assert next_recent(Catalog((model("alpha"),)), {}, "alpha@metis") is None


async def test_clipboard_says_where_the_text_went(tmp_path: Path) -> None:
    written: list[str] = []
    clipboard = Clipboard(written.append, tmp_path / "state", {"TERM": "xterm"})
    said = await clipboard.copy("hello")
    assert base64.b64decode(written[0].removeprefix("\x1b]52;c;").removesuffix("\a")) == b"hello"
    assert "may not take it" in said
    kept = tmp_path / "state" / "last-copy.txt"
    assert kept.read_text() == "hello"
    assert os.stat(kept).st_mode & 0o777 == 0o600
    assert "Too large" in await clipboard.copy("x" * 100_000)
    assert len(written) == 1


def test_osc52_in_screen_comes_in_small_pieces() -> None:
    pieces = osc52("x" * 1000, in_screen=True).split("\x1bP")[1:]
    assert all(len(piece) <= 202 for piece in pieces)


def test_the_default_theme_in_code_is_the_one_in_its_file() -> None:
    assert default_theme() == as_textual_theme(read_theme(built_in_themes() / "metis-dark.toml"))


@pytest.mark.parametrize(
    ("sequence", "key"), [("\x1b\r", "alt+enter"), ("\x1b[27;2;13~", "shift+enter"), ("\x1b[27;5;13~", "ctrl+enter")]
)
def test_enter_with_a_modifier_is_a_key_of_its_own(sequence: str, key: str) -> None:
    """ESC CR arrived as Enter, so Alt+Enter sent the prompt instead of making a new line."""
    assert teach_alt_enter()
    keys = [plain_key_name(event.key) for event in XTermParser().feed(sequence) if isinstance(event, Key)]
    assert keys == [key]


def test_pastes_are_split_from_keys_wherever_the_pieces_end() -> None:
    """Control characters inside a paste were taken for keys: a pasted BEL opened the editor."""
    stream = f"ab{PASTE_START}x\x1b]0;t\x07\x1b[A\r{PASTE_END}c\x1b[A{PASTE_START}{PASTE_END}d"
    wanted = [("ab", False), ("x\x1b]0;t\x07\x1b[A\r", True), ("c\x1b[A", False), ("", True), ("d", False)]
    assert PasteSplitter().feed(stream) == wanted
    for cut in range(len(stream)):
        splitter = PasteSplitter()
        pieces = splitter.feed(stream[:cut]) + splitter.feed(stream[cut:]) + splitter.release()
        assert "".join(piece.text for piece in pieces if piece.is_paste) in (wanted[1][0], "")
        if not stream[:cut].endswith("\x1b"):  # a lone Esc is passed on at once: it is a key too often
            assert "".join(p.text for p in pieces if not p.is_paste) == "abc\x1b[Ad"


def test_a_held_beginning_of_a_marker_is_released() -> None:
    splitter = PasteSplitter()
    assert splitter.feed("\x1b") == [("\x1b", False)]
    assert splitter.feed("\x1b[2") == []
    assert splitter.release() == [("\x1b[2", False)]
