"""Finds in a reply what can be checked: numbers, names, paths, options, citations, addresses. Pure.

Finds what is written, not what is meant, and rather leaves something out than points at what is no fact: numbers of
lists and headings, single digits without a unit and the like are left out. What is written in different ways and
means the same has the same key: 1,024 and 1024; 1 GiB and 1024 MiB; 3.5e-4 and 3.5 × 10⁻⁴; f() and `f`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Literal, NamedTuple

from metis_tui.chat.difference import code_blocks

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
        finder.look(block.start, body, _NOTHING)
        finder.look(body, block.end, _SHELL if block.language in _SHELLS else _CODE, block.language)
    for start, end in finder.free():
        for match in _INLINE.finditer(text, start, end):
            finder.look(match.start(), match.end(), _INLINE_CODE)
    for start, end in finder.free():
        finder.look(start, end, _PROSE)
    return sorted(finder.found, key=lambda mention: mention.start)


# What stands for what

_INLINE = re.compile(r"(?<!`)(`+)(?!`)[^`\n]*?(?<!`)\1(?!`)")
_SHELLS = frozenset({"", "sh", "bash", "zsh", "shell", "console", "csh", "text", "slurm", "pbs"})
_URL = r"(?P<url>https?://[^\s<>\"'`)\]}]+)"
_DOI = r"(?P<doi>(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:\s?)?\b10\.\d{4,9}/[^\s\"'<>`]+)"
_ARXIV = r"(?P<arxiv>(?:https?://arxiv\.org/(?:abs|pdf)/|\barXiv:\s?)(?P<arxiv_id>\d{4}\.\d{4,5})(?:v\d+)?)"
_SURNAME = r"[A-Z][\w’'-]{1,40}"
_AUTHOR = rf"{_SURNAME}(?:(?:\s(?:and|&)\s|,\s){_SURNAME}){{0,4}}(?:\set\sal\.?)?"
_AUTHOR_YEAR = (
    rf"(?<![\w’'-])(?P<author>(?P<author_name>{_AUTHOR}),?\s?\(?(?P<author_year>(?:18|19|20)\d\d)[a-z]?\))"
    rf"|(?<=[(;\s])(?P<author2>(?P<author2_name>{_SURNAME}(?:\set\sal\.?|\s(?:and|&)\s{_SURNAME})),?\s"
    r"(?P<author2_year>(?:18|19|20)\d\d)[a-z]?)"
)
_REFERENCE = r"(?<![\w\]])(?P<reference>\[\d{1,3}(?:\s?[,–-]\s?\d{1,3})*\])(?![(:\w])"
_LONG_OPTION = r"(?<![\w-])(?P<option>--[A-Za-z][\w-]*)(?:=(?P<value>[\w./:,%+-]+)|[ \t](?P<spaced>\d[\w./:,%+-]*))?"
_LONG_OPTION_BARE = r"(?<![\w-])(?P<option>--[A-Za-z][\w-]*)(?:=(?P<value>[\w./:,%+-]+))?"
_SHORT_OPTION = r"(?<![\w-])(?P<short>-[A-Za-z])(?:[ =]?(?P<short_value>\d[\w.]*))?(?![\w-])"
_EXTENSION = (
    "py|c|h|cc|cpp|cxx|hpp|cu|f|f90|F90|f03|jl|rs|go|java|js|ts|sh|bash|toml|yaml|yml|json|jsonl|ini|cfg|conf|txt|md|"
    "rst|csv|tsv|h5|hdf5|nc|npy|npz|log|out|err|so|a|o|lua|cmake|mk|tex|bib|pdf|png|svg|in|sif|def|env|gz|zip|tar"
)
_PATH = (
    r"(?P<path>(?<![\w/.~:@+-])(?:~?/(?:[\w.@+{}$-]+/)*[\w.@+{}$-]*[\w}]|\.{1,2}/[\w.@+/-]*\w"
    rf"|(?:[\w.@+-]+/)+[\w@+-][\w.@+-]*\.(?:{_EXTENSION})\b|(?!\d)[\w-]+(?:\.[\w-]+)*\.(?:{_EXTENSION})\b(?![(\w.])))"
)
_CALL = r"(?P<call>(?<![\w.])[A-Za-z_][\w]*(?:(?:\.|::|->)[A-Za-z_]\w*)*)(?=\()"
_EMPTY_CALL = r"(?P<call>(?<![\w.])[A-Za-z_]\w*(?:(?:\.|::)[A-Za-z_]\w*)*)\(\s*\)"
_DEFINED = (
    r"\b(?:def|class|fn|func|function|subroutine|struct|interface|SUBROUTINE|FUNCTION)\s+(?P<defined>[A-Za-z_]\w*)"
)
_IDENTIFIER = r"(?P<identifier>(?<![\w./-])(?:(?=\w+_)[A-Za-z]\w+|[A-Za-z_]\w*(?:::[A-Za-z_]\w*)+)(?!\w)(?![/-]))"
_ONLY_NAME = r"(?P<only>(?<=`)[A-Za-z_]\w+(?=`)|(?<![\w./-])(?:[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*)(?![\w/-]))"
_DOTTED = r"(?P<dotted>(?<![\w./-])[A-Za-z_]\w+(?:\.[A-Za-z_]\w+)+(?![\w/-]))"
_DIGITS = r"\d{1,3}(?:[,\u202f\u2009]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_POWER = (
    r"(?:[eE][+-−]?\d+|\s?[×x·*]\s?10(?:\^\{?[-−+]?\d+\}?|\*\*[-+]?\d+|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+)"
    r"|\s?\\times\s?10\^\{?[-+]?\d+\}?)"
)
_VERSION = r"(?<![\w.])(?P<version>v?\d+(?:\.\d+){2,5}(?!\w|\.\d))"
_NUMBER = (
    _VERSION + r"|(?P<number>(?<![\w.])10(?P<ten>\^\{?[-−+]?\d+\}?|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+)"
    rf"|(?<![\w.,/#$^_-])(?P<sign>[-−+](?=\d))?(?P<digits>{_DIGITS})(?P<power>{_POWER})?)(?![\d_/])"
    r"(?P<unit>[\s\u00a0\u202f-]?(?:%|[A-Za-zµμΩ°][A-Za-zµμΩ°]*(?:/[A-Za-z]+)?))?"
)
_CODE_NUMBER = (
    r"(?P<number>(?<![\w.])(?P<sign>(?<=[=(,\s])[-+](?=\d))?(?P<digits>\d[\d_]*(?:\.\d+)?|\.\d+)"
    r"(?P<power>[eE][+-]?\d+)?)(?![\w.])"
)

_NOTHING = re.compile("(?!)")
_CODE = re.compile("|".join((_URL, _DOI, _PATH, _LONG_OPTION_BARE, _DEFINED, _CALL, _CODE_NUMBER)))
_SHELL = re.compile("|".join((_URL, _DOI, _PATH, _LONG_OPTION, _SHORT_OPTION, _CODE_NUMBER)))
_INLINE_CODE = re.compile(
    "|".join((_URL, _DOI, _PATH, _LONG_OPTION, _SHORT_OPTION, _ONLY_NAME, _CALL, _IDENTIFIER, _DOTTED, _NUMBER))
)
_PROSE = re.compile(
    "|".join(
        (
            _ARXIV,
            _DOI,
            _URL,
            _PATH,
            _LONG_OPTION_BARE,
            _AUTHOR_YEAR,
            _REFERENCE,
            _EMPTY_CALL,
            _IDENTIFIER,
            _NUMBER,
        )
    )
)


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


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
            mention = _mention(match, self._text, is_prose=pattern is _PROSE, is_code=pattern in (_CODE, _SHELL))
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
    if first in _MONTHS or first.casefold() in _STOP_WORDS:
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

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_MONTHS = _set_of("January February March April May June July August September October November December")
_STOP_WORDS = _set_of(
    "a an and are as at be but by can do each for from has have if in into is it its may no not of on or per so "
    "than that the then there these they this to up was were when which while will with you your e g i x times "
    "since because where would should could must also only about over under between after before until during "
    "however see note use using table figure section step version chapter equation"
)
_BYTES = {"byte": 1, "bytes": 1}  # B alone is often a billion of parameters
for _at, _letter in enumerate("kmgtpe", 1):
    _BYTES[f"{_letter}b"] = 1000**_at
    _BYTES[f"{_letter}ib"] = 1024**_at
_SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), Fraction(1)),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), Fraction(1, 1000)),
    **dict.fromkeys(("µs", "μs", "us", "microsecond", "microseconds"), Fraction(1, 10**6)),
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), Fraction(1, 10**9)),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), Fraction(60)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), Fraction(3600)),
    **dict.fromkeys(("day", "days"), Fraction(86400)),
}
_WORDS = {"percent": "%", "degrees": "°", "degree": "°", "kelvin": "K", "kelvins": "K", "metres": "m", "meters": "m"}


def _number(match: re.Match[str], text: str, *, is_prose: bool, is_code: bool) -> Mention | None:
    value = _value(match)
    if value is None:
        return None
    groups = match.groupdict()
    if is_code:
        return _number_in_code(value, match, text)
    if is_prose and _is_count_of_lines(match, text):
        return None
    unit = (groups.get("unit") or "").strip(" \t\n\r\f\v\u00a0\u202f")
    key, subject, is_unit = _measured(value, unit.lstrip("-"))
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
    key = _in_digits(value)
    if _is_small(value):
        return Mention("number", f"{subject}{key}", subject, start, end) if subject else None
    return Mention("number", key, subject, start, end)


def _is_small(value: Fraction) -> bool:
    return value.denominator == 1 and abs(value) < 10


_MOST_DIGITS = 40
"""What has more is no number that anybody compares."""


def _value(match: re.Match[str]) -> Fraction | None:
    groups = match.groupdict()
    if len(match["number"]) > _MOST_DIGITS:
        return None
    try:
        if groups.get("ten"):
            return _ten_to(groups["ten"])
        value = Fraction(Decimal(re.sub("[,_\u202f\u2009]", "", match["digits"])))
        if power := groups.get("power"):
            factor = _ten_to(power[1:] if power[0] in "eE" else power[power.index("10") + 2 :])
            if factor is None:
                return None
            value *= factor
        return -value if groups.get("sign") in ("-", "−") else value
    except (InvalidOperation, ValueError, OverflowError):
        return None


def _ten_to(text: str) -> Fraction | None:
    digits = re.sub(r"[\^{}*+]", "", text.translate(_SUPERSCRIPTS).replace("−", "-"))
    exponent = int(digits)
    return Fraction(10) ** exponent if abs(exponent) <= 400 else None


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


def _measured(value: Fraction, unit: str) -> tuple[str, str, bool]:
    """(key, subject, whether the word behind the number is a unit)."""
    small = unit.casefold()
    if small in _BYTES and (unit.endswith("B") or unit == small or "yte" in unit):  # Mb are bits
        return f"{_in_digits(value * _BYTES[small])} bytes", "bytes", True
    if small in _SECONDS and (unit == small or len(unit) > 2):
        return f"{_in_digits(value * _SECONDS[small])} s", "s", True
    unit = _WORDS.get(small, unit)
    if unit in ("%", "°", "K", "m"):
        return f"{_in_digits(value)} {unit}", unit, True
    if unit and (
        len(unit) <= 4 and (not unit.islower() or "/" in unit)
    ):  # GHz, eV, GB/s, TFLOP: case tells units apart
        return f"{_in_digits(value)} {unit}", unit, True
    if not unit or small in _STOP_WORDS or len(small) < 3:
        return _in_digits(value), "", False
    noun = small[:-1] if small.endswith("s") and not small.endswith("ss") else small
    return _in_digits(value), noun, False


def _in_digits(value: Fraction) -> str:
    """The shortest exact writing of a decimal number; others with 12 digits."""
    if value.denominator == 1 and abs(value) < 10**15:
        return str(value.numerator)
    number = float(value) if abs(value) < Fraction(10) ** 300 else float("inf")
    return f"{number:.12g}"
