"""A conversation's sibling replies as a comparison: lanes by model and by what they were asked with."""

from __future__ import annotations

from metis_tui.chat.compared_replies import compared_prompt, matrix_of
from metis_tui.chat.conversation import ChatMessage, Conversation


def talk() -> Conversation:
    """Two prompts; the second one has replies of two models, one of them twice and once with another parameter."""
    conversation = Conversation(title="Which is it?", system="Be brief.", tags=("x",))

    def add(number: str, parent: str | None, model: str = "", **params: object) -> None:
        role = "assistant" if model else "user"
        conversation.add(
            ChatMessage(
                number,
                parent,
                role,  # type: ignore[arg-type]
                f"text {number}",
                5,
                model=model or None,
                cluster="c" if model else None,
                params=params,
                stop="stop" if model else None,
            )
        )

    add("1", None)
    add("2", "1", "a")
    add("3", "2")
    add("4", "3", "a", temperature=0.5, seed=1)
    add("5", "3", "b", temperature=0.5, seed=1)
    add("6", "3", "a", temperature=0.5, seed=1)
    add("7", "3", "a", temperature=1.5, seed=1)
    return conversation


def test_replies_are_lanes_and_several_of_one_lane_its_repeats() -> None:
    conversation = talk()
    assert compared_prompt(conversation) == "3"
    matrix = matrix_of(conversation, "3")
    plan = matrix.plan
    assert plan.models == ("a@c (temperature=0.5)", "a@c (temperature=1.5)", "b@c (temperature=0.5)")
    assert (plan.repeat, plan.params) == (2, {"seed": 1})
    assert plan.prompts[0].messages == (("user", "text 1"), ("assistant", "text 2"), ("user", "text 3"))
    assert (plan.prompts[0].id, plan.prompts[0].system, plan.prompts[0].tags) == ("Which is it?", "Be brief.", ("x",))
    found = {(cell.model, cell.repeat): result.reply.id for cell, result in matrix.results.items()}
    assert found == {
        ("a@c (temperature=0.5)", 1): "4",
        ("a@c (temperature=0.5)", 2): "6",
        ("b@c (temperature=0.5)", 1): "5",
        ("a@c (temperature=1.5)", 1): "7",
    }


def test_the_branch_shown_goes_first_and_one_reply_is_no_comparison() -> None:
    conversation = talk()
    conversation.head = "2"
    assert compared_prompt(conversation) == "3"
    plain = Conversation(messages={key: conversation.messages[key] for key in "123"}, head="3")
    assert compared_prompt(plain) is None
