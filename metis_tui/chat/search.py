"""Searching saved conversations: what is asked for and what is found. Knows nothing of files or indexes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from metis_tui.chat.conversation import Role

Order = Literal["newest", "best"]
Place = Literal["pinned", "archived", "trash"]


@dataclass(frozen=True, slots=True)
class Term:
    """One word or quoted phrase that a message must hold; or must not."""

    text: str
    is_phrase: bool = False
    is_prefix: bool = False
    """The last word while it is being typed: any word that begins so will do."""
    is_excluded: bool = False


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is asked for: words in messages, and filters on messages and conversations."""

    terms: tuple[Term, ...] = ()
    models: tuple[str, ...] = ()
    """Parts of `model@cluster`; one of them must fit the message, or for a prompt the conversation."""
    tags: tuple[str, ...] = ()
    """All of them."""
    roles: tuple[Role, ...] = ()
    """One of them; empty: all."""
    after_ms: int | None = None
    """Messages from this Unix time in milliseconds on."""
    before_ms: int | None = None
    """Messages before this time."""
    places: tuple[Place, ...] = ()
    """Without "trash" nothing from the trash is found."""
    has_code: bool = False
    """Only messages with a fenced code block."""
    order: Order = "newest"

    @property
    def has_terms(self) -> bool:
        """Whether messages must be looked into; else a list of conversations can be filtered."""
        return bool(self.terms)


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One message that was found."""

    conversation_id: str
    message_id: str
    role: Role
    created_ms: int
    model: str | None
    """`model@cluster` of a reply."""
    excerpt: str
    """One safe line around the first place found."""
    spans: tuple[tuple[int, int], ...] = ()
    """[start, end) of the words in the excerpt."""


@dataclass(frozen=True, slots=True)
class SearchResults:
    """What was found, in the order asked for."""

    hits: tuple[SearchHit, ...] = ()
    is_cut: bool = False
    """There is more than the limit."""
    is_complete: bool = True
    """False: not everything is indexed yet."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """How far the index is."""

    done: int = 0
    total: int = 0
    """In conversations."""
    is_ready: bool = False
    """Everything that is saved can be found."""
    has_index: bool = True
    """False: there is none, and searching reads the files."""
    trouble: str = ""
    """Why there is none, in plain words."""
    where: str = ""
    """The index's file."""


class ConversationSearch(Protocol):
    """Full-text search over all messages. Nothing here blocks the event loop."""

    def start(self) -> None:
        """Opens the index and catches up with what is saved, in the background. Again: looks for what is new.

        May be called from any thread; the first call loads modules, which a key would wait for.
        """

    async def search(self, query: SearchQuery, *, limit: int = 200) -> SearchResults:
        """Finds messages, after taking in what was just saved. Never raises for a disk or an index: what cannot be
        read is not found. A newer search ends this one, which then has found nothing and is not complete.
        """

    async def search_in(self, conversation_id: str, query: SearchQuery) -> SearchResults:
        """All that is found in one conversation, oldest first. Filters on conversations and dates do not count."""

    @property
    def progress(self) -> IndexProgress: ...

    def watch(self, listener: Callable[[IndexProgress], None]) -> None:
        """Calls the listener, from another thread, when the progress changes; a few times a second at most."""

    def give_way(self, seconds: float) -> None:
        """Somebody types: until so long from now a build in the background rests. Searches go on."""

    async def reindex(self) -> IndexProgress:
        """Throws the index away and makes it anew; returns when that is done."""

    async def close(self) -> None: ...
