"""What several replies agree on and what they do not, as far as it can be read off: see `chat.facts`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from metis_tui.chat.facts import FACT_KINDS, FactKind, Mention, mentions


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that one reply or more say."""

    kind: FactKind
    key: str
    shown: str
    """As the first reply that says it writes it."""
    places: tuple[tuple[tuple[int, int], ...], ...]
    """For each lane where it says so: (start, end) in its text."""
    subject: str = ""
    """What it is a value of; empty when that is not known."""
    others: tuple[str, ...] = ()
    """What lanes that do not say it say of the same subject."""

    @property
    def lanes(self) -> tuple[int, ...]:
        """The lanes that say it."""
        return tuple(lane for lane, places in enumerate(self.places) if places)

    @property
    def is_contested(self) -> bool:
        """Some lane says something else of the same subject instead."""
        return bool(self.others)


@dataclass(frozen=True, slots=True)
class Agreement:
    """All facts of some replies."""

    differing: tuple[Fact, ...]
    """What not all of them say: contested ones first, those of one subject together; numbers before names."""
    agreed: tuple[Fact, ...]
    """What all of them say."""


def agreement(*replies: str) -> Agreement:
    """Compares two replies or more. Some ten ms for each: call off the event loop."""
    by_lane = [mentions(reply) for reply in replies]
    places: dict[tuple[FactKind, str], list[list[Mention]]] = {}
    for lane, found in enumerate(by_lane):
        for mention in found:
            known = places.setdefault((mention.kind, mention.key), [[] for _ in replies])
            known[lane].append(mention)
    subjects = _said_of(by_lane)
    facts = [_fact(kind, key, found, replies, subjects) for (kind, key), found in places.items()]
    first: dict[tuple[FactKind, str], tuple[int, int]] = {}
    for fact in facts:
        group = _group(fact)
        first[group] = min(first.get(group, _place(fact)), _place(fact))
    facts.sort(key=lambda f: (not f.is_contested, FACT_KINDS.index(f.kind), first[_group(f)], _place(f)))
    return Agreement(
        tuple(fact for fact in facts if len(fact.lanes) < len(replies)),
        tuple(fact for fact in facts if len(fact.lanes) == len(replies)),
    )


_Subjects = Sequence[dict[tuple[FactKind, str], dict[str, Mention]]]
"""For each lane what it says of each subject."""


def _said_of(by_lane: Iterable[Sequence[Mention]]) -> _Subjects:
    said = []
    for found in by_lane:
        subjects: dict[tuple[FactKind, str], dict[str, Mention]] = {}
        for mention in found:
            if mention.subject:
                subjects.setdefault((mention.kind, mention.subject), {}).setdefault(mention.key, mention)
        said.append(subjects)
    return said


def _fact(
    kind: FactKind, key: str, found: Sequence[Sequence[Mention]], replies: Sequence[str], subjects: _Subjects
) -> Fact:
    first_lane = next(lane for lane, places in enumerate(found) if places)
    first = found[first_lane][0]
    subject = next((mention.subject for places in found for mention in places if mention.subject), "")
    others: dict[str, None] = {}
    for lane, places in enumerate(found):
        if places or not subject:
            continue
        for other_key, mention in subjects[lane].get((kind, subject), {}).items():
            # what both say is no contradiction of what one of them says besides
            if not any(other_key in subjects[by].get((kind, subject), {}) for by, own in enumerate(found) if own):
                others.setdefault(_shown(mention, replies[lane]))
    return Fact(
        kind,
        key,
        _shown(first, replies[first_lane]),
        tuple(tuple((mention.start, mention.end) for mention in places) for places in found),
        subject,
        tuple(others),
    )


def _shown(mention: Mention, text: str) -> str:
    """With the noun that a number counts, or the name that it is given to."""
    if mention.subject.endswith("="):
        return mention.subject + text[mention.start : mention.end]
    if mention.kind != "number" or not mention.subject or mention.key.endswith(f" {mention.subject}"):
        return " ".join(text[mention.start : mention.end].split())
    rest = text[mention.end : mention.end + 40].split()
    return " ".join([text[mention.start : mention.end], *rest[:1]]).rstrip(".,;:)*_`")


def _group(fact: Fact) -> tuple[FactKind, str]:
    """Facts that are listed together."""
    return fact.kind, fact.subject if fact.is_contested else f"only {fact.key}"


def _place(fact: Fact) -> tuple[int, int]:
    lane = fact.lanes[0]
    return lane, fact.places[lane][0][0]
