"""What the history screen is made of: order, filters, rows of text, changes, file names. No widget, no store."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from metis_tui.chat.conversation import ChatMessage, Conversation, ConversationSummary
from metis_tui.chat.exchange import suggested_name
from metis_tui.chat.search import SearchHit, SearchQuery, Term
from metis_tui.tui.exporting import ExportFailed, with_extension, write_new_file
from metis_tui.tui.history.changes import Step, Undo, changes_to, tags_after
from metis_tui.tui.history.listing import Row, Sort, branch_with
from metis_tui.tui.history.row_text import RowState, excerpt_pieces, marked_excerpt, title_pieces
from metis_tui.tui.history.shelf import Shelf
from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.screens.tag_dialog import completed

PALETTE = Palette()
NOW = 1_770_000_000.0


def summary(name: str, updated: int = 1000, **more: object) -> ConversationSummary:
    facts: dict[str, object] = {"title": name, "model": "gpt-oss-120b@metis", "message_count": 2, **more}
    return ConversationSummary(id=name, created_ms=updated - 100, updated_ms=updated, **facts)  # type: ignore[arg-type]


def hit(conversation: str, message: str, created: int, excerpt: str = "a word here") -> SearchHit:
    return SearchHit(conversation, message, "user", created, None, excerpt, ((2, 6),))


def ids(rows: list[Row]) -> list[str]:
    return [row.id for row in rows]


PLAIN = [
    summary("old", 1000),
    summary("pinned", 500, is_pinned=True),
    summary("new", 3000, tags=("MPI",)),
    summary("archived", 4000, is_archived=True),
    summary("trashed", 5000, is_trashed=True),
]


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        (SearchQuery(), ["pinned", "new", "old"]),
        (SearchQuery(places=("archived",)), ["archived"]),
        (SearchQuery(places=("trash",)), ["trashed"]),
        (SearchQuery(places=("pinned",)), ["pinned"]),
        (SearchQuery(tags=("mpi",)), ["new"]),
        (SearchQuery(models=("OSS",)), ["pinned", "new", "old"]),
        (SearchQuery(models=("gemma",)), []),
        (SearchQuery(after_ms=2000), ["new"]),
        (SearchQuery(before_ms=950), ["pinned", "old"]),
    ],
)
def test_the_plain_list_is_filtered(query: SearchQuery, listed: list[str]) -> None:
    assert ids(Shelf(PLAIN).plain(query, "newest")) == listed


def test_the_plain_list_is_sorted() -> None:
    some = [summary("b", 1, message_count=9), summary("A", 2), summary("c", 3)]
    shelf = Shelf(some)
    assert ids(shelf.plain(SearchQuery(), "oldest")) == ["b", "A", "c"]
    assert ids(shelf.plain(SearchQuery(), "title")) == ["A", "b", "c"]
    assert ids(shelf.plain(SearchQuery(), "messages")) == ["b", "c", "A"]


def test_hits_are_gathered_and_titles_count() -> None:
    shelf = Shelf([*PLAIN, summary("a Word in the title", 200)])
    hits = [
        hit("old", "m9", 9),
        hit("new", "m2", 2),
        hit("old", "m1", 1),
        hit("trashed", "m3", 3),
        hit("gone", "m", 1),
    ]
    word = (Term("word"),)

    def found(sort: Sort = "newest", **more: Any) -> list[str]:
        return ids(shelf.found(hits, SearchQuery(terms=word, **more), sort))

    assert found() == ["new", "old", "a Word in the title"]
    assert found("best") == ["old", "new", "a Word in the title"]
    assert found(roles=("user",)) == ["new", "old"], "a title is nobody's message"
    assert found(places=("trash",)) == ["trashed"]
    assert ids(shelf.found((), SearchQuery(terms=(*word, Term("title", is_excluded=True))), "newest")) == []
    (_, old, _) = shelf.found(hits, SearchQuery(terms=word), "newest")
    assert [h.message_id for h in old.hits] == ["m1", "m9"], "from the first to the last"


def test_a_change_is_in_every_order() -> None:
    shelf = Shelf(PLAIN)
    shelf.change([replace(PLAIN[0], is_pinned=True, title="Words"), replace(PLAIN[2], is_trashed=True)])
    assert ids(shelf.plain(SearchQuery(), "newest")) == ["old", "pinned"]
    assert (shelf.trashed_count, shelf.archived_count) == (2, 1)
    assert ids(shelf.found((), SearchQuery(terms=(Term("word"),)), "newest")) == ["old"]


@pytest.mark.parametrize("width", [10, 20, 40, 53, 80, 200])
@pytest.mark.parametrize("title", ["short", "wide 日本語のタイトル " * 9, "x" * 300])
def test_rows_take_exactly_the_width_they_have(width: int, title: str) -> None:
    row = Row(summary(title, int(NOW * 1000), tags=("one", "two"), is_pinned=True), (hit("x", "m", 1),))
    for state in (RowState(), RowState(is_cursor=True, is_marked=True, is_open=True)):
        pieces = title_pieces(row, state, width, NOW, PALETTE)
        assert cell_len("".join(text for text, _ in pieces)) <= max(width, 22)
    excerpt = "".join(text for text, _ in excerpt_pieces(row, RowState(), max(width, 20), PALETTE))
    assert cell_len(excerpt) <= max(width, 20)


def test_states_are_told_by_signs() -> None:
    row = Row(summary("title", is_pinned=True, is_archived=True))
    state = RowState(is_cursor=True, is_marked=True, is_open=True)
    text = "".join(piece for piece, _ in title_pieces(row, state, 60, NOW, PALETTE))
    assert text.startswith("▌✓[open] [archived] * title")


def test_an_excerpt_shows_the_words_found() -> None:
    text = "so much before it " * 6 + "needle and what follows it"
    start = text.index("needle")
    pieces = marked_excerpt(text, [(start, start + 6)], 40, PALETTE)
    assert ("needle", PALETTE.found) in pieces
    assert pieces[0][0] == "…"
    assert cell_len("".join(piece for piece, _ in pieces)) <= 40


@pytest.mark.parametrize(
    ("words", "after"),
    [
        ("+mpi", ("old", "mpi")),
        ("mpi #io", ("old", "mpi", "io")),
        ("-OLD +new", ("new",)),
        ("old", ("old",)),
        ("+ - #", ("old",)),
        ("a, b", ("old", "a", "b")),
    ],
)
def test_tags_are_added_and_removed(words: str, after: tuple[str, ...]) -> None:
    assert tags_after(("old",), words) == after


@pytest.mark.parametrize(
    ("text", "after"),
    [("+mp", "+mpi "), ("x -mo", "x -mol"), ("mol-d", "mol-dyn "), ("zz", "zz"), ("", "")],
)
def test_known_tags_are_completed(text: str, after: str) -> None:
    assert completed(text, ["mpi", "mol-dyn", "molecule"]) == after


def test_only_what_changes_is_changed_and_taken_back() -> None:
    changes = changes_to(PLAIN, "archive", lambda _: True)
    assert [change.conversation_id for change in changes] == ["old", "pinned", "new", "trashed"]
    assert changes[0].shown_in(PLAIN[0]).is_archived
    assert changes[0].back.shown_in(changes[0].shown_in(PLAIN[0])) == PLAIN[0]
    undo = Undo()
    undo.keep(Step("nothing", ()))
    assert undo.take() is None
    undo.keep(Step("Archived", changes))
    assert undo.take() == Step("Archived", changes)


def test_a_hit_on_another_branch_brings_that_branch() -> None:
    conversation = Conversation()
    for name, parent in (("p", None), ("r1", "p"), ("r2", "p"), ("p2", "r2"), ("r3", "r1")):
        conversation.add(ChatMessage(name, parent, "user" if name[0] == "p" else "assistant", name, 1))
    assert [m.id for m in branch_with(conversation, None)] == ["p", "r1", "r3"]
    assert [m.id for m in branch_with(conversation, "r1")] == ["p", "r1", "r3"]
    assert [m.id for m in branch_with(conversation, "r2")] == ["p", "r2", "p2"]
    assert [m.id for m in branch_with(conversation, "gone")] == ["p", "r1", "r3"]


def test_names_of_files() -> None:
    assert suggested_name(["Why does MPI/IO hang?"], "markdown") == "why-does-mpi-io-hang.md"
    assert suggested_name(["../../etc"], "json") == "etc.json"
    assert suggested_name(["a", "b"], "bundle") == "2-conversations.metis.zip"
    assert with_extension("x.metis.zip", "html") == "x.html"
    assert with_extension("x.txt", "html") == "x.txt"


def test_a_file_is_for_its_owner_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "out.md"
    write_new_file(path, b"one")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ExportFailed, match="there already"):
        write_new_file(path, b"two")
    assert path.read_bytes() == b"one"
    with pytest.raises(ExportFailed, match="no folder"):
        write_new_file(tmp_path / "none" / "out.md", b"x")
