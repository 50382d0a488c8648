"""Selections and words found stay right while a reply streams, against models made of plain text."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.geometry import Offset
from textual.selection import Selection

from metis_tui.chat.conversation import ChatMessage
from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.widgets.transcript_document import Position, TranscriptDocument
from metis_tui.tui.widgets.transcript_entry import Entry, Layout
from metis_tui.tui.widgets.transcript_finding import Search
from metis_tui.tui.widgets.transcript_live import LiveReply
from metis_tui.tui.widgets.transcript_selecting import keep, restored, selected_text, selection_row

BLOCKS = st.sampled_from(
    [
        "## A heading\n\n",
        "A paragraph with **bold words** and `code` that is long enough to be wrapped in a narrow view.\n\n",
        "Setext\n---\n",
        "- one item\n- two items that are longer than the width of the view is\n\n",
        "3. third\n\n4. fourth\n\n",
        "```python\ndef f(x):\n\n    return x\n```\n\n",
        "| name | value |\n|---|--:|\n| one | 1 |\n\n",
        "> quoted words of somebody who says more than one row\n\n",
        "unfinished **bold",
        " words ",
        "\n",
        "漢字かな交じり文は語の間に空白がない\n\n",
    ]
)
WIDTH = 30


def layout(width: int = WIDTH) -> Layout:
    return Layout(width, Palette(), lambda ms: "00:00")


def pieces_of(text: str, cuts: list[int]) -> list[str]:
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[start:end] for start, end in pairwise(edges)]


def streaming(first: str = "") -> TranscriptDocument:
    document = TranscriptDocument(layout())
    document.show([ChatMessage("p", None, "user", "What is it?", 0)])
    document.append(Entry(ChatMessage("r", None, "assistant", "", 0), LiveReply(document.layout, first)))
    document.open(1)
    return document


def live(document: TranscriptDocument) -> LiveReply:
    reply = document.entries[1].live
    assert reply is not None
    return reply


def all_of(document: TranscriptDocument) -> str:
    rows = document.open(1)
    last = Position(1, len(rows.parts) - 1, 1 << 20)
    whole = Selection(Offset(0, selection_row(Position(1, 1, 0))), Offset(1 << 20, selection_row(last)))
    return selected_text(document, whole)


def some_selection(document: TranscriptDocument, row: int, column: int, rows: int, columns: int) -> Selection:
    """A selection as the mouse makes it, somewhere in the reply."""
    height = document.entries[1].height
    ends = []
    for wanted, x in ((row % height, column), ((row + rows) % height, columns)):
        position = Position(1, *document.open(1).locate(wanted))
        document.ensure(1, position.part)
        ends.append(Offset(x, selection_row(position)))
    return Selection.from_offsets(*ends)


numbers = st.integers(0, 10_000)


@given(st.lists(BLOCKS, min_size=1, max_size=10), st.lists(numbers, max_size=25), numbers, st.tuples(*[numbers] * 3))
@settings(max_examples=150)
def test_a_selection_covers_the_same_words_or_none(
    blocks: list[str], cuts: list[int], begin: int, where: tuple[int, int, int]
) -> None:
    pieces = pieces_of("".join(blocks), cuts)
    document = streaming()
    selection, words = None, ""
    for number, piece in enumerate(pieces):
        kept = keep(document, selection) if selection is not None else None
        live(document).markdown.feed(piece)
        document.update_live(1)
        if kept is not None:
            selection = restored(document, kept)
            if selection is not None:
                assert selected_text(document, selection) == words
            else:
                assert words not in all_of(document) or not words.strip()
        if selection is None and number >= begin % len(pieces):
            row, column, rows = where
            selection = some_selection(document, row, column % WIDTH, rows % 6, (column + rows) % WIDTH)
            words = selected_text(document, selection)
            if "Reply" in words:  # what the program says may change
                selection = None


@given(st.lists(BLOCKS, min_size=1, max_size=10), st.integers(15, 90), st.tuples(*[numbers] * 3))
def test_a_selection_survives_the_end_of_the_reply_and_another_width(
    blocks: list[str], width: int, where: tuple[int, int, int]
) -> None:
    text = "".join(blocks)
    document = streaming(text)
    row, column, rows = where
    selection = some_selection(document, row, column % WIDTH, rows % 6, (column + rows) % WIDTH)
    words = selected_text(document, selection)
    kept = keep(document, selection)
    assert kept is not None
    document.exchange(1, ChatMessage("r", None, "assistant", text, 0, stop="stop"))
    found = restored(document, kept)
    assert found is None or selected_text(document, found) == words
    kept = keep(document, found) if found is not None else None
    if kept is None:
        return
    document.relayout(layout(width))
    found = restored(document, kept)
    assert found is None or selected_text(document, found) == words


def test_words_of_a_paragraph_stay_selected_at_every_width_while_it_grows() -> None:
    document = streaming("One two three four five six seven eight nine ten eleven twelve")
    document.update_live(1)
    rows = [line.text for line in document.ensure(1, 1).lines or []]
    row = next(number for number, text in enumerate(rows) if "five" in text)
    start = Offset(3 - 2 + rows[row].index("five"), selection_row(Position(1, 1, row)))
    selection: Selection | None = Selection(start, Offset(start.x + 4, start.y))
    assert selection is not None
    assert selected_text(document, selection) == "five"
    for width in (12, 80, 20, 33):
        kept = keep(document, selection)
        assert kept is not None
        document.relayout(layout(width))
        live(document).markdown.feed(" and more words")
        document.update_live(1)
        selection = restored(document, kept)
        assert selection is not None
        assert selected_text(document, selection) == "five"


def marked(document: TranscriptDocument, search: Search) -> list[str]:
    """The characters that are marked, row by row."""
    found = []
    for number in range(len(document.open(1).parts)):
        part = document.ensure(1, number)
        spans = search.found_in(part).spans
        found += [(part.lines or [])[row].text[start:end] for row in sorted(spans) for start, end in spans[row]]
    return found


def counted(document: TranscriptDocument, query: str) -> int:
    """How often the words stand in the text as it is copied."""
    pattern = r"[^\S\n]+".join(map(re.escape, query.split()))
    rows = [line for part in document.open(1).parts for line in part.lines or []]
    shown = [line for line in rows if line.kind not in ("fact", "code-label")]
    text = "".join((line.glue if number else "") + line.copied_text for number, line in enumerate(shown))
    return len(re.findall(pattern, text, re.IGNORECASE))


@given(
    st.lists(BLOCKS, min_size=1, max_size=10),
    st.lists(numbers, max_size=25),
    st.sampled_from(["words", "long enough to be wrapped", "bold words and code", "e", "return", "の間に", "one 1"]),
)
@settings(max_examples=150)
def test_words_found_while_streaming_are_those_of_the_text(blocks: list[str], cuts: list[int], query: str) -> None:
    document, search = streaming(), Search(query)
    for piece in pieces_of("".join(blocks), cuts):
        live(document).markdown.feed(piece)
        document.update_live(1)
        marks = marked(document, search)
        again = Search(query)
        assert marks == marked(document, again)
        starts = [search.found_in(document.ensure(1, number)) for number in range(len(document.open(1).parts))]
        assert bool(marks) == any(found.starts for found in starts) == bool(counted(document, query))
        if marks:
            source = document.open(1).source_of(document.open(1).parts[1])
            assert search.may_be_in(source, is_markdown=True)


def test_a_phrase_over_a_break_is_marked_on_both_rows() -> None:
    document = streaming("One two three four five six seven eight nine ten eleven twelve")
    document.update_live(1)
    rows = [line.text for line in document.ensure(1, 1).lines or []]
    before, after = rows[0].split()[-1], rows[1].split()[0]
    assert marked(document, Search(f"{before}  {after}")) == [before, after]


@pytest.mark.parametrize(
    "text",
    ["word " * 30_000, "| a | b |\n|---|---|\n" + "| 1 | two |\n" * 9_000, "- item words\n" * 9_000],
    ids=["paragraph", "table", "list"],
)
def test_a_giant_reply_is_settled_in_parts_while_it_streams(text: str) -> None:
    document = streaming()
    for start in range(0, len(text), 3_000):
        live(document).markdown.feed(text[start : start + 3_000])
        document.update_live(1)
    rows = document.open(1)
    assert len(rows.parts) > 5
    assert live(document).markdown.unfinished_size < 30_000
    assert "".join(rows.source_of(part) for part in rows.parts).replace(" ", "") == text.replace(" ", "")
    last = document.ensure(1, len(rows.parts) - 2).lines or []
    assert last[-1].source_start >= text.count("\n") - 1
