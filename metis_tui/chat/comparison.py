"""One prompt to several models at once: lanes that leave together, and the record that finds a comparison again.

Headless: knows the engine and the store's port, no widgets. A lane is a view of the conversation: all share its
messages, each has its own end.
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from metis_tui.chat.catalog import Catalog, ServedModel
from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.departures import StartLine
from metis_tui.chat.fair_timing import new_seed, shuffled
from metis_tui.chat.identifiers import new_ulid
from metis_tui.chat.turn import TurnEvent, TurnStarted

if TYPE_CHECKING:
    from metis_tui.chat.engine import ChatEngine

RECORD = "x-comparison"
"""Type of the record that a comparison leaves in its conversation."""
MOST_LANES = 9
"""As many as digits choose."""


class RequestSent(NamedTuple):
    """All lanes were ready: the lane's request leaves now."""


LaneEvent = TurnEvent | RequestSent


class ComparisonKeeper(Protocol):
    """Keeps what becomes of a comparison; every `ConversationStore` does. All return True once it is kept."""

    async def vote(self, conversation: Conversation, message_id: str, value: object) -> bool: ...

    async def keep_record(self, conversation: Conversation, content: Mapping[str, object]) -> bool: ...

    async def set_value(self, conversation: Conversation, key: str, value: object) -> bool: ...


@dataclass(eq=False)
class Lane:
    """One model's column."""

    model: ServedModel
    thread: Conversation
    """Shares the messages of the conversation; its head is where this lane is."""

    @property
    def reply(self) -> ChatMessage | None:
        """The lane's last reply; None while there is none, or another one is on its way."""
        message = self.thread.messages.get(self.thread.head or "")
        return message if message is not None and message.role == "assistant" else None

    def messages(self, after: str) -> list[ChatMessage]:
        """What the lane holds after a message, oldest first."""
        path = self.thread.path()
        place = next((n for n, message in enumerate(path) if message.id == after), -1)
        return path[place + 1 :]


Turns = dict[Lane, AsyncGenerator[LaneEvent, None]]
"""One turn for each lane. Run all of them, each in a task of its own: they leave when all are ready."""


@dataclass(eq=False)
class Comparison:
    """A prompt and its lanes.

    Args:
        engine: answers prompts; None: the comparison is only looked at and voted on.
        prompt_id: the prompt whose context goes to all of them.
        seed: shuffles the order in which requests leave; kept, so that it can be looked at.
    """

    engine: ChatEngine | None
    store: ComparisonKeeper
    conversation: Conversation
    prompt_id: str
    seed: int = field(default_factory=new_seed)
    id: str = field(default_factory=new_ulid)
    is_blind: bool = False
    lanes: list[Lane] = field(default_factory=list)
    orders: list[list[str]] = field(default_factory=list)
    """`model@cluster` in the order in which the requests of each round left."""

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    @property
    def prompt(self) -> ChatMessage:
        return self.conversation.messages[self.prompt_id]

    def add(self, model: ServedModel, reply_id: str | None = None) -> Lane:
        """A lane more; with a reply that is there already it needs no call."""
        end = reply_id if reply_id in self.conversation.messages else self.prompt_id
        lane = Lane(model, replace(self.conversation, model=model.key, head=end))
        self.lanes.append(lane)
        return lane

    def remove(self, lane: Lane) -> None:
        """Takes a lane away; its replies stay in the conversation."""
        self.lanes.remove(lane)

    def shuffle(self) -> None:
        """Changes the lanes' places, so that a place tells nothing of the model."""
        self._chance.shuffle(self.lanes)

    # --- turns ------------------------------------------------------------------------------------

    @property
    def _asked(self) -> ChatEngine:
        if self.engine is None:
            raise RuntimeError("this comparison asks nobody")
        return self.engine

    def first_replies(self, lanes: Sequence[Lane]) -> Turns:
        """Turns that ask for replies to the prompt itself. Run all of them, each in a task of its own."""
        for lane in lanes:
            lane.thread.head = self.prompt_id
        return self._round({lane: self._asked.regenerate(lane.thread, self.prompt_id, lane.model) for lane in lanes})

    def ask_again(self, lane: Lane) -> Turns:
        """Another reply in place of the lane's last one, which stays beside it."""
        prompts = [message.id for message in lane.thread.path() if message.role == "user"]
        return self._round({lane: self._asked.regenerate(lane.thread, prompts[-1], lane.model)})

    def follow_up(self, text: str, lanes: Sequence[Lane]) -> Turns:
        """The next prompt, to each lane in its own thread."""
        return self._round({lane: self._asked.send(lane.thread, text, lane.model) for lane in lanes})

    def _round(self, turns: dict[Lane, AsyncGenerator[TurnEvent, None]]) -> Turns:
        lanes = list(turns)
        order = shuffled(len(lanes), self._chance)
        self.orders.append([lanes[number].model.key for number in order])
        line = StartLine(order)
        return {lane: self._run(number, turns[lane], line) for number, lane in enumerate(lanes)}

    async def _run(
        self, number: int, turn: AsyncGenerator[TurnEvent, None], line: StartLine
    ) -> AsyncGenerator[LaneEvent, None]:
        try:
            async with aclosing(turn) as events:
                async for event in events:
                    yield event
                    if isinstance(event, TurnStarted):  # everything is ready but the request itself
                        await line.ready(number)
                        yield RequestSent()
        finally:
            line.give_up(number)

    # --- what is kept -----------------------------------------------------------------------------

    def gather(self) -> None:
        """Brings everything that the lanes hold into the conversation, whose own branch stays."""
        for lane in self.lanes:
            self.conversation.messages.update(lane.thread.messages)
        newest = max((m.created_ms for m in self.conversation.messages.values()), default=0)
        self.conversation.updated_ms = max(self.conversation.updated_ms, newest)

    async def keep(self) -> bool:
        """Saves which replies belong together, so that the comparison can be opened again."""
        self.gather()
        heads = [(lane.model.key, lane.thread.head) for lane in self.lanes]
        content = record_of(self.prompt_id, heads, self.orders, self.seed, id=self.id, is_blind=self.is_blind)
        return await self.store.keep_record(self.conversation, content)

    async def choose(self, lane: Lane) -> bool:
        """Goes on with this lane: its end is the branch that the conversation shows, its model the one to send to."""
        self.gather()
        self.conversation.model = lane.model.key
        await self.store.set_value(self.conversation, "model", lane.model.key)
        return await self.store.set_value(self.conversation, "head", lane.thread.head)


def record_of(
    prompt_id: str,
    lanes: Sequence[tuple[str, str | None]],
    orders: Sequence[Sequence[str]],
    seed: int,
    *,
    id: str,
    is_blind: bool = False,
) -> dict[str, object]:
    """What a comparison leaves in its conversation; `lanes` are (`model@cluster`, the lane's last message)."""
    content: dict[str, object] = {
        "t": RECORD,
        "id": id,
        "msg": prompt_id,
        "lanes": [{"model": model, "head": head} for model, head in lanes],
        "orders": [list(order) for order in orders],
        "seed": seed,
    }
    return {**content, "blind": True} if is_blind else content


def comparisons_in(conversation: Conversation) -> dict[str, Mapping[str, Any]]:
    """The newest record of each comparison, by the id of its prompt; those whose prompt is gone are left out."""
    found: dict[str, Mapping[str, Any]] = {}
    for record in conversation.extras:
        prompt_id = record.get("msg")
        if record.get("t") == RECORD and isinstance(prompt_id, str) and prompt_id in conversation.messages:
            found.pop(prompt_id, None)
            found[prompt_id] = record
    return found


def reopened(
    engine: ChatEngine,
    store: ComparisonKeeper,
    conversation: Conversation,
    record: Mapping[str, Any],
    catalog: Catalog,
) -> Comparison:
    """The comparison that a record tells of. Models that are not served any more still show their replies."""
    seed = record.get("seed")
    comparison = Comparison(
        engine,
        store,
        conversation,
        str(record.get("msg")),
        seed=seed if isinstance(seed, int) else 0,
        id=str(record.get("id") or new_ulid()),
        is_blind=record.get("blind") is True,
    )
    for fields in record.get("lanes") or ():
        if not isinstance(fields, dict) or not isinstance(fields.get("model"), str):
            continue
        key, head = fields["model"], fields.get("head")
        name, _, cluster = key.rpartition("@")
        model = catalog.find(key) or ServedModel(name or key, cluster, "", "")
        comparison.add(model, head if isinstance(head, str) else None)
    return comparison
