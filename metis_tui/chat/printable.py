"""The one sanitiser: turns untrusted text into text that is safe to send to a terminal.

Used for everything a model, a server, a file or a paste brought. Knows nothing of widgets. The source on disk
stays exact; only what is shown, titled or copied passes here.
"""

from __future__ import annotations

import re

# C0 without tab and newline, DEL, C1, bidi controls and isolates, zero-width and other invisible formatting,
# line and paragraph separators, lone surrogates, interlinear annotation, byte order mark, tag characters.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_JOINER_FLOOD = re.compile("[\u200c\u200d\ufe00-\ufe0f\u0300-\u036f\u1ab0-\u1aff\u20d0-\u20ff]{9,}")
_NEEDS_WORK = re.compile(f"{_UNSAFE.pattern}|[\u200c\u200d\ufe00-\ufe0f\u0300-\u036f\u1ab0-\u1aff\u20d0-\u20ff]")


class _Symbols(dict[str, str]):
    """What stands for each unsafe character; looked up, as a long hostile text has very many of them."""

    def __missing__(self, character: str) -> str:
        found = self[character] = _symbol(ord(character))
        return found


def _symbol(code: int) -> str:
    if code == 0x0D:
        return "\u240d"
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    if code in (0x2028, 0x2029):
        return "\n"
    if code < 0xA0:
        return "\ufffd"
    return ""


_SYMBOLS = _Symbols()
_FEW_KINDS = 12


def printable(text: str) -> str:
    """The text with every control, bidi and invisible character replaced.

    C0 controls become their control pictures (ESC is shown as U+241B), CR LF becomes LF, C1 controls and
    lone surrogates become U+FFFD, bidi and zero-width controls vanish, runs of more than eight combining
    marks are cut to eight. Tabs and newlines stay.
    """
    if text.isascii() and text.isprintable():
        return text
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if _NEEDS_WORK.search(text) is None:
        return text
    found = {character for character in set(text) if _UNSAFE.match(character)}
    if len(found) <= _FEW_KINDS:  # one pass for each kind is several times faster than a call for each place
        for character in found:
            text = text.replace(character, _SYMBOLS[character])
    else:
        text = _UNSAFE.sub(lambda match: _SYMBOLS[match[0]], text)
    return _JOINER_FLOOD.sub(lambda match: match.group()[:8], text)


def printable_line(text: str, limit: int = 200) -> str:
    """One line of at most `limit` characters, safe to show: for titles, model names and error texts."""
    line = " ".join(printable(text[: limit * 4]).split())
    return line if len(line) <= limit else line[: limit - 1] + "\u2026"


def storable(text: str) -> str:
    """Text that UTF-8 can hold: lone surrogates become U+FFFD and NUL its control picture; all else stays."""
    text = text.replace("\x00", "\u2400")
    if text.isascii():
        return text
    try:
        text.encode("utf-8")  # a fifth of the time that looking for surrogates takes
    except UnicodeEncodeError:
        return re.sub("[\ud800-\udfff]", "\ufffd", text)
    return text
