"""Searches without an index: reads the files, newest conversations first, and looks at bytes before anything else.

Blocking, for one thread. Knows nothing of SQLite. Without an index an accent counts when the text has one and the
search has none; everything else is as with the index.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

from metis_tui.chat.hits import hits_in, newest_first
from metis_tui.chat.matching import Matcher, Needle
from metis_tui.chat.search import SearchHit, SearchQuery
from metis_tui.store.index.names import segment_names
from metis_tui.store.layout import Layout
from metis_tui.store.library import Library
from metis_tui.store.pace import Pace

_BLOCK = 1 << 20
_LOOK_EVERY = 16
"""Conversations between two looks whether there is enough."""


class Superseded(Exception):
    """A newer search has taken the place of this one."""


class Scanner:
    """Looks through one data folder."""

    def __init__(self, layout: Layout, pace: Pace) -> None:
        self._layout = layout
        self._folder = str(layout.conversations)
        self._library = Library(layout, pace)

    def find(self, query: SearchQuery, limit: int, is_stale: Callable[[], bool]) -> tuple[list[SearchHit], bool]:
        """Hits, newest first, and whether there are more. Raises Superseded."""
        matcher = Matcher(query.terms)
        literals = [_literals(needle) for needle in matcher.wanted]
        names = segment_names(self._layout)
        found: list[SearchHit] = []
        for number, summary in enumerate(self._library.list(None, include_trashed=True)):
            if is_stale():
                raise Superseded
            if len(found) > limit and number % _LOOK_EVERY == 0:
                hits = newest_first(found)
                if hits[limit].created_ms >= summary.updated_ms:
                    break  # what follows changed no later than this one, so nothing in it is newer
            if query.after_ms is not None and summary.updated_ms < query.after_ms:
                break
            paths = names.get(summary.id, ())
            if any(self._may_hold(path, literals) for path in paths):
                found += self._in_one(summary.id, query, matcher)
        hits = newest_first(found)
        return hits[:limit], len(hits) > limit

    def in_conversation(self, conversation_id: str, query: SearchQuery) -> list[SearchHit]:
        """Oldest first; trash and places do not count here."""
        try:
            conversation = self._library.open(conversation_id).conversation
        except (KeyError, OSError):
            return []
        conversation.is_trashed = False
        found = hits_in(conversation, SearchQuery(terms=query.terms, roles=query.roles, has_code=query.has_code))
        return sorted(found, key=lambda hit: hit.created_ms)

    def _in_one(self, conversation_id: str, query: SearchQuery, matcher: Matcher) -> Iterator[SearchHit]:
        try:
            conversation = self._library.open(conversation_id).conversation
        except (KeyError, OSError):
            return
        yield from hits_in(conversation, query, matcher)

    def _may_hold(self, path: str, literals: list[tuple[bytes, ...]]) -> bool:
        """One file at least must have one of a term's writings; a message is never in two files."""
        try:
            data = _content(f"{self._folder}/{path}").lower()
        except OSError:
            return False
        return all(any(writing in data for writing in writings) for writings in literals if writings)


def _content(path: str) -> bytes:
    """The whole file, with as few calls as can be: there may be ten thousand. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        data = os.read(fd, _BLOCK)
        while len(data) % _BLOCK == 0 and (more := os.read(fd, _BLOCK)):
            data += more
        return data
    finally:
        os.close(fd)


def _literals(needle: Needle) -> tuple[bytes, ...]:
    """What one of must be in the lower-case bytes of a file that holds the term; empty: that cannot be told."""
    longest = max(needle.pieces, key=len, default="")
    if not longest:  # symbols have no case, but quotes and line ends are written otherwise in a record
        symbols = max(re.split(r'["\\\s]+', needle.folded), key=len)
        return (symbols.encode("utf-8", "replace"),) if symbols else ()
    return tuple({longest.encode("utf-8", "replace"), *(w.encode("utf-8", "replace") for w in needle.writings)})
