"""Branches of conversations: siblings, what is shown, the tree as lines, forks."""

from __future__ import annotations

import pytest

from metis_tui.chat.branches import (
    ShownBranches,
    fork,
    fork_title,
    places_on,
    prompt_of,
    tree_lines,
)
from metis_tui.chat.conversation import Attachment, ChatMessage, Conversation, context_messages

PICTURE = Attachment("a.png", "image/png", "ab" * 32, 3, b"abc")


def grown(*rows: tuple[str, str | None], head: str | None = None) -> Conversation:
    """A conversation of (id, parent) rows, one second apart; ids that begin with p are prompts."""
    conversation = Conversation(title="Sums")
    for number, (message_id, parent) in enumerate(rows):
        role = "user" if message_id.startswith("p") else "assistant"
        conversation.add(ChatMessage(message_id, parent, role, f"text of {message_id}", number * 1000))
    conversation.head = head or conversation.head
    return conversation


def branched() -> Conversation:
    """p1 was answered twice, the first reply was followed up, and p1 was edited into q1."""
    rows = (("p1", None), ("r1", "p1"), ("r2", "p1"), ("p2", "r1"), ("r3", "p2"), ("pp", None), ("r4", "pp"))
    return grown(*rows, head="r3")


def drawn(conversation: Conversation, *folded: str) -> list[str]:
    return [
        f"{line.guides}{'*' if line.is_shown else '-'}{line.message.id}"
        + (f" +{line.hidden_count}" if line.hidden_count else "")
        for line in tree_lines(conversation, folded)
    ]


def test_places_among_siblings() -> None:
    conversation = branched()
    places = places_on(conversation, conversation.path())
    assert {i: (place.number, place.of) for i, place in places.items()} == {"p1": (1, 2), "r1": (1, 2)}
    assert places["r1"].neighbour(+1) == "r2"
    assert places["r1"].neighbour(-1) is None


def test_a_prompt_and_a_reply_that_goes_on_are_two_branches() -> None:
    conversation = grown(("p1", None), ("r1", "p1"), ("p2", "r1"), ("r2", "r1"))
    assert places_on(conversation, conversation.path())["r2"].siblings == ("p2", "r2")


def test_going_back_to_a_branch_shows_all_of_it_again() -> None:
    conversation, shown = branched(), ShownBranches()
    assert shown.end_through(conversation, "p1") == "r3", "the newest message, as nothing is remembered yet"
    conversation.head = "r2"
    shown.saw(conversation.path())
    assert shown.end_through(conversation, "p1") == "r2"
    assert shown.end_through(conversation, "r1") == "r3"
    assert shown.end_through(conversation, "pp") == "r4"
    with pytest.raises(KeyError):
        shown.end_through(conversation, "gone")


def test_the_prompt_that_a_message_answers() -> None:
    conversation = grown(("p1", None), ("r1", "p1"), ("r2", "r1"))
    assert prompt_of(conversation, "r2") == prompt_of(conversation, "p1") == conversation.messages["p1"]
    assert prompt_of(grown(("r1", None)), "r1") is None


def test_only_forks_indent_and_the_branch_shown_is_the_trunk() -> None:
    conversation = branched()
    assert drawn(conversation) == ["┌─-pp", "│ -r4", "*p1", "├─-r2", "*r1", "*p2", "*r3"]
    conversation.head = "r4"
    assert drawn(conversation) == ["┌─-p1", "│ ├─-r2", "│ -r1", "│ -p2", "│ -r3", "*pp", "*r4"]


def test_a_folded_message_hides_what_follows() -> None:
    assert drawn(branched(), "p1") == ["┌─-pp", "│ -r4", "*p1 +4"]


def test_a_conversation_of_many_messages_and_forks_is_a_tree_without_recursion() -> None:
    rows: list[tuple[str, str | None]] = [("p0", None)]
    for number in range(1, 3000):
        rows += [(f"r{number}", rows[-1][0])] if number % 2 else [(f"p{number}", f"r{number - 1}")]
    rows += [(f"rx{number}", f"p{number}") for number in range(0, 3000, 100)]
    conversation = grown(*rows, head="r2999")
    lines = tree_lines(conversation)
    assert len(lines) == len(conversation.messages)
    assert max(len(line.guides) for line in lines) == 2


def test_a_fork_is_a_conversation_of_its_own() -> None:
    conversation = branched()
    conversation.system, conversation.params, conversation.model = "Be brief.", {"seed": 1}, "m@metis"
    conversation.notes, conversation.bookmarks, conversation.votes = {"r1": "see", "r2": "no"}, ("p2",), {"r1": 1}
    message = conversation.messages["r1"]
    conversation.messages["r1"] = ChatMessage(
        message.id, message.parent, message.role, message.text, message.created_ms, attachments=(PICTURE,)
    )
    copy = fork(conversation, "p2")
    assert [m.text for m in copy.path()] == ["text of p1", "text of r1", "text of p2"]
    assert not copy.messages.keys() & conversation.messages.keys()
    assert copy.origin == {"kind": "fork", "conv": conversation.id, "msg": "p2"}
    assert (copy.title, copy.system, copy.params, copy.model) == ("Sums (fork)", "Be brief.", {"seed": 1}, "m@metis")
    first, second, third = copy.path()
    assert (copy.notes, copy.bookmarks, copy.votes) == ({second.id: "see"}, (third.id,), {second.id: 1})
    assert second.attachments == (PICTURE,)
    assert first.created_ms == 0
    assert copy.params is not conversation.params
    conversation.head = "p2"
    assert context_messages(copy) == context_messages(conversation)
    assert conversation.messages.keys() == branched().messages.keys()


def test_titles_of_forks() -> None:
    assert fork_title("A (fork)") == "A (fork 2)"
    assert fork_title("A (fork 2)") == "A (fork 3)"
