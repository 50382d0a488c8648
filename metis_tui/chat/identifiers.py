"""Makes ULIDs: sortable identifiers for conversations and chat messages. Knows nothing of what they name."""

from __future__ import annotations

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
ULID_LENGTH = 26
_LATEST_MS = 253_402_300_799_999
"""The end of the year 9999: calendars end there, though a ULID could go on."""


def new_ulid(milliseconds: int | None = None, rest: bytes | None = None) -> str:
    """A 26-character lowercase Crockford ULID: 48 bits of Unix time in ms, then 80 bits, random unless given."""
    stamp = int(time.time() * 1000) if milliseconds is None else milliseconds
    number = (stamp << 80) | int.from_bytes(os.urandom(10) if rest is None else rest, "big")
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def derived_ulid(milliseconds: int, *names: str) -> str:
    """A ULID whose last 80 bits are the SHA-256 of the names: what other programs wrote gets the same id each time.

    The time is brought into the range of a ULID when it is outside.
    """
    import hashlib

    digest = hashlib.sha256("\0".join(names).encode("utf-8", "replace")).digest()
    return new_ulid(min(max(milliseconds, 0), _LATEST_MS), digest[:10])


def ulid_milliseconds(ulid: str) -> int:
    """The Unix time in ms inside a ULID.

    Raises:
        ValueError: when the text is not a ULID.
    """
    if not is_ulid(ulid):
        raise ValueError("not a ULID")
    number = 0
    for character in ulid[:10]:
        number = number * 32 + _ALPHABET.index(character)
    return number


def is_ulid(text: str) -> bool:
    return len(text) == ULID_LENGTH and text[0] <= "7" and all(character in _ALPHABET for character in text)
