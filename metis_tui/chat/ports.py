"""What the core needs from the outside, as protocols. Adapters satisfy them; `wiring` joins them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from metis_tui.chat.catalog import Catalog, ServedModel
from metis_tui.chat.conversation import ChatMessage, Conversation, ConversationSummary
from metis_tui.chat.errors import ChatError
from metis_tui.chat.turn import ChatRequest, GatewayEvent

if TYPE_CHECKING:
    from metis_tui.chat.votes import Vote


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A Globus access token. Its value never shows in repr, logs or errors."""

    value: str = field(repr=False)
    expires_at: float | None
    """Unix time in seconds; None when unknown (a static token)."""
    source: str
    """Where it came from, for the status screen: a variable's name or a file's path."""


class Authenticator(Protocol):
    """Gives the access token. Never blocks the event loop."""

    async def access_token(self) -> AccessToken:
        """The access token to use now; renews one that has expired.

        Raises:
            SignInNeeded: there is none, and none can be had without an interactive sign-in.
            TokenInactive: the one there is has expired and could not be renewed now.
        """

    async def renew(self, refused: AccessToken) -> AccessToken:
        """Another access token, after the gateway refused this one as inactive.

        Raises:
            SignInNeeded: only an interactive sign-in gives another one.
            TokenInactive: it cannot be renewed now: a fixed one, or Globus does not answer.
        """

    def heard(self, token: AccessToken, failure: ChatError | None) -> None:
        """What the gateway made of a request with this token; None: it took it. Returns at once, never raises."""


class ModelGateway(Protocol):
    """The inference gateway."""

    def refresh_catalog(self, *, force: bool = False) -> AsyncIterator[Catalog]:
        """Yields ever fuller catalogs as clusters answer; the last one is final.

        Without `force` at most one refresh a minute asks the network; in between it yields what is known.

        Raises:
            ChatError: the list of models itself could not be read.
        """

    @property
    def catalog(self) -> Catalog:
        """What is known now; empty before the first refresh."""

    def stream(self, request: ChatRequest) -> AsyncIterator[GatewayEvent]:
        """Streams one reply; ends after ReplyFinished. Closing the iterator cancels the request.

        Raises:
            ChatError: every failure, also one after deltas have arrived.
        """

    async def warm_up(self, models: Sequence[ServedModel] = ()) -> None:
        """Loads in the background what the first request would wait for; never raises.

        For requests that are to be timed side by side: `models` are those to be asked. Each gets a connection that is
        open already, or the first ones would pay for the handshakes.
        """

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class SaveStatus:
    """Whether the user's words are on disk."""

    is_saved: bool
    pending_count: int = 0
    """Records that are in memory only."""
    pending_seconds: float = 0.0
    """Age of the oldest of them."""
    trouble: str = ""
    """Why, in plain words: "the disk is full"; "storage is slow" once the oldest record has waited two seconds."""


@dataclass(frozen=True, slots=True)
class Addition:
    """What became of a conversation that was added to the store."""

    is_new: bool
    """There was none of this id before."""
    message_count: int
    """Messages that were not there before."""
    is_saved: bool
    """False: in memory only for now, or the one that is there is read-only."""


@dataclass(frozen=True, slots=True)
class Emptied:
    """What became of the trash."""

    gone: tuple[str, ...] = ()
    """Ids of conversations whose files were moved away. For a week they can still be restored."""
    kept: tuple[tuple[str, str], ...] = ()
    """(id, why it must stay, in plain words)."""
    returned: tuple[str, ...] = ()
    """Ids of conversations that came back: another process restored or continued them meanwhile."""
    ended_count: int = 0
    """Conversations moved away more than a week ago, whose files are gone for good now."""


class ConversationStore(Protocol):
    """Saved conversations. One writer thread; no call blocks the event loop."""

    async def list(self, *, limit: int | None = None, include_trashed: bool = False) -> Sequence[ConversationSummary]:
        """Newest first by last change."""

    async def open(self, conversation_id: str) -> Conversation:
        """Raises KeyError when there is no such conversation."""

    async def append(self, conversation: Conversation, message: ChatMessage) -> bool:
        """Saves a message; True once it is durable. False: kept in memory and tried again until it is.

        The first message of a conversation also writes its header. A reply's record ends its checkpoints.
        Gives up waiting (False) after a few seconds on a hung file system; never raises for the disk.
        """

    def begin_reply(self, conversation: Conversation, reply: ChatMessage) -> None:
        """Announces a streaming reply: its checkpoints carry this message's facts for recovery.

        Again before the first checkpoint, as when another model gives it: the later facts count.
        """

    def checkpoint(self, reply_id: str, text: str, reasoning: str) -> None:
        """Adds newly streamed text to the partial file, at most once a second or every 4 KB. Cheap."""

    async def set_value(self, conversation: Conversation, key: str, value: object) -> bool:
        """Saves a setting: title, model, system, params, pin, archive, head. Last writer wins."""

    async def tag(self, conversation: Conversation, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> bool:
        """Adds and removes tags, and saves that."""

    async def note(self, conversation: Conversation, message_id: str, text: str) -> bool:
        """Keeps a note on a message, in place of an earlier one; empty text takes it away."""

    async def bookmark(self, conversation: Conversation, message_id: str, *, is_set: bool) -> bool:
        """Marks a message, or takes the mark away."""

    async def vote(self, conversation: Conversation, message_id: str, value: object) -> bool:
        """Keeps a verdict on a message (a JSON value); None takes it away."""

    async def votes(self) -> Sequence[Vote]:
        """All votes of all conversations that are not in the trash. Quick, however many conversations there are."""

    async def voter(self) -> str:
        """What the user is called in votes for others: made up, and always the same; empty when nothing is kept."""

    async def keep_record(self, conversation: Conversation, content: Mapping[str, object]) -> bool:
        """Adds a record of another type to those in `Conversation.extras`; its key "t" names the type."""

    async def add(self, conversation: Conversation) -> Addition:
        """Saves a whole conversation that was made elsewhere: imported or forked.

        Where there is one of this id already, what is missing is added and its settings stay. Adding the same
        twice changes nothing.
        """

    async def attachment(self, sha256: str) -> bytes | None:
        """The content of an attachment, checked against its SHA-256; None when it is not here."""

    async def find(self, part_of_id: str) -> str | None:
        """The id that is, starts with or ends with the text; None when there is none or more than one."""

    async def last_id(self) -> str | None:
        """The conversation changed last that is not trashed."""

    async def refresh(self, conversation: Conversation, *, is_thorough: bool = True) -> bool:
        """Takes over what other processes added since it was opened; True when something changed.

        Not thorough: looks at the files that are known only, which costs next to nothing.
        """

    async def trash(self, conversation_id: str) -> bool: ...

    async def restore(self, conversation_id: str) -> bool: ...

    async def empty_trash(self, *, days: float = 0) -> Emptied:
        """Takes away the files of conversations that have been in the trash for so many days; 0: of all of them.

        They can be restored for a week, then they are gone for good. One that was continued stays.
        """

    async def emptied(self) -> Sequence[ConversationSummary]:
        """What was taken away from the trash and can still be restored; newest first."""

    async def recover(self) -> int:
        """Turns partial replies of dead processes into messages marked interrupted; returns how many."""

    @property
    def status(self) -> SaveStatus: ...

    def watch_status(self, listener: Callable[[SaveStatus], None]) -> None:
        """Calls the listener, from the writer thread or the event loop, when the trouble changes."""

    async def close(self, budget_seconds: float = 2.0) -> SaveStatus:
        """Writes everything out; the status tells whether it worked in time."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """How a served model did the last time it was used."""

    first_delta_seconds: float | None
    tokens_per_second: float | None
    measured_at: float
    """Unix time in seconds."""


class MeasurementLog(Protocol):
    """Last measurement by `model@cluster`, kept between starts. A convenience: failures are silent."""

    def load(self) -> dict[str, Measurement]:
        """Reads the file; call off the event loop."""

    def record(self, model_key: str, measurement: Measurement) -> None:
        """Keeps and writes it in the background."""


class DraftKeeper(Protocol):
    """Keeps text that was typed and not sent, by conversation id (or "new"). Failures are silent."""

    def load(self, key: str) -> str:
        """Reads the file; call off the event loop."""

    def save(self, key: str, text: str) -> None:
        """Keeps and writes it in the background; empty text removes the draft."""
