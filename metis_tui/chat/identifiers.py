"""Makes ULIDs: sortable identifiers for conversations and chat messages. Knows nothing of what they name."""

from __future__ import annotations

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
ULID_LENGTH = 26


def new_ulid(milliseconds: int | None = None, rest: bytes | None = None) -> str:
    """A 26-character lowercase Crockford ULID: 48 bits of Unix time in ms, then 80 bits, random unless given."""
    stamp = int(time.time() * 1000) if milliseconds is None else milliseconds
    number = (stamp << 80) | int.from_bytes(os.urandom(10) if rest is None else rest, "big")
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


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
