"""Understands what a user types into a search box. Pure: searches nothing.

words all of them   "a phrase"   -without   model:llama   tag:vasp   role:reply   after:7d   before:2026-11-25
is:pinned is:archived is:trash   has:code   sort:best sort:newest
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from metis_tui.chat.conversation import ConversationSummary, Role
from metis_tui.chat.matching import Matcher, composed, fold
from metis_tui.chat.search import Order, Place, SearchQuery, Term

_V = TypeVar("_V")

FILTERS = ("model", "tag", "role", "before", "after", "is", "has", "sort")
"""What can stand before a colon."""
ROLES: dict[str, Role] = {
    **dict.fromkeys(("user", "prompt", "prompts", "you", "me"), "user"),
    **dict.fromkeys(("assistant", "reply", "replies", "answer", "model"), "assistant"),
    "system": "system",
}
PLACES: dict[str, Place] = {
    **dict.fromkeys(("pinned", "pin"), "pinned"),
    **dict.fromkeys(("archived", "archive"), "archived"),
    **dict.fromkeys(("trash", "trashed"), "trash"),
}
ORDERS: dict[str, Order] = {
    **dict.fromkeys(("newest", "new", "date"), "newest"),
    **dict.fromkeys(("best", "match", "relevance"), "best"),
}

_TOKEN = re.compile(
    r"""
    (?P<minus>-(?=["\w]))?
    (?: (?P<key>model|tag|role|before|after|is|has|sort):(?:"(?P<quoted>[^"]*)"?|(?P<value>\S*))
      | "(?P<phrase>[^"]*)(?P<end>"?)
      | (?P<word>\S+)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_SPAN = re.compile(r"(\d{1,4})([hdwmy])", re.ASCII)
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)


@dataclass(slots=True)
class _Draft:
    """A query in the making."""

    now: float
    terms: list[Term] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    after_ms: int | None = None
    before_ms: int | None = None
    has_code: bool = False
    order: Order = "newest"
    problems: list[str] = field(default_factory=list)

    def take(self, key: str, value: str) -> None:
        values = [part.strip() for part in value.split(",") if part.strip()]
        match key:
            case "model":
                self.models += values
            case "tag":
                self.tags += values
            case "role":
                self.roles += self._known(key, values, ROLES, "prompt, reply or system")
            case "is":
                self.places += self._known(key, values, PLACES, "pinned, archived or trash")
            case "has":
                self.has_code = bool(self._known(key, values, {"code": True}, "code")) or self.has_code
            case "sort":
                self.order = (self._known(key, values, ORDERS, "newest or best") or [self.order])[-1]
            case "after" | "before":
                self._take_date(key, value.strip())

    def _known(self, key: str, values: list[str], known: dict[str, _V], choice: str) -> list[_V]:
        self.problems += [f"{key}: takes {choice}, not “{v}”." for v in values if v.lower() not in known]
        return [known[v.lower()] for v in values if v.lower() in known]

    def _take_date(self, key: str, value: str) -> None:
        moment = moment_ms(value, self.now)
        if moment is None:
            self.problems.append(f"{key}: takes a date such as 2026-11-25, 2026-11, 7d, 2w or today, not “{value}”.")
        elif key == "after":
            self.after_ms = moment if self.after_ms is None else max(moment, self.after_ms)
        else:
            self.before_ms = moment if self.before_ms is None else min(moment, self.before_ms)

    def finished(self) -> SearchQuery:
        if self.after_ms is not None and self.before_ms is not None and self.after_ms >= self.before_ms:
            self.problems.append("No message can be that new (after:) and that old (before:) at once.")
        return SearchQuery(
            terms=tuple(self.terms),
            models=tuple(dict.fromkeys(self.models)),
            tags=tuple(dict.fromkeys(self.tags)),
            roles=tuple(dict.fromkeys(self.roles)),
            after_ms=self.after_ms,
            before_ms=self.before_ms,
            places=tuple(dict.fromkeys(self.places)),
            has_code=self.has_code,
            order=self.order,
        )


def parse_query(text: str, *, now: float, typing: bool = False) -> tuple[SearchQuery, tuple[str, ...]]:
    """What is asked for, and what in it makes no sense, in plain words; the rest is asked for all the same.

    Args:
        now: Unix time in seconds; dates are local ones.
        typing: the last word goes on, so any word that begins so will do; a filter without a value is no problem.
    """
    draft = _Draft(now)
    for match in _TOKEN.finditer(text):
        is_last = typing and match.end() == len(text)
        if match["key"] is not None:
            _take_filter(draft, match, is_last)
        elif match["phrase"] is not None:
            is_open = is_last and not match["end"]
            _take_term(draft, Term(match["phrase"].strip(), True, is_open, match["minus"] is not None))
        else:
            is_excluded = match["minus"] is not None
            _take_term(draft, Term(match["word"], False, is_last and not is_excluded, is_excluded))
    return draft.finished(), tuple(draft.problems)


def _take_filter(draft: _Draft, match: re.Match[str], is_last: bool) -> None:
    key = match["key"].lower()
    value = (match["quoted"] if match["quoted"] is not None else match["value"]).strip(" ,")
    if match["minus"] is not None:
        draft.problems.append(f"A filter cannot be turned around: -{key}: is left out.")
    elif value:
        before = len(draft.problems)
        draft.take(key, value)
        if is_last and key in ("role", "is", "has", "sort", "before", "after"):
            del draft.problems[before:]  # it may make sense with the next letter
    elif not is_last:
        draft.problems.append(f"{key}: says nothing.")


def _take_term(draft: _Draft, term: Term) -> None:
    if term.text.strip(" -"):
        draft.terms.append(term)


def moment_ms(text: str, now: float) -> int | None:
    """The Unix time in ms at which a date begins, or that was so long ago: 2026-11-25, 2026-11, 2026, 7d, 3w, 2m, 1y,
    12h, today, yesterday; None when it is none of these.
    """
    text = text.lower()
    today = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        if text in ("today", "yesterday"):
            return _ms(today - timedelta(days=text == "yesterday"))
        if span := _SPAN.fullmatch(text):
            return _ms(_ago(datetime.fromtimestamp(now), int(span[1]), span[2]))
        if day := _DAY.fullmatch(text):
            return _ms(datetime(int(day[1]), int(day[2] or 1), int(day[3] or 1)))
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _ago(moment: datetime, count: int, unit: str) -> datetime:
    if unit in "hdw":
        hours = {"h": 1, "d": 24, "w": 7 * 24}[unit]
        return moment - timedelta(hours=count * hours)
    months = moment.year * 12 + moment.month - 1 - count * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    for day in range(moment.day, 0, -1):  # there is no 31st of every month
        try:
            return moment.replace(year=year, month=month + 1, day=day)
        except ValueError:
            if day <= 28:
                raise
    raise ValueError("no such day")


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def summary_matches(query: SearchQuery, summary: ConversationSummary) -> bool:
    """Whether a conversation passes the filters, as far as a list knows it: not words, role: and has:."""
    model = (summary.model or "").casefold()
    tags = {fold(composed(tag)) for tag in summary.tags}
    is_in: dict[Place, bool] = {
        "pinned": summary.is_pinned,
        "archived": summary.is_archived,
        "trash": summary.is_trashed,
    }
    return (
        all(is_in[place] for place in query.places)
        and ("trash" in query.places or not summary.is_trashed)
        and (not query.models or any(part.casefold() in model for part in query.models))
        and all(fold(composed(tag)) in tags for tag in query.tags)
        and (query.after_ms is None or summary.updated_ms >= query.after_ms)
        and (query.before_ms is None or summary.created_ms < query.before_ms)
    )


def title_matcher(query: SearchQuery) -> Callable[[ConversationSummary], bool]:
    """Tells whether a conversation's title holds all the words; False for queries without words."""
    matcher = Matcher(query.terms)
    return lambda summary: bool(matcher.wanted) and matcher.matches(summary.title)


def words_to_highlight(query: SearchQuery) -> tuple[str, ...]:
    """The words and phrases that make a message a hit. Where they are in a text: `matching.Matcher.spans`."""
    return tuple(term.text for term in query.terms if not term.is_excluded)
