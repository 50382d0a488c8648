"""The <think> splitter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metis_tui.gateway.reasoning import ThinkSplitter


def split(*pieces: str) -> tuple[str, str]:
    splitter = ThinkSplitter()
    found = [piece for text in pieces for piece in splitter.feed(text)] + splitter.close()
    assert all(text for _, text in found)
    return (
        "".join(text for kind, text in found if kind == "text"),
        "".join(text for kind, text in found if kind == "reasoning"),
    )


CASES = [
    ("", "", ""),
    ("plain answer", "plain answer", ""),
    ("<think>2+2 is 4</think>The answer is 4.", "The answer is 4.", "2+2 is 4"),
    ("\n <think>a</think>\n\nb", "\n\nb", "a"),
    ("<think></think>b", "b", ""),
    ("<think>a</think> <think>b</think>c", "c", "ab"),
    ("<think>never closed", "", "never closed"),
    ("<think>almost closed</thin", "", "almost closed</thin"),
    ("<thin", "<thin", ""),
    ("<thinking>a</thinking>", "<thinking>a</thinking>", ""),
    ("text <think>not leading</think>", "text <think>not leading</think>", ""),
    ("</think>b", "</think>b", ""),
    ("<think>a</think>b<think>c</think>", "b<think>c</think>", "a"),
    ("<think>a < b </ c </think>d", "d", "a < b </ c "),
    ("   ", "   ", ""),
    ("<", "<", ""),
]


@pytest.mark.parametrize(("whole", "text", "reasoning"), CASES)
def test_tags_may_be_cut_at_every_place(whole: str, text: str, reasoning: str) -> None:
    assert split(whole) == (text, reasoning)
    assert split(*whole) == (text, reasoning)
    for first in range(len(whole) + 1):
        for second in range(first, len(whole) + 1):
            assert split(whole[:first], whole[first:second], whole[second:]) == (text, reasoning)


def test_text_is_given_at_once() -> None:
    splitter = ThinkSplitter()
    assert splitter.feed("<think>some") == [("reasoning", "some")]
    assert splitter.feed(" words</think>an") == [("reasoning", " words"), ("text", "an")]
    assert splitter.feed("swer <th") == [("text", "swer <th")]


PARTS = st.lists(st.sampled_from(["<think>", "</think>", "<", "think>", "</", " ", "\n", "a", "b c", "<th", "ink>"]))


@given(PARTS, st.data())
def test_no_character_is_lost_however_it_is_cut(parts: list[str], data: st.DataObject) -> None:
    whole = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    text, reasoning = split(*pieces)
    assert (text, reasoning) == split(whole)
    assert text == "" or whole.endswith(text)
    if not whole.lstrip().startswith("<think>"):
        assert (text, reasoning) == (whole, "")
