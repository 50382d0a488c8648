"""The tree of messages, titles, and what of it is sent to the model."""

from __future__ import annotations

import pytest

from metis_tui.chat.conversation import (
    UNTITLED,
    ChatMessage,
    Conversation,
    FailureNote,
    Timing,
    context_messages,
    title_from_prompt,
)


def message(id: str, parent: str | None, role: str, text: str, **more: object) -> ChatMessage:
    return ChatMessage(id, parent, role, text, created_ms=int(id, 36), **more)  # type: ignore[arg-type]


def branched() -> Conversation:
    conversation = Conversation(system="Be brief.")
    for entry in (
        message("a", None, "user", "one"),
        message("b", "a", "assistant", "ONE", stop="stop"),
        message("c", "b", "user", "two"),
        message("d", "b", "user", "zwei"),
    ):
        conversation.add(entry)
    return conversation


def test_the_branch_shown_ends_at_the_head() -> None:
    conversation = branched()
    assert [m.id for m in conversation.path()] == ["a", "b", "d"]
    conversation.head = "c"
    assert [m.id for m in conversation.path()] == ["a", "b", "c"]
    assert [m.id for m in conversation.siblings("c")] == ["c", "d"]
    assert [m.text for m in conversation.replies()] == ["ONE"]


@pytest.mark.parametrize("head", ["missing", None])
def test_a_head_that_leads_nowhere_shows_nothing(head: str | None) -> None:
    conversation = branched()
    conversation.head = head
    assert conversation.path() == []


def test_a_circle_of_parents_ends() -> None:
    conversation = Conversation()
    conversation.add(message("a", "b", "user", "one"))
    conversation.add(message("b", "a", "assistant", "two"))
    assert {m.id for m in conversation.path()} == {"a", "b"}


def test_the_context_is_what_was_written_by_user_and_model() -> None:
    conversation = branched()
    assert context_messages(conversation) == [
        ("system", "Be brief."),
        ("user", "one"),
        ("assistant", "ONE"),
        ("user", "zwei"),
    ]


def test_failures_and_reasoning_are_never_sent_and_roles_alternate() -> None:
    conversation = Conversation()
    note = FailureNote("The model's server failed", "[ERROR] secret internals", "upstream")
    conversation.add(message("a", None, "user", "first"))
    conversation.add(message("b", "a", "assistant", "", reasoning="thinking", stop="error", failure=note))
    conversation.add(message("c", "b", "user", "again"))
    assert context_messages(conversation) == [("user", "first\n\nagain")]


def test_a_partial_reply_stays_part_of_the_context() -> None:
    conversation = Conversation()
    conversation.add(message("a", None, "user", "first"))
    conversation.add(message("b", "a", "assistant", "half a", stop="cancelled"))
    assert context_messages(conversation)[-1] == ("assistant", "half a")


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("What is MPI?", "What is MPI?"),
        ("\n\n## Heading first\nbody", "Heading first"),
        ("   \n", UNTITLED),
        ("\x1b]0;owned\x07 hello", "␛]0;owned␇ hello"),
        ("word " * 40, "word word word word word word word word word word word word…"),
        ("x" * 100, "x" * 59 + "…"),
    ],
)
def test_titles(prompt: str, title: str) -> None:
    assert title_from_prompt(prompt) == title
    assert len(title_from_prompt(prompt)) <= 60


def test_the_rate_leaves_out_the_first_delta_latency() -> None:
    timing = Timing(total_seconds=3.0, first_reasoning_seconds=1.0, first_text_seconds=2.0)
    assert timing.first_delta_seconds == 1.0
    assert timing.tokens_per_second(101) == pytest.approx(50.0)
    assert timing.tokens_per_second(1) is None
    assert Timing(3.0).tokens_per_second(100) is None
    assert Timing(1.0, None, 1.0).tokens_per_second(100) is None


def test_a_summary_never_commands_the_terminal() -> None:
    conversation = Conversation()
    conversation.add(message("a", None, "user", "\x1b[2Jprompt\nsecond line"))
    assert conversation.summary().excerpt == "␛[2Jprompt second line"


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("context_too_long", ["next"]),
        ("too_large", ["next"]),
        ("invalid_request", ["next"]),
        ("upstream", ["far too long\n\nnext"]),
    ],
)
def test_a_prompt_refused_for_itself_does_not_make_later_ones_fail(kind: str, sent: list[str]) -> None:
    conversation = Conversation()
    conversation.add(ChatMessage("a", None, "user", "far too long", 1))
    conversation.add(ChatMessage("b", "a", "assistant", "", 2, stop="error", failure=FailureNote("t", "r", kind)))
    conversation.add(ChatMessage("c", "b", "user", "next", 3))
    assert [text for _, text in context_messages(conversation)] == sent


def test_before_the_first_message_only_the_system_prompt_is_sent() -> None:
    """It raised ValueError: a reply that begins its conversation has no branch before it."""
    assert context_messages(Conversation(system="Be brief.")) == [("system", "Be brief.")]
    assert context_messages(Conversation()) == []
