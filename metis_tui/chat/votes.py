"""Votes: what a person said of one comparison, and votes of several people put together.

Knows how a vote looks as a JSON value, for a record and for a file that is given to others; nothing of files,
screens or of what a ranking makes of votes.

A file for others holds no prompt, no reply and no id of this store: a comparison is named by a fingerprint of its
prompt's id, so that two people's votes on the same comparison can be told from one vote that came twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.printable import printable_line

Verdict = Literal["best", "tie", "bad"]
"""One lane is the best; all are as good; all are bad."""

VERDICTS: tuple[Verdict, ...] = ("best", "tie", "bad")
REASON_LIMIT = 400
"""Characters."""
EXPORT_FORMAT = "metis-tui votes"
EXPORT_VERSION = 1
_FINGERPRINT = "cmp-"


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's verdict on one comparison."""

    prompt_id: str
    """Of the prompt message that the lanes answer; in votes from a file its fingerprint."""
    models: tuple[str, ...]
    """`model@cluster` of each lane, in the order of the lanes."""
    verdict: Verdict
    best: int | None = None
    """Index of the best lane; None unless the verdict is "best"."""
    replies: tuple[str, ...] = ()
    """Ids of the lanes' replies in the same order; empty in votes from a file."""
    reason: str = ""
    """One line, as the voter wrote it."""
    is_blind: bool = False
    """The names were hidden until the vote."""
    is_same_speed: bool = False
    """The lanes were shown in lock-step, so that speed could not tell them apart."""
    created_ms: int = 0
    tags: tuple[str, ...] = ()
    """Of the conversation."""
    voter: str = ""
    """Who voted; empty: the user of this program."""

    def __post_init__(self) -> None:
        """Raises ValueError when the verdict and the lanes do not go together."""
        if self.verdict not in VERDICTS:
            raise ValueError(f"no verdict: {self.verdict!r:.40}")
        if not self.models or (self.replies and len(self.replies) != len(self.models)):
            raise ValueError("a vote needs one reply of each lane's model")
        if self.verdict == "best":
            if self.best is None or not 0 <= self.best < len(self.models):
                raise ValueError("the best lane is none of the lanes")
        elif self.best is not None:
            raise ValueError("only the verdict 'best' names a lane")

    @property
    def comparison(self) -> str:
        """The fingerprint of the comparison: the same for all who vote on it, and no way back to the prompt's id."""
        if self.prompt_id.startswith(_FINGERPRINT):
            return self.prompt_id
        return _FINGERPRINT + hashlib.sha256(self.prompt_id.encode("utf-8", "replace")).hexdigest()[:16]

    def as_value(self) -> dict[str, object]:
        """The JSON value to keep; see `vote_from`. What is not set is left out."""
        value: dict[str, object] = {"verdict": self.verdict, "models": list(self.models)}
        if self.best is not None:
            value["best"] = self.best
        if self.replies:
            value["replies"] = list(self.replies)
        if reason := printable_line(self.reason, REASON_LIMIT):
            value["reason"] = reason
        if self.is_blind:
            value["blind"] = True
        if self.is_same_speed:
            value["same_speed"] = True
        if self.created_ms:
            value["created"] = self.created_ms
        if self.tags:
            value["tags"] = list(self.tags)
        if self.voter:
            value["voter"] = self.voter
        return value


def vote_from(prompt_id: str, value: object) -> Vote | None:
    """The vote in a JSON value; None when there is none that this program understands. Unknown keys do not matter."""
    if not isinstance(value, Mapping):
        return None
    models, replies = _texts(value.get("models")), _texts(value.get("replies"))
    best, created = value.get("best"), value.get("created")
    verdict = value.get("verdict")
    reason, voter = value.get("reason"), value.get("voter")
    try:
        return Vote(
            prompt_id=prompt_id,
            models=models,
            verdict=verdict if isinstance(verdict, str) else "",  # type: ignore[arg-type]
            best=best if verdict == "best" and isinstance(best, int) and not isinstance(best, bool) else None,
            replies=replies if len(replies) == len(models) else (),
            reason=printable_line(reason, REASON_LIMIT) if isinstance(reason, str) else "",
            is_blind=value.get("blind") is True,
            is_same_speed=value.get("same_speed") is True,
            created_ms=created if isinstance(created, int) and not isinstance(created, bool) else 0,
            tags=_texts(value.get("tags")),
            voter=printable_line(voter, 60) if isinstance(voter, str) else "",
        )
    except ValueError:
        return None


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        return ()
    return tuple(value)


def votes_of(conversation: Conversation) -> list[Vote]:
    """The votes kept with a conversation, with its tags of today, in the order in which they were given."""
    found = [vote_from(prompt_id, value) for prompt_id, value in conversation.votes.items()]
    return [replace(vote, tags=conversation.tags) for vote in found if vote is not None]


# Several people's votes


def joined(mine: Iterable[Vote], others: Iterable[Vote] = ()) -> list[Vote]:
    """All votes, each once: the same vote met twice counts once, and of one voter's votes on one comparison the last.

    A voter who changed a mind after giving a file away is known by the name in it. Earlier ones in the arguments
    stay where two are the same.
    """
    latest: dict[tuple[str, str], Vote] = {}
    for vote in (*mine, *others):
        key = (vote.comparison, vote.voter)
        if key not in latest or vote.created_ms > latest[key].created_ms:
            latest[key] = vote
    exact: dict[object, Vote] = {}
    for vote in latest.values():
        exact.setdefault((vote.comparison, vote.created_ms or vote.voter, vote.models, vote.verdict, vote.best), vote)
    return list(exact.values())


def as_export(votes: Iterable[Vote], *, is_anonymous: bool = False) -> dict[str, object]:
    """The document that is given to others. Anonymous: without reasons, tags and names of voters.

    Even then different voters stay different ones, by a number: else two votes on one comparison would count once.
    """
    numbers: dict[str, str] = {}
    entries = []
    for vote in votes:
        if is_anonymous:
            name = numbers.setdefault(vote.voter, f"anonymous-{_short(vote.voter)}")
            vote = replace(vote, reason="", tags=(), voter=name)
        entries.append({"comparison": vote.comparison, **replace(vote, replies=()).as_value()})
    return {"format": EXPORT_FORMAT, "version": EXPORT_VERSION, "votes": entries}


def _short(voter: str) -> str:
    return hashlib.sha256(b"voter:" + voter.encode("utf-8", "replace")).hexdigest()[:8]


def from_export(document: object) -> tuple[list[Vote], int]:
    """The votes in such a document, and how many of its entries are none.

    Raises:
        ValueError: it is no such document, or one of a later version; the text says which.
    """
    if not isinstance(document, Mapping) or document.get("format") != EXPORT_FORMAT:
        raise ValueError("it holds no exported votes")
    version = document.get("version")
    if not isinstance(version, int) or version > EXPORT_VERSION:
        raise ValueError("it was written by a later version of this program")
    entries = document.get("votes")
    votes: list[Vote] = []
    bad = 0
    for entry in entries if isinstance(entries, list) else []:
        name = entry.get("comparison") if isinstance(entry, Mapping) else None
        vote = vote_from(name, entry) if isinstance(name, str) and name.startswith(_FINGERPRINT) else None
        if vote is None:
            bad += 1
        else:
            votes.append(vote)
    return votes, bad
