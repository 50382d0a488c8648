"""Finds in a reply what can be checked: numbers, names, paths, options, citations, addresses. Pure.

Finds what is written, not what is meant, and rather leaves something out than points at what is no fact: numbers of
lists and headings, single digits without a unit and the like are left out. What is written in different ways and
means the same has the same key: 1,024 and 1024; 1 GiB and 1024 MiB; 3.5e-4 and 3.5 × 10⁻⁴; f() and `f`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Literal, NamedTuple

from metis_tui.chat.difference import code_blocks
from metis_tui.chat.fact_patterns import CODE, INLINE, INLINE_CODE, NOTHING, PROSE, SHELL, SHELLS
from metis_tui.chat.quantities import STOP_WORDS, in_digits, measured, value_of

FactKind = Literal["number", "name", "path", "option", "citation", "address"]
FACT_KINDS: tuple[FactKind, ...] = ("number", "name", "path", "option", "citation", "address")
"""In the order in which they are listed."""


class Mention(NamedTuple):
    """One place at which a reply says something that can be checked."""

    kind: FactKind
    key: str
    """The same for all ways to write it."""
    subject: str
    """What it is a value of, such as a unit, a noun or an option; empty when that is not known. Mentions with one
    subject and different keys contradict each other, or speak of different things of one sort."""
    start: int
    end: int


def mentions(text: str) -> list[Mention]:
    """All of them, in the order of the text; none overlaps another."""
    finder = _Finder(text)
    for block in code_blocks(text):
        body = text.find("\n", block.start, block.end) + 1 or block.end
        finder.look(block.start, body, NOTHING)
        finder.look(body, block.end, SHELL if block.language in SHELLS else CODE, block.language)
    for start, end in finder.free():
        for match in INLINE.finditer(text, start, end):
            finder.look(match.start(), match.end(), INLINE_CODE)
    for start, end in finder.free():
        finder.look(start, end, PROSE)
    return sorted(finder.found, key=lambda mention: mention.start)


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


_MONTHS = _set_of("January February March April May June July August September October November December")
_KEYWORDS = _set_of(
    "if for while return and or not in is elif else switch case catch except with assert lambda def class fn func "
    "function subroutine sizeof typeof print printf yield del raise new delete throw await async match do call "
    "CALL import from use self super int str float len range list dict set tuple bool type main open input min "
    "max sum abs round sorted enumerate zip map filter any all isinstance format"
)
"""Names before a bracket that say nothing: keywords, and what every program calls."""


class _Finder:
    """Looks at parts of a text, each with its own idea of what can be there."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.found: list[Mention] = []
        self._looked_at: list[tuple[int, int]] = []

    def look(self, start: int, end: int, pattern: re.Pattern[str], language: str = "") -> None:
        self._looked_at.append((start, end))
        at = start
        while (match := pattern.search(self._text, at, end)) is not None:
            mention = _mention(match, self._text, is_prose=pattern is PROSE, is_code=pattern in (CODE, SHELL))
            if mention is not None:
                self.found.append(mention)
            at = max(match.end() if mention is None else mention.end, at + 1)

    def free(self) -> Iterator[tuple[int, int]]:
        """The parts not looked at yet."""
        at = 0
        for start, end in sorted(self._looked_at):
            if start > at:
                yield at, start
            at = max(at, end)
        if at < len(self._text):
            yield at, len(self._text)


def _mention(match: re.Match[str], text: str, *, is_prose: bool, is_code: bool) -> Mention | None:
    groups = match.groupdict()
    for name, make in _MAKERS.items():
        if groups.get(name) is not None:
            return make(match, name)
    if groups.get("number") is not None:
        return _number(match, text, is_prose=is_prose, is_code=is_code)
    return None


# Names, paths, options, citations, addresses


def _url(match: re.Match[str], name: str) -> Mention | None:
    shown = match[name].rstrip(".,;:!?*_")
    key = re.sub(r"^https?://(www\.)?", "", shown).rstrip("/")
    host, slash, rest = key.partition("/")
    if host.casefold() in ("doi.org", "dx.doi.org"):
        return Mention("citation", f"doi {rest.casefold()}", "", match.start(name), match.start(name) + len(shown))
    if arxiv := re.match(r"(?:abs|pdf)/(\d{4}\.\d{4,5})", rest) if host.casefold() == "arxiv.org" else None:
        return Mention("citation", f"arXiv {arxiv[1]}", "", match.start(name), match.start(name) + len(shown))
    return Mention("address", host.casefold() + slash + rest, "", match.start(name), match.start(name) + len(shown))


def _doi(match: re.Match[str], name: str) -> Mention | None:
    shown = match[name].rstrip(".,;:!?*_")
    if shown.endswith(")") and shown.count("(") < shown.count(")"):
        shown = shown[:-1]
    number = shown[shown.index("10.") :]
    return Mention("citation", f"doi {number.casefold()}", "", match.start(name), match.start(name) + len(shown))


def _arxiv(match: re.Match[str], name: str) -> Mention | None:
    return Mention("citation", f"arXiv {match['arxiv_id']}", "", *match.span(name))


def _author(match: re.Match[str], name: str) -> Mention | None:
    first = re.split(r"[\s,]", match[f"{name}_name"])[0].rstrip("'’")
    if first in _MONTHS or first.casefold() in STOP_WORDS:
        return None
    end = match.end(name) - (match[name].endswith(")") and "(" not in match[name])
    return Mention("citation", f"{first} {match[f'{name}_year']}", "", match.start(name), end)


def _reference(match: re.Match[str], name: str) -> Mention | None:
    return Mention("citation", re.sub(r"\s", "", match[name]), "", *match.span(name))


def _path(match: re.Match[str], name: str) -> Mention | None:
    shown = match[name].rstrip(".")
    if len(shown) < 3 or re.fullmatch(r"/?[\d./]+", shown) or shown in ("e.g", "i.e"):
        return None
    return Mention("path", shown.removeprefix("./"), "", match.start(name), match.start(name) + len(shown))


def _option(match: re.Match[str], name: str) -> Mention | None:
    groups = match.groupdict()
    value = (groups.get("value") or groups.get("spaced") if name == "option" else groups["short_value"]) or ""
    value = value.rstrip(".,:")
    if not value:
        return Mention("option", match[name], match[name], *match.span(name))
    end = match.start(name) + match.group().rindex(value, match.end(name) - match.start()) + len(value)
    return Mention("option", f"{match[name]} {value}", match[name], match.start(name), end)


def _version(match: re.Match[str], name: str) -> Mention | None:
    return Mention("number", match[name].removeprefix("v"), "", *match.span(name))


def _name(match: re.Match[str], name: str) -> Mention | None:
    shown = match[name]
    key = re.sub(r"->|::", ".", shown).removeprefix("self.").removeprefix("this.")
    if key in _KEYWORDS or len(key) < 2:
        return None
    return Mention("name", key, "", *match.span(name))


_MAKERS = {
    "arxiv": _arxiv,
    "doi": _doi,
    "url": _url,
    "path": _path,
    "option": _option,
    "short": _option,
    "author": _author,
    "author2": _author,
    "reference": _reference,
    "defined": _name,
    "call": _name,
    "identifier": _name,
    "dotted": _name,
    "only": _name,
    "version": _version,
}


# Numbers


def _number(match: re.Match[str], text: str, *, is_prose: bool, is_code: bool) -> Mention | None:
    value = value_of(match)
    if value is None:
        return None
    groups = match.groupdict()
    if is_code:
        return _number_in_code(value, match, text)
    if is_prose and _is_count_of_lines(match, text):
        return None
    unit = (groups.get("unit") or "").strip(" \t\n\r\f\v\u00a0\u202f")
    key, subject, is_unit = measured(value, unit.lstrip("-"))
    if _is_small(value) and not is_unit and not (subject and is_prose):
        return None
    end = match.end("unit") if is_unit and unit else match.end("number")
    return Mention("number", key, subject, match.start("number"), end)


_ASSIGNED = re.compile(r"([A-Za-z_]\w{2,})\s*(?:=|:=|=>|:)\s*$")


def _number_in_code(value: Fraction, match: re.Match[str], text: str) -> Mention | None:
    """What is given to a name is a value of it; small numbers without a name are everywhere and say nothing."""
    start, end = match.span("number")
    given_to = _ASSIGNED.search(text, max(0, start - 60), start)
    subject = f"{given_to[1]}=" if given_to is not None else ""
    key = in_digits(value)
    if _is_small(value):
        return Mention("number", f"{subject}{key}", subject, start, end) if subject else None
    return Mention("number", key, subject, start, end)


def _is_small(value: Fraction) -> bool:
    return value.denominator == 1 and abs(value) < 10


def _is_count_of_lines(match: re.Match[str], text: str) -> bool:
    """The number of a list's item, of a heading, or of a section, figure or year alone."""
    near = max(0, match.start() - 40)
    line_start = text.rfind("\n", near, match.start()) + 1 or near
    before = text[line_start : match.start()]
    after = text[match.end("number") : match.end("number") + 2]
    is_whole = line_start > near or near == 0
    if (
        is_whole
        and not before.strip(" \t>#*_-")
        and (after[:1] in (".", ")", ":") or before.lstrip().startswith("#"))
    ):
        return True
    word = re.search(r"([A-Za-z]+)\.?\s?$", before)
    return word is not None and word[1].casefold() in (
        *("step", "section", "figure", "fig", "table", "chapter", "equation", "eq", "option", "part", "note", "item"),
    )
