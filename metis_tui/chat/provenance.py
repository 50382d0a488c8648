"""Where a chat message comes from: everything that is known of how a reply was made. Pure.

What is not known is said to be so; nothing is guessed. Knows nothing of screens or file formats: it gives labels and
values that are safe to show as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone, tzinfo
from typing import NamedTuple

from metis_tui.chat.catalog import ServedModel
from metis_tui.chat.conversation import ChatMessage, Conversation, context_messages
from metis_tui.chat.engine import CONTINUE
from metis_tui.chat.identifiers import is_ulid, ulid_milliseconds
from metis_tui.chat.parameters import PARAMETERS
from metis_tui.chat.printable import printable_line
from metis_tui.chat.turn import ChatRequest

NOT_KNOWN = "not known"
NOT_SENT = "not sent: the model's default"
NO_SEED = "not sent: the reply cannot be repeated exactly"
_VALUE_LIMIT = 400
_STOPS = {
    "stop": "stop: the model ended it",
    "length": "length: cut at the limit of tokens",
    "error": "error: cut short by a failure",
    "interrupted": "interrupted: the program ended before the reply",
    "cancelled": "cancelled: stopped by the user",
}


class Fact(NamedTuple):
    """One thing that is known, or said not to be."""

    key: str
    """A name that programs can rely on, such as request_sha256."""
    label: str
    value: str
    """One line, safe to show; says so when it is not known."""
    is_known: bool = True


class Section(NamedTuple):
    title: str
    facts: tuple[Fact, ...]


class Provenance(NamedTuple):
    """All that is known of one message."""

    message_id: str
    sections: tuple[Section, ...]
    is_recorded: bool = True
    """What was sent is known: a parameter that is not named was not sent. Other programs' exports do not tell."""

    def value(self, key: str) -> str:
        """What is known under this key; empty when nothing is."""
        facts = (fact for section in self.sections for fact in section.facts)
        return next((fact.value for fact in facts if fact.key == key and fact.is_known), "")

    def as_dict(self) -> dict[str, dict[str, str]]:
        """Values by key, by section: for output that programs read."""
        return {section.title: {fact.key: fact.value for fact in section.facts} for section in self.sections}


def provenance_of(
    conversation: Conversation, message: ChatMessage, *, zone: tzinfo | None = None, is_checked: bool = True
) -> Provenance:
    """What is known of a prompt, a reply or a system message of the conversation.

    Args:
        zone: of the local times; None is this machine's.
        is_checked: whether to compare the recorded request with what the conversation gives now; that takes time in
            proportion to the text before the reply.
    """
    if message.role != "assistant":
        sections = [_identity(conversation, message), _written(message, zone), _checksums_of_text(message)]
    else:
        sections = [
            _source(message),
            _parameters(conversation, message),
            _times(conversation, message, zone),
            _outcome(message),
            _request(conversation, message, is_checked),
            _identity(conversation, message),
        ]
    return Provenance(message.id, tuple(sections), _is_recorded(conversation, message))


def sent_ms(conversation: Conversation, reply: ChatMessage) -> int | None:
    """Unix time in ms when the prompt of a reply was sent; None when that is not known.

    A reply that this program asked for gets its id when its request goes out. Other programs' replies have only
    the time of their prompt.
    """
    if reply.client and is_ulid(reply.id):
        return ulid_milliseconds(reply.id)
    prompt = conversation.messages.get(reply.parent or "")
    return prompt.created_ms if prompt is not None else None


def text_sha256(message: ChatMessage) -> str:
    """The SHA-256 of a message's text in UTF-8."""
    return hashlib.sha256(message.text.encode("utf-8", "replace")).hexdigest()


def request_now(conversation: Conversation, reply: ChatMessage) -> str:
    """The SHA-256 of the request for a reply as the conversation would make it now.

    It equals the recorded one while nothing before the reply and no system prompt has changed.
    """
    before = replace(conversation, head=reply.parent)
    messages = context_messages(before)
    if reply.is_continuation:
        messages.append(("user", CONTINUE))
    model = ServedModel(reply.model or "", reply.cluster or "", reply.framework or "", "")
    return ChatRequest(model, tuple(messages), reply.params).sha256


def utc_time(milliseconds: int) -> str:
    """ISO 8601 in UTC with milliseconds, such as 2026-11-25T17:58:33.120Z."""
    moment = _moment(milliseconds, timezone.utc)
    if moment is None:
        return f"{milliseconds} ms"
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _local_time(milliseconds: int, zone: tzinfo | None) -> str:
    moment = _moment(milliseconds, zone)
    return moment.strftime("%Y-%m-%d %H:%M:%S %Z").strip() if moment else f"{milliseconds} ms"


def _moment(milliseconds: int, zone: tzinfo | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, timezone.utc).astimezone(zone)
    except (OverflowError, ValueError, OSError):
        return None  # a time that no calendar has: another program's


def _fact(key: str, label: str, value: object, missing: str = NOT_KNOWN) -> Fact:
    if value in (None, ""):
        return Fact(key, label, missing, False)
    return Fact(key, label, printable_line(str(value), _VALUE_LIMIT))


def _source(message: ChatMessage) -> Section:
    return Section(
        "Model",
        (
            _fact("model", "Model", message.model),
            _fact("cluster", "Cluster", message.cluster),
            _fact("framework", "Framework", message.framework),
            _fact("model_version", "Model version", message.model_version, "not told by the cluster"),
        ),
    )


def _parameters(conversation: Conversation, message: ChatMessage) -> Section:
    """Every parameter of the gateway's contract, also those that were not sent, and others that were."""
    is_recorded = _is_recorded(conversation, message)
    facts = []
    for name in PARAMETERS:
        missing = (NO_SEED if name == "seed" else NOT_SENT) if is_recorded else NOT_KNOWN
        facts.append(_fact(name, name, _as_text(message.params[name]) if name in message.params else None, missing))
    facts += [_fact(n, printable_line(n, 60), _as_text(v)) for n, v in message.params.items() if n not in PARAMETERS]
    return Section("Parameters", tuple(facts))


def _is_recorded(conversation: Conversation, message: ChatMessage) -> bool:
    return bool(message.client) or conversation.origin.get("kind") != "import"


def _as_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _times(conversation: Conversation, message: ChatMessage, zone: tzinfo | None) -> Section:
    sent = sent_ms(conversation, message)
    timing = message.timing
    tokens = message.usage.completion_tokens if message.usage else 0
    rate = timing.tokens_per_second(tokens) if timing else None

    def at(key: str, label: str, milliseconds: int | None) -> tuple[Fact, Fact]:
        utc = None if milliseconds is None else utc_time(milliseconds)
        local = None if milliseconds is None else _local_time(milliseconds, zone)
        return _fact(f"{key}_utc", f"{label} (UTC)", utc), _fact(f"{key}_local", f"{label} (local)", local)

    return Section(
        "Times",
        (
            *at("sent", "Prompt sent", sent),
            *at("ended", "Reply ended", message.created_ms),
            _fact(
                "first_delta_seconds", "First-delta latency", _seconds(timing.first_delta_seconds if timing else None)
            ),
            _fact("first_text_seconds", "First text after", _seconds(timing.first_text_seconds if timing else None)),
            _fact("total_seconds", "Last delta after", _seconds(timing.total_seconds if timing else None)),
            _fact("tokens_per_second", "Rate", None if rate is None else f"{rate:.1f} tokens/s"),
        ),
    )


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f} s"


def _outcome(message: ChatMessage) -> Section:
    facts: list[Fact] = []
    usage = message.usage
    counts: tuple[tuple[str, str, Callable[[], int | None]], ...] = (
        ("prompt_tokens", "Prompt", lambda: usage.prompt_tokens if usage else None),
        ("completion_tokens", "Completion", lambda: usage.completion_tokens if usage else None),
        ("reasoning_tokens", "of which reasoning", lambda: usage.reasoning_tokens if usage else None),
        ("total_tokens", "Total", lambda: usage.total_tokens if usage else None),
    )
    for key, label, count in counts:
        value = count()
        facts.append(_fact(key, label, None if value is None else f"{value} tokens", "not reported"))
    facts.append(_fact("stop_reason", "Stop reason", _STOPS.get(message.stop or "", message.stop)))
    if message.failure is not None:
        failure = message.failure
        number = f" (error id {failure.error_id})" if failure.error_id else ""
        facts.append(_fact("failure", "Failure", f"{failure.title}: {failure.reason}{number}"))
    return Section("Usage and end", tuple(facts))


def _request(conversation: Conversation, message: ChatMessage, is_checked: bool) -> Section:
    facts = [
        _fact("request_id", "Request id", message.request_id, "not told by the gateway"),
        _fact("client", "Client", message.client),
        _fact("request_sha256", "SHA-256 of the request", message.request_sha256, "not recorded"),
    ]
    if is_checked:
        facts.append(_fact("request_check", "The saved conversation", _check(conversation, message)))
    facts.append(_fact("reply_sha256", "SHA-256 of the reply", text_sha256(message)))
    return Section("Request and reply", tuple(facts))


def _check(conversation: Conversation, message: ChatMessage) -> str:
    """Whether the conversation as it is saved would send the request that was recorded."""
    if not message.request_sha256:
        return "cannot be compared: the request was not recorded"
    if request_now(conversation, message) == message.request_sha256:
        return "gives exactly the recorded request"
    if conversation.system and request_now(replace(conversation, system=""), message) == message.request_sha256:
        return "gives the recorded request but for the system prompt, which was set later"
    return "gives another request now: the system prompt or an earlier message was changed"


def _identity(conversation: Conversation, message: ChatMessage) -> Section:
    facts = [
        _fact("message", "Message", message.id),
        _fact("parent", "Follows", message.parent, "nothing: it begins the conversation"),
        _fact("conversation", "Conversation", conversation.id),
    ]
    if conversation.origin:
        facts.append(_fact("origin", "Origin", origin_in_words(conversation.origin)))
    if isinstance(message.extra.get("source_id"), str):
        facts.append(_fact("source_id", "Id at its origin", message.extra["source_id"]))
    return Section("Place", tuple(facts))


def origin_in_words(origin: dict[str, str]) -> str:
    """Where a conversation was copied or imported from; empty for one begun here. Not made printable."""
    kind = {"import": "imported", "fork": "copied"}.get(origin.get("kind", ""), origin.get("kind", ""))
    parts = [kind]
    if origin.get("src"):
        parts.append(f"from {origin['src']}")
    if origin.get("conv"):
        parts.append(f"from conversation {origin['conv']}")
    if origin.get("msg"):
        parts.append(f"at message {origin['msg']}")
    if origin.get("sha256"):
        parts.append(f"SHA-256 of the file {origin['sha256']}")
    return ", ".join(part for part in parts if part)


def _written(message: ChatMessage, zone: tzinfo | None) -> Section:
    return Section(
        "Times",
        (
            _fact("written_utc", "Written (UTC)", utc_time(message.created_ms)),
            _fact("written_local", "Written (local)", _local_time(message.created_ms, zone)),
        ),
    )


def _checksums_of_text(message: ChatMessage) -> Section:
    return Section("Text", (_fact("text_sha256", "SHA-256 of the text", text_sha256(message)),))
