"""Conversations: titled trees of chat messages. Knows nothing of files, networks or screens."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from metis_tui.chat.identifiers import new_ulid
from metis_tui.chat.printable import printable_line

Role = Literal["user", "assistant", "system"]
Stop = Literal["stop", "length", "error", "interrupted", "cancelled"]
"""Why a reply ended: by the model, at its length limit, by a failure, by a crash or signal, by the user."""

Params = Mapping[str, object]
"""Generation parameters by the names of the gateway's contract, e.g. {"temperature": 0.2}."""

UNTITLED = "New conversation"
AT_HEAD = ""
"""As a new prompt's parent: the last message of the branch shown."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the gateway reported them; never an estimate."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    reasoning_tokens: int | None = None
    """Part of completion_tokens, when the model tells."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Durations in seconds, from sending the prompt, on a monotonic clock."""

    total_seconds: float
    first_reasoning_seconds: float | None = None
    first_text_seconds: float | None = None

    @property
    def first_delta_seconds(self) -> float | None:
        """From sending the prompt to the first visible delta, be it reasoning or text."""
        known = [t for t in (self.first_reasoning_seconds, self.first_text_seconds) if t is not None]
        return min(known) if known else None

    def tokens_per_second(self, token_count: int) -> float | None:
        """Rate without the first-delta latency; None while there is too little to measure.

        The first token arrives at the start of the measured span, so it does not count.
        """
        first = self.first_delta_seconds
        if first is None or token_count < 2 or self.total_seconds - first < 0.01:
            return None
        return (token_count - 1) / (self.total_seconds - first)


@dataclass(frozen=True, slots=True)
class FailureNote:
    """What is kept of a failure beside the reply it cut short. Never part of the text, never sent back."""

    title: str
    reason: str
    kind: str
    error_id: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside a message's text, such as an image of an imported conversation."""

    name: str
    media_type: str
    """Such as image/png."""
    sha256: str
    """Of its content, in hexadecimal digits; empty when the content was never there."""
    size: int
    """In bytes."""
    data: bytes | None = field(default=None, repr=False)
    """Its content; None: ask the store by its SHA-256."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One entry of a conversation. `parent` None means a root; siblings share a parent."""

    id: str
    parent: str | None
    role: Role
    text: str
    created_ms: int
    """Unix time in milliseconds."""
    reasoning: str = ""
    model: str | None = None
    """The model's name on its cluster; replies only."""
    cluster: str | None = None
    framework: str | None = None
    params: Params = field(default_factory=dict)
    usage: Usage | None = None
    timing: Timing | None = None
    stop: Stop | None = None
    failure: FailureNote | None = None
    request_id: str | None = None
    """The completion's id as the gateway sent it, for support."""
    is_continuation: bool = False
    """It goes on from the partial reply that is its parent: between the two is a seam."""
    model_version: str | None = None
    """What the cluster called the deployed model's version; replies only, rarely told."""
    request_sha256: str | None = None
    """Of the request that the reply answers; see `ChatRequest.sha256`."""
    client: str | None = None
    """The program and version that sent the request, such as "metis-tui 0.1.0"."""
    attachments: tuple[Attachment, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)
    """What its record holds beyond all this, written by a newer version or another program."""

    @property
    def served_by(self) -> str | None:
        """`model@cluster`, or None for prompts."""
        return f"{self.model}@{self.cluster}" if self.model and self.cluster else self.model

    @property
    def is_incomplete(self) -> bool:
        """A reply that the model did not end by itself."""
        return self.role == "assistant" and self.stop != "stop"


@dataclass(frozen=True, slots=True)
class DamagedRecord:
    """A stored record that could not be read and was skipped."""

    path: str
    offset: int
    length: int
    reason: str


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """What a list of conversations shows, without opening them."""

    id: str
    title: str
    model: str | None
    created_ms: int
    updated_ms: int
    message_count: int
    is_pinned: bool = False
    is_archived: bool = False
    is_trashed: bool = False
    excerpt: str = ""
    """The start of the last prompt, one line."""
    tags: tuple[str, ...] = ()


@dataclass(slots=True)
class Conversation:
    """A tree of chat messages with its settings. The head is the last message of the branch shown."""

    id: str = field(default_factory=new_ulid)
    title: str = UNTITLED
    created_ms: int = field(default_factory=lambda: int(time.time() * 1000))
    updated_ms: int = 0
    model: str | None = None
    """`model@cluster` to send the next prompt to."""
    system: str = ""
    params: dict[str, object] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    is_pinned: bool = False
    is_archived: bool = False
    is_trashed: bool = False
    is_read_only: bool = False
    """Holds records of a newer version than this program understands, or is shown from a file."""
    source_file: str = ""
    """The file that it is shown from, if it is not one of the saved conversations."""
    head: str | None = None
    messages: dict[str, ChatMessage] = field(default_factory=dict)
    """By id, parents before children."""
    notes: dict[str, str] = field(default_factory=dict)
    """The user's notes by message id."""
    bookmarks: tuple[str, ...] = ()
    """Ids of messages, in the order in which they were marked."""
    votes: dict[str, object] = field(default_factory=dict)
    """The user's verdicts by message id."""
    origin: dict[str, str] = field(default_factory=dict)
    """Where a copy comes from: kind ("fork" or "import"), conv, msg, src, sha256; empty for one begun here."""
    extras: tuple[Mapping[str, object], ...] = ()
    """Records of other types, kept as they are: {"t": type, ...}."""
    damaged: tuple[DamagedRecord, ...] = ()

    @property
    def read_only_reason(self) -> str:
        """Why it takes no more words, in plain words; empty when it does."""
        if self.source_file:
            return f"It is shown from the file {printable_line(self.source_file)}."
        return "It was written by a newer version of metis-tui." if self.is_read_only else ""

    @property
    def is_empty(self) -> bool:
        return not self.messages

    def add(self, message: ChatMessage) -> None:
        """Adds or replaces a message and makes it the head."""
        self.messages[message.id] = message
        self.head = message.id
        self.updated_ms = max(self.updated_ms, message.created_ms)

    def path(self) -> list[ChatMessage]:
        """The branch shown, root first."""
        branch: list[ChatMessage] = []
        seen: set[str] = set()
        cursor = self.head
        while cursor is not None and cursor not in seen and cursor in self.messages:
            seen.add(cursor)
            branch.append(self.messages[cursor])
            cursor = self.messages[cursor].parent
        branch.reverse()
        return branch

    def siblings(self, message_id: str) -> list[ChatMessage]:
        """All messages with the same parent and role, oldest first; includes the message itself."""
        message = self.messages[message_id]
        return [m for m in self.messages.values() if m.parent == message.parent and m.role == message.role]

    def replies(self) -> Iterator[ChatMessage]:
        return (message for message in self.path() if message.role == "assistant")

    def summary(self) -> ConversationSummary:
        prompts = [m for m in self.messages.values() if m.role == "user"]
        return ConversationSummary(
            id=self.id,
            title=self.title,
            model=self.model,
            created_ms=self.created_ms,
            updated_ms=self.updated_ms or self.created_ms,
            message_count=len(self.messages),
            is_pinned=self.is_pinned,
            is_archived=self.is_archived,
            is_trashed=self.is_trashed,
            excerpt=printable_line(prompts[-1].text, 120) if prompts else "",
            tags=self.tags,
        )


def title_from_prompt(text: str, limit: int = 60) -> str:
    """A title made of the prompt's first words: one safe line of at most `limit` characters."""
    for line in text.splitlines():
        words = line.strip().lstrip("#>*-` ").strip()
        if words:
            line = printable_line(words, limit * 2)
            if len(line) <= limit:
                return line
            cut = line[:limit].rsplit(" ", 1)[0]
            return (cut if limit // 2 < len(cut) < limit else line[: limit - 1]).rstrip(" ,;:") + "…"
    return UNTITLED


def context_messages(conversation: Conversation) -> list[tuple[Role, str]]:
    """What is sent to the model: the system prompt and the branch shown, as (role, text).

    Only text that the user or the model wrote: reasoning and failures stay here. Replies without text are left
    out and neighbours of one role are joined, because chat templates want the roles to alternate. A prompt that
    was refused for what it is (too long, not valid) is left out too, or every later one would fail with it.
    """
    context: list[tuple[Role, str]] = []
    if conversation.system.strip():
        context.append(("system", conversation.system))
    path = conversation.path()
    for message, answer in zip(path, (*path[1:], None), strict=False):  # without a branch there is nothing
        if message.role == "system" or not message.text or (message.role == "user" and _is_refused(answer)):
            continue
        if message.is_continuation and context and context[-1][0] == "assistant":
            context[-1] = ("assistant", context[-1][1] + message.text)
        elif context and context[-1][0] == message.role:
            context[-1] = (message.role, context[-1][1] + "\n\n" + message.text)
        else:
            context.append((message.role, message.text))
    return context


_REFUSED_FOR_ITSELF = frozenset({"context_too_long", "too_large", "invalid_request"})


def _is_refused(answer: ChatMessage | None) -> bool:
    if answer is None or answer.role != "assistant" or answer.text or answer.failure is None:
        return False
    return answer.failure.kind in _REFUSED_FOR_ITSELF
