"""Ids for what other programs wrote: the same source gives the same id, so importing twice adds nothing. Pure."""

from __future__ import annotations

import hashlib

from metis_tui.chat.identifiers import new_ulid

_LATEST_MS = 2**48 - 1


def derived_id(milliseconds: int, *names: str) -> str:
    """A ULID with the given Unix time in ms whose other 80 bits are the SHA-256 of the names."""
    digest = hashlib.sha256("\0".join(names).encode("utf-8", "replace")).digest()
    return new_ulid(min(max(milliseconds, 0), _LATEST_MS), digest[:10])
