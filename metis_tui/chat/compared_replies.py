"""A saved comparison as a matrix of one prompt, so that it has the same measures and reports. Pure.

A comparison is a prompt with sibling replies of several models, however they came about.
"""

from __future__ import annotations

import json
from dataclasses import replace

from metis_tui.chat.conversation import ChatMessage, Conversation, Role, context_messages
from metis_tui.chat.identifiers import is_ulid, ulid_milliseconds
from metis_tui.chat.matrix import Cell, CellResult, Matrix, MatrixPlan, PromptCase


def compared_prompt(conversation: Conversation) -> str | None:
    """The last prompt that several models, or one with several settings, replied to; None: there is none.

    One of the branch shown goes before others.
    """
    models: dict[str, set[str]] = {}
    for message in conversation.messages.values():
        if message.role == "assistant" and message.parent is not None and not message.is_continuation:
            models.setdefault(message.parent, set()).add(_lane(message, {}))
    several = [prompt for prompt, lanes in models.items() if len(lanes) > 1]
    shown = [message.id for message in conversation.path() if message.id in several]
    found = shown or several
    return found[-1] if found else None


def matrix_of(conversation: Conversation, prompt_id: str) -> Matrix:
    """The replies to a prompt as a matrix; several of one model are its repeats.

    Replies with other parameters than the rest are lanes of their own, named by what differs.
    """
    replies = [m for m in conversation.messages.values() if m.parent == prompt_id and m.role == "assistant"]
    common = _common(replies)
    lanes: dict[str, list[ChatMessage]] = {}
    for reply in sorted(replies, key=lambda message: message.id):
        lanes.setdefault(_lane(reply, common), []).append(reply)
    case = _case(conversation, prompt_id)
    plan = MatrixPlan(
        prompts=(case,),
        models=tuple(sorted(lanes)),
        repeat=max((len(lane) for lane in lanes.values()), default=0),
        params=common,
        created_ms=conversation.messages[prompt_id].created_ms,
    )
    results = {
        (cell := Cell(case.id, model, number)): CellResult(cell, reply, _sent_ms(reply))
        for model, lane in lanes.items()
        for number, reply in enumerate(lane, start=1)
    }
    return Matrix(plan, results)


def _case(conversation: Conversation, prompt_id: str) -> PromptCase:
    sent = context_messages(replace(conversation, head=prompt_id))
    system = "\n\n".join(text for role, text in sent if role == "system")
    messages: list[tuple[Role, str]] = [(role, text) for role, text in sent if role != "system"]
    return PromptCase(conversation.title or prompt_id, tuple(messages), system, conversation.tags)


def _common(replies: list[ChatMessage]) -> dict[str, object]:
    """The parameters that all replies were asked for with."""
    first, *others = [reply.params for reply in replies] or [{}]
    return {
        name: value
        for name, value in first.items()
        if all(name in params and params[name] == value for params in others)
    }


def _lane(reply: ChatMessage, common: dict[str, object]) -> str:
    own = {name: value for name, value in reply.params.items() if name not in common}
    words = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False, default=str)}" for name, value in own.items())
    served_by = reply.served_by or "a model not known"
    return f"{served_by} ({words})" if words else served_by


def _sent_ms(reply: ChatMessage) -> int:
    """When the request left; a reply of this program has it in its id."""
    return ulid_milliseconds(reply.id) if is_ulid(reply.id) else reply.created_ms
