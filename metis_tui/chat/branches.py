"""Branches of a conversation: siblings, which branch is shown, the tree as lines, forks. Pure.

Changes nothing but what it is told to; knows nothing of files or screens. No step recurses: a conversation may be
thousands of messages deep.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.identifiers import new_ulid

Newest = dict[str, tuple[int, int]]
"""By message id: the time of the newest message at or below it, and its place in the conversation."""
Children = dict["str | None", list[ChatMessage]]


def children_of(conversation: Conversation) -> Children:
    """The messages below each message, oldest first; below None the roots."""
    children: Children = {}
    for message in conversation.messages.values():
        parent = message.parent if message.parent in conversation.messages else None
        children.setdefault(parent, []).append(message)
    return children


class Place(NamedTuple):
    """Where a message stands among its siblings."""

    number: int
    """Counts from 1, oldest first."""
    siblings: tuple[str, ...]
    """Ids of all of them, the message itself included."""

    @property
    def of(self) -> int:
        """How many there are."""
        return len(self.siblings)

    def neighbour(self, step: int) -> str | None:
        """The sibling so many places further; None beyond the first and the last."""
        place = self.number - 1 + step
        return self.siblings[place] if 0 <= place < self.of else None


def places_on(conversation: Conversation, path: Iterable[ChatMessage]) -> dict[str, Place]:
    """The places of those messages that have siblings, by id.

    Whatever follows the same message is a sibling, a prompt and a reply that goes on, too: each begins a branch.
    """
    children = children_of(conversation)
    places = {}
    for message in path:
        parent = message.parent if message.parent in conversation.messages else None
        ids = tuple(sibling.id for sibling in children.get(parent, ()))
        if len(ids) > 1 and message.id in ids:
            places[message.id] = Place(ids.index(message.id) + 1, ids)
    return places


@dataclass(slots=True)
class ShownBranches:
    """Remembers which way was taken last at each fork, so that going back to a branch shows all of it again."""

    _taken: dict[str | None, str] = field(default_factory=dict)

    def saw(self, path: Iterable[ChatMessage]) -> None:
        """This branch is on screen."""
        for message in path:
            self._taken[message.parent] = message.id

    def end_through(self, conversation: Conversation, message_id: str) -> str:
        """The last message of the branch through a message: the way taken last, else towards the newest message.

        Raises KeyError when there is no such message.
        """
        children = children_of(conversation)
        newest = _newest_below(conversation, children)
        here = conversation.messages[message_id].id
        while below := children.get(here):
            ids = [child.id for child in below]
            taken = self._taken.get(here)
            here = taken if taken in ids else max(ids, key=newest.__getitem__)
        return here


def _newest_below(conversation: Conversation, children: Children) -> Newest:
    """For each message the time of the newest one at or below it; of equals the later one counts."""
    newest: Newest = {}
    for number, message in enumerate(conversation.messages.values()):
        newest[message.id] = (message.created_ms, number)
    for message in reversed(_top_down(children)):
        if message.parent in newest:
            newest[message.parent] = max(newest[message.parent], newest[message.id])
    return newest


def _top_down(children: Children, above: str | None = None) -> list[ChatMessage]:
    """Everything below a message, parents before children."""
    order: list[ChatMessage] = []
    waiting = list(children.get(above, ()))
    while waiting:
        message = waiting.pop()
        order.append(message)
        waiting += children.get(message.id, ())
    return order


def prompt_of(conversation: Conversation, message_id: str) -> ChatMessage | None:
    """The prompt that a message is or answers; None when nothing before it is a prompt."""
    cursor: str | None = message_id
    seen: set[str] = set()
    while cursor in conversation.messages and cursor not in seen:
        seen.add(cursor)
        message = conversation.messages[cursor]
        if message.role == "user":
            return message
        cursor = message.parent
    return None


class TreeLine(NamedTuple):
    """One message of the tree."""

    message: ChatMessage
    guides: str
    """Lines that tell where it hangs; empty on the trunk."""
    is_shown: bool
    """On the branch that is on screen."""
    place: Place | None
    """Among its siblings; None when it has none."""
    hidden_count: int
    """Messages below it that are folded away."""


@dataclass(slots=True)
class _Run:
    """A part of the tree that stands at one indentation: a message and what follows it."""

    message: ChatMessage
    outer: str
    """The guides of what it hangs on."""
    first: str | None
    """What its first line has instead of its own guides."""
    inner: str


def tree_lines(conversation: Conversation, folded: Collection[str] = ()) -> list[TreeLine]:
    """The whole conversation, top down. Only forks indent: side branches stand before the branch that goes on.

    The branch on screen is the trunk; elsewhere the one with the newest message goes on. What follows a folded
    message is left out.
    """
    children = children_of(conversation)
    newest = _newest_below(conversation, children)
    shown = {message.id for message in conversation.path()}
    places = places_on(conversation, conversation.messages.values())
    lines: list[TreeLine] = []
    waiting = _runs(children.get(None, []), "", shown, newest, is_top=True)
    while waiting:
        run = waiting.pop()
        message = run.message
        guides = run.first if run.first is not None else run.inner
        is_folded = message.id in folded
        hidden = len(_top_down(children, message.id)) if is_folded else 0
        lines.append(TreeLine(message, guides, message.id in shown, places.get(message.id), hidden))
        if not is_folded:
            waiting += _runs(children.get(message.id, []), run.inner, shown, newest)
    return lines


def _runs(
    below: list[ChatMessage],
    guides: str,
    shown: set[str],
    newest: Newest,
    *,
    is_top: bool = False,
) -> list[_Run]:
    """What comes next, the last one first: the branch that goes on, before it in the list the others."""
    if not below:
        return []
    trunk = next((message for message in below if message.id in shown), None)
    trunk = trunk or max(below, key=lambda message: newest[message.id])
    runs = [_Run(trunk, guides, None, guides)]
    sides = [message for message in below if message is not trunk]
    for number, message in reversed(list(enumerate(sides))):
        corner = "┌─" if is_top and number == 0 else "├─"
        runs.append(_Run(message, guides, guides + corner, guides + "│ "))
    return runs


_FORKED = re.compile(r" \(fork(?: (\d+))?\)$")


def fork_title(title: str) -> str:
    """`X (fork)`, and of that `X (fork 2)`."""
    match = _FORKED.search(title)
    if match is None:
        return f"{title} (fork)"
    return f"{title[: match.start()]} (fork {int(match[1] or 1) + 1})"


def fork(conversation: Conversation, message_id: str) -> Conversation:
    """A conversation of its own: the branch up to a message, copied, with settings, notes and bookmarks.

    Its messages have new ids, made of the time of the old ones: two conversations never share a message.

    Raises KeyError when there is no such message.
    """
    conversation.messages[message_id]
    path = replace(conversation, head=message_id).path()
    names = {message.id: new_ulid(message.created_ms) for message in path}
    now = int(time.time() * 1000)
    copy = Conversation(
        title=fork_title(conversation.title),
        created_ms=now,
        model=conversation.model,
        system=conversation.system,
        params=dict(conversation.params),
        tags=conversation.tags,
        notes={names[i]: text for i, text in conversation.notes.items() if i in names},
        bookmarks=tuple(names[i] for i in conversation.bookmarks if i in names),
        votes={names[i]: value for i, value in conversation.votes.items() if i in names},
        origin={"kind": "fork", "conv": conversation.id, "msg": message_id},
    )
    for message in path:
        parent = names.get(message.parent or "")
        copy.add(replace(message, id=names[message.id], parent=parent))
    copy.updated_ms = now
    return copy
