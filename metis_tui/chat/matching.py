"""Decides whether a text holds what is searched for, and where. Pure: knows nothing of files or indexes.

Case and accents do not count. A word is found inside longer words too, from three letters on; in quotation marks,
and when it is shorter, it is a word of its own. Spaces and line ends are all one. Everything else, punctuation of
code included, counts as it is typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from metis_tui.chat.printable import printable_line
from metis_tui.chat.search import Term

SHORT = 2
"""Letters of a word that is not looked for inside longer words."""
EXCERPT_WIDTH = 160
_SPACES = 60
"""Characters of spaces, at most, that an excerpt may have lost."""
_BEFORE = 40
"""Characters of an excerpt before the first place found."""

# Scripts that write no spaces between words, and Hangul, whose particles stick to words: each character by itself.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3130-\u318f"
    "\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff"
)
_UNSPACED = re.compile(f"[{UNSPACED}]")
_UNSPACED_RUN = re.compile(f"[{UNSPACED}\u0300-\u036f]+")
_PIECE = re.compile(r"[^\W_]+")
_SPACE = re.compile(r"\s+")
_ASCII = bytes(range(128))


class _Folding(dict[str, str]):
    """One character for each, so that places in the folded text are places in the text."""

    def __missing__(self, character: str) -> str:
        is_wide = "\uff00" <= character <= "\uffef"
        parts = unicodedata.normalize("NFKC", character) if is_wide else unicodedata.normalize("NFD", character)
        plain = "".join(part for part in parts if not 0x300 <= ord(part) < 0x370).lower()
        self[character] = plain if len(plain) == 1 else character
        return self[character]


_FOLDING = _Folding({"ς": "σ"})
_FEW_KINDS = 24


def composed(text: str) -> str:
    """The text with letters and their accents as single characters, which `fold` needs."""
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return text
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """The text without case and accents, character by character."""
    if text.isascii():
        return text.lower()
    folded = text.replace("İ", "i").lower()  # the one letter that gets longer
    characters = set(folded.encode("utf-8", "replace").translate(None, _ASCII).decode("utf-8", "replace"))
    changed = [character for character in characters if _FOLDING[character] != character]
    if len(changed) > _FEW_KINDS:
        return "".join(map(_FOLDING.__getitem__, folded))
    for character in changed:  # one pass for each kind is several times faster than a look at each place
        folded = folded.replace(character, _FOLDING[character])
    return folded


def spaced(folded: str) -> str:
    """The text with spaces around each character of scripts that write none, and around accents that stand alone."""
    return folded if folded.isascii() else _UNSPACED_RUN.sub(_apart, folded)


def _apart(run: re.Match[str]) -> str:
    return f" {' '.join(run[0])} "


def pieces(folded: str) -> list[str]:
    """The words of a folded text, as the index knows them: `foo_bar.c` has three."""
    return _PIECE.findall(spaced(folded))


def is_unspaced(piece: str) -> bool:
    return _UNSPACED.match(piece) is not None


@dataclass(frozen=True, slots=True)
class Needle:
    """One term as it is looked for in a folded text."""

    folded: str
    pieces: tuple[str, ...]
    begins_word: bool
    """It is found at the start of a word only."""
    ends_word: bool
    pattern: re.Pattern[str] | None
    """For a term of several words, between which there may be any space."""
    writings: tuple[str, ...] = ()
    """Its longest word as it was typed, in small letters."""

    def is_in(self, text: str) -> bool:
        if self.pattern is None and not (self.begins_word or self.ends_word):
            return self.folded in text
        return next(self.places(text), None) is not None

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """[start, end) of each place, in order."""
        start = 0
        while (found := self._next(text, start)) is not None:
            start, end = found
            if (self.begins_word and _is_letter(text, start - 1)) or (self.ends_word and _is_letter(text, end)):
                start += 1
                continue
            yield start, end
            start = end

    def _next(self, text: str, start: int) -> tuple[int, int] | None:
        if self.pattern is None:
            at = text.find(self.folded, start)
            return (at, at + len(self.folded)) if at >= 0 else None
        match = self.pattern.search(text, start)
        return match.span() if match else None


def needle(term: Term) -> Needle:
    """How a term is looked for."""
    folded = _SPACE.sub(" ", fold(composed(term.text)).strip())
    parts = tuple(pieces(folded))
    is_whole = term.is_phrase or term.is_excluded
    begins = bool(parts) and folded.startswith(parts[0]) and _is_own_word(parts[0], is_whole)
    ends = bool(parts) and folded.endswith(parts[-1]) and _is_own_word(parts[-1], is_whole) and not term.is_prefix
    words = folded.split(" ")
    pattern = re.compile(r"\s+".join(map(re.escape, words))) if len(words) > 1 else None
    longest = max(pieces(composed(term.text).lower()), key=len, default="")
    return Needle(folded, parts, begins, ends, pattern, (longest,) if longest else ())


def _is_own_word(piece: str, is_whole: bool) -> bool:
    return not is_unspaced(piece) and (is_whole or len(piece) <= SHORT)


def _is_letter(text: str, at: int) -> bool:
    """Whether there is one, of a script that separates words by spaces."""
    return 0 <= at < len(text) and text[at].isalnum() and (text[at].isascii() or not is_unspaced(text[at]))


Spans = tuple[tuple[int, int], ...]


class Matcher:
    """Looks for the terms of one query."""

    def __init__(self, terms: Iterable[Term]) -> None:
        terms = [term for term in terms if term.text.strip()]
        self.wanted = tuple(needle(term) for term in terms if not term.is_excluded)
        self.excluded = tuple(needle(term) for term in terms if term.is_excluded)

    def matches(self, text: str) -> bool:
        """All that is wanted is in the text, and nothing that is excluded."""
        return self.matches_folded(fold(composed(text)))

    def matches_folded(self, folded: str) -> bool:
        return all(n.is_in(folded) for n in self.wanted) and not any(n.is_in(folded) for n in self.excluded)

    def spans(self, text: str) -> Spans:
        """[start, end) of every place of a wanted term, in order, joined where they overlap."""
        folded = fold(text)
        found = sorted(place for n in self.wanted for place in n.places(folded))
        joined: list[tuple[int, int]] = []
        for start, end in found:
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            elif end > start:
                joined.append((start, end))
        return tuple(joined)

    def excerpt(self, text: str, folded: str | None = None) -> tuple[str, Spans]:
        """One safe line around the first place found, and where the words are in it.

        `folded`: of the text, which is composed then, when it is at hand.
        """
        if folded is None:
            text = composed(text)
            folded = fold(text)
        first = self._first(folded)
        start = max(0, first - _BEFORE)
        if start:
            gap = _SPACE.search(text, start, first)
            start = gap.end() if gap else start
        part = text[start : start + EXCERPT_WIDTH + _SPACES]
        line = printable_line(part, EXCERPT_WIDTH)
        if start + len(part) < len(text) and not line.endswith("…"):
            line += "…"
        if start:
            line = "…" + line
        return line, self.spans(line)

    def _first(self, folded: str) -> int:
        places = (next(n.places(folded), None) for n in self.wanted)
        return min((place[0] for place in places if place), default=0)
