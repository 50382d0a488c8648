"""Changes to saved conversations that can be taken back: pin, archive, trash, tags, title. Knows no widget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from metis_tui.chat.conversation import Conversation, ConversationSummary
from metis_tui.chat.ports import ConversationStore

What = Literal["pin", "archive", "trash", "tags", "title"]
_MOST_KEPT = 50


@dataclass(frozen=True, slots=True)
class Change:
    """One property of one conversation, before and after."""

    conversation_id: str
    what: What
    before: object
    after: object

    @property
    def back(self) -> Change:
        return Change(self.conversation_id, self.what, self.after, self.before)

    def shown_in(self, summary: ConversationSummary) -> ConversationSummary:
        """The summary as it is after the change."""
        after = self.after
        match self.what:
            case "pin":
                return replace(summary, is_pinned=bool(after))
            case "archive":
                return replace(summary, is_archived=bool(after))
            case "trash":
                return replace(summary, is_trashed=bool(after))
            case "title":
                return replace(summary, title=str(after))
            case "tags":
                return replace(summary, tags=after if isinstance(after, tuple) else ())


@dataclass(frozen=True, slots=True)
class Step:
    """What one key did, to one conversation or several."""

    words: str
    """As it is told: "Moved to the trash"."""
    changes: tuple[Change, ...]


class Undo:
    """The last steps, newest last."""

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def keep(self, step: Step) -> None:
        if step.changes:
            self._steps.append(step)
            del self._steps[:-_MOST_KEPT]

    def take(self) -> Step | None:
        return self._steps.pop() if self._steps else None


def changes_to(
    summaries: Iterable[ConversationSummary], what: What, after: Callable[[ConversationSummary], object]
) -> tuple[Change, ...]:
    """What must be changed so that `after` holds of each; those of which it holds already are left out."""
    found = []
    for summary in summaries:
        before: object = {
            "pin": summary.is_pinned,
            "archive": summary.is_archived,
            "trash": summary.is_trashed,
            "tags": summary.tags,
            "title": summary.title,
        }[what]
        wanted = after(summary)
        if wanted != before:
            found.append(Change(summary.id, what, before, wanted))
    return tuple(found)


def tags_after(tags: Sequence[str], words: str) -> tuple[str, ...]:
    """Tags after a line such as "+mpi -old": a word without a sign is added, too."""
    kept = list(tags)
    for word in words.replace(",", " ").split():
        tag = word.lstrip("+-#")
        if not tag:
            continue
        same = [known for known in kept if known.casefold() == tag.casefold()]
        if word.startswith("-"):
            kept = [known for known in kept if known not in same]
        elif not same:
            kept.append(tag)
    return tuple(kept)


async def carry_out(change: Change, store: ConversationStore, current: Conversation) -> bool:
    """Makes the change to the saved conversation; False when it is only in memory for now or is read-only.

    `current` is the conversation in the chat: it is changed itself, so that both agree.

    Raises:
        KeyError: there is no such conversation any more.
    """
    if change.what == "trash":
        is_done = await (store.trash if change.after else store.restore)(change.conversation_id)
        if current.id == change.conversation_id:
            current.is_trashed = bool(change.after)
        return is_done
    is_current = current.id == change.conversation_id and not current.is_empty
    conversation = current if is_current else await store.open(change.conversation_id)
    if conversation.is_read_only:
        return False
    if change.what == "tags":
        before, after = _tags(change.before), _tags(change.after)
        added = [tag for tag in after if tag not in before]
        return await store.tag(conversation, add=added, remove=[tag for tag in before if tag not in after])
    return await store.set_value(conversation, change.what, change.after)


def _tags(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()
