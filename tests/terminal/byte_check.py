"""Reads what a terminal was sent byte by byte and finds what the application does not make.

Strict: every control sequence has to be one of those listed here, with parameters of the listed form; all else has to
be printable text. Knows nothing of what is on screen.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

_OWN: dict[str, bytes] = {
    "colours and attributes": rb"\x1b\[(?:\d{1,3}(?:;\d{1,3})*)?m",
    "cursor": rb"\x1b\[(?:\d{1,4}(?:;\d{1,4})?)?H|\x1b\[\d{0,4}[ABCDGd]|\x1b[78M]",
    "erasing": rb"\x1b\[[0-3]?[JK]|\x1b\[\d{1,4}X",
    "moving": rb"\x1b\[\d{0,4}[LMPST@b]|\x1b\[(?:\d{1,4};\d{1,4})?r",
    "modes": rb"\x1b\[\?(?:7|25|1000|1002|1003|1004|1006|1015|1049|2004|2026|2027|2048)[hl]",
    "questions": rb"\x1b\[5n|\x1b\[c|\x1b\[\?(?:2026|2048)\$p",
    "keyboard": rb"\x1b\[>\d{1,2}u|\x1b\[<u|\x1b\[\?u|\x1b[=>]",
    "a known state": rb"\x1b\[\?6l|\x1b\[4l|\x1b\(B\x0f",
    "pointer": rb"\x1b\]22;[a-z-]*(?:\x07|\x1b\\)",
    "returns": rb"\r\n|[\r\n]",
}
OWN = re.compile(b"|".join(b"(?P<n%d>%s)" % (number, form) for number, form in enumerate(_OWN.values())))
_NAMES = list(_OWN)
_TEXT = re.compile(rb"[^\x00-\x1f\x7f]+")
# Characters that a terminal takes as commands, that turn the order of others, or that nobody sees.
HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


@dataclass
class Bytes:
    """What a stream of bytes consisted of."""

    byte_count: int = 0
    sequences: Counter[str] = field(default_factory=Counter)
    text_bytes: int = 0
    foreign: list[bytes] = field(default_factory=list)
    """Controls that the application does not make, and text that hides something, with what stands around them."""


def read(received: bytes) -> Bytes:
    """All of it; a sequence cut off at the very end counts as foreign."""
    found, place = Bytes(len(received)), 0
    while place < len(received):
        match = _TEXT.match(received, place)
        if match is not None:
            found.text_bytes += len(match.group())
            try:
                is_harmful = HARMFUL.search(match.group().decode()) is not None
            except UnicodeDecodeError:
                is_harmful = True
            if is_harmful:
                found.foreign.append(match.group()[:80])
        else:
            match = OWN.match(received, place)
            if match is None:
                found.foreign.append(received[max(0, place - 20) : place + 40])
                place += 1
                continue
            found.sequences[_NAMES[int((match.lastgroup or "n0")[1:])]] += 1
        place = match.end()
    return found
