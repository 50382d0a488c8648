"""Turns a search into an FTS5 expression and conditions on columns. What the user typed never reaches FTS5 as syntax.

An expression finds every message that holds the words, and may find more: the text of each is looked at before it
is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from metis_tui.chat.matching import Matcher, Needle, composed, fold, is_unspaced
from metis_tui.chat.search import SearchQuery
from metis_tui.store.index.parts import ROLES
from metis_tui.store.index.vocabulary import LONGEST_WORD, Vocabulary

_WORDS_AT_MOST = 1000
"""Words that hold a part, for which an expression is made. With more of them nearly every message has one ..."""
_NUMBERS_AT_MOST = 4000
"""... unless they are numbers and the like, of which each may be in one message only."""
_VARIANTS_AT_MOST = 20
"""Phrases that are made of an identifier's first or last part."""


@dataclass(slots=True)
class Plan:
    """How candidates are found."""

    match: str = ""
    """FTS5 expression; empty: all messages are candidates."""
    whole: str = ""
    """The same for whole words only, which rank first; empty: nothing to rank by."""
    conditions: list[str] = field(default_factory=list)
    """SQL on the columns of msg m and conv c; all must hold."""
    values: list[object] = field(default_factory=list)
    oldest: int = 0
    """Number of the first message that can be meant."""
    newest: int = 1 << 62
    is_hopeless: bool = False
    """No message can hold all of it."""


def plan(query: SearchQuery, matcher: Matcher, vocabulary: Vocabulary, drift: int) -> Plan:
    """`drift`: how far a message's number is from its second at most."""
    made = Plan()
    wanted: list[str] = []
    whole: list[str] = []
    for needle in matcher.wanted:
        expression = _candidates(needle, vocabulary)
        if expression is None:
            made.is_hopeless = True
        elif expression:
            wanted.append(expression)
        if needle.pieces:
            whole.append(_phrase(needle.pieces))
    without = [_quoted(n.pieces[0]) for n in matcher.excluded if _is_one_word(n)]
    made.match = _joined(wanted, without)
    made.whole = _joined(whole, without)
    _filter_messages(made, query, drift)
    _filter_conversations(made, query)
    return made


def _is_one_word(needle: Needle) -> bool:
    return len(needle.pieces) == 1 and needle.pieces[0] == needle.folded


def _joined(wanted: list[str], without: list[str]) -> str:
    if not wanted:
        return ""
    expression = " AND ".join(f"({part})" for part in wanted)
    return f"({expression}) NOT ({' OR '.join(without)})" if without else expression


def _candidates(needle: Needle, vocabulary: Vocabulary) -> str | None:
    """The expression for one term; empty: any message may hold it; None: no message does."""
    if not needle.pieces:
        return ""
    if len(needle.pieces) > 1:
        return _compound(needle, vocabulary)
    (piece,) = needle.pieces
    is_start = needle.begins_word or not needle.folded.startswith(piece)
    is_end = needle.ends_word or not needle.folded.endswith(piece)
    if (is_start and is_end) or is_unspaced(piece) or len(piece) > LONGEST_WORD:
        return _quoted(piece)
    if is_start:
        return _beginning(piece, vocabulary)
    words = (vocabulary.ending if is_end else vocabulary.containing)(piece, _at_most(piece))
    if words is None:
        return ""
    return " OR ".join(map(_quoted, words)) if words else None


def _beginning(piece: str, vocabulary: Vocabulary) -> str | None:
    """Words that begin with the piece, as while it is being typed."""
    words = vocabulary.starting(piece, _at_most(piece))
    if words is None:
        return "" if piece.isalpha() else f"{_quoted(piece)} *"
    return " OR ".join(map(_quoted, words)) if words else None


def _at_most(piece: str) -> int:
    return _WORDS_AT_MOST if piece.isalpha() else _NUMBERS_AT_MOST


def _compound(needle: Needle, vocabulary: Vocabulary) -> str | None:
    """Several words in a row, such as `MPI_Allreduce`, `a.b.c` or Chinese; the outer ones may be parts of words."""
    parts = list(needle.pieces)
    first, last = [parts[0]], [parts[-1]]
    if needle.folded.startswith(parts[0]) and not (needle.begins_word or is_unspaced(parts[0])):
        first = _variants(vocabulary.ending(parts[0], _VARIANTS_AT_MOST))
    if needle.folded.endswith(parts[-1]) and not (needle.ends_word or is_unspaced(parts[-1])):
        last = _variants(vocabulary.starting(parts[-1], _VARIANTS_AT_MOST))
    if not first or not last:
        return None
    inner = parts[1:-1]
    phrases = [_phrase([word for word in (a, *inner, b) if word]) for a in first for b in last if a or b or inner]
    return " OR ".join(phrases)


def _variants(words: list[str] | None) -> list[str]:
    """An empty one, when there are too many: that part is left to the look at the text."""
    return [""] if words is None else words


def _phrase(words: Iterable[str]) -> str:
    return _quoted(" ".join(words))


def _quoted(text: str) -> str:
    return f'"{text}"'


def _filter_messages(made: Plan, query: SearchQuery, drift: int) -> None:
    if query.roles:
        numbers = ",".join(str(ROLES.index(role)) for role in query.roles)
        made.conditions.append(f"m.role IN ({numbers})")
    if query.has_code:
        made.conditions.append("m.code")
    if query.after_ms is not None:
        made.oldest = max(0, query.after_ms // 1000)
        made.conditions.append("m.created >= ?")
        made.values.append(query.after_ms)
    if query.before_ms is not None:
        made.newest = max(0, query.before_ms // 1000 + drift)
        made.conditions.append("m.created < ?")
        made.values.append(query.before_ms)
    if query.models:
        part = "instr(lower(coalesce(m.model, c.model, '')), ?)"
        made.conditions.append("(" + " OR ".join([part] * len(query.models)) + ")")
        made.values += [model.lower() for model in query.models]


def _filter_conversations(made: Plan, query: SearchQuery) -> None:
    for tag in query.tags:
        made.conditions.append("instr(c.tags, ?)")
        made.values.append(f"\n{fold(composed(tag))}\n")
    columns = {"pinned": "c.pin", "archived": "c.archive", "trash": "c.trash"}
    made.conditions += [columns[place] for place in query.places]
    if "trash" not in query.places:
        made.conditions.append("NOT c.trash")
