"""Finds messages by the index and looks at their texts. Blocking; belongs to one thread, but for `interrupt`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path

from metis_tui.chat.conversation import Role
from metis_tui.chat.matching import Matcher
from metis_tui.chat.search import SearchHit, SearchQuery
from metis_tui.store.index.parts import ROLES
from metis_tui.store.index.plan import Plan, plan
from metis_tui.store.index.schema import get_meta
from metis_tui.store.index.texts import Location, Texts
from metis_tui.store.index.vocabulary import Vocabulary
from metis_tui.store.scanning import Superseded

_AT_ONCE = 50
"""Candidates whose texts are read before the next ones are asked for."""
_AT_LEAST = 10
_COLUMNS = "m.id, m.ulid, c.ulid, m.role, m.created, m.model, s.path, m.off, m.len"
_OF_MESSAGES = "CROSS JOIN conv c ON c.id = m.conv CROSS JOIN seg s ON s.id = m.seg"
_Row = tuple[int, str, str, int, int, "str | None", str, int, int]


class Seeker:
    """Searches through one connection. Raises sqlite3.Error."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection = connection
        self._texts = Texts(folder)
        self._vocabulary = Vocabulary()

    def interrupt(self) -> None:
        """Makes the search that runs now end soon. From any thread."""
        with suppress(sqlite3.Error):
            self._connection.interrupt()

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._connection.close()

    def find(self, query: SearchQuery, limit: int, is_stale: Callable[[], bool]) -> tuple[list[SearchHit], bool]:
        """Hits in the order asked for, and whether there are more. Raises Superseded."""
        matcher = Matcher(query.terms)
        self._vocabulary.refresh(self._connection)
        made = plan(query, matcher, self._vocabulary, int(get_meta(self._connection, "drift", "0")))
        if made.is_hopeless:
            return [], False
        hits: list[SearchHit] = []
        rows = self._best(made) if query.order == "best" and made.whole else self._newest(made)
        while some := list(islice(rows, min(_AT_ONCE, max(_AT_LEAST, limit + 1 - len(hits))))):
            if is_stale():
                raise Superseded
            hits += self._checked(some, matcher)
            if len(hits) > limit:
                break
        is_cut, hits = len(hits) > limit, hits[:limit]
        if query.order == "newest":
            hits.sort(key=lambda hit: hit.created_ms, reverse=True)
        return hits, is_cut

    def _checked(self, rows: list[_Row], matcher: Matcher) -> Iterator[SearchHit]:
        found = self._texts.read_all([(row[1], Location(*row[6:])) for row in rows])
        for row, text in zip(rows, found, strict=True):
            if text is not None and matcher.matches_folded(text.folded):
                excerpt, spans = matcher.excerpt(text.text, text.folded)
                role: Role = ROLES[row[3]]
                yield SearchHit(row[2], row[1], role, row[4], row[5], excerpt, spans)

    def _newest(self, made: Plan) -> Iterator[_Row]:
        conditions = " AND ".join(["m.live", *made.conditions])
        bounds = [made.oldest, made.newest]
        if made.match:
            source = f"ft CROSS JOIN msg m ON m.id = ft.rowid {_OF_MESSAGES}"
            where = f"ft MATCH ? AND ft.rowid >= ? AND ft.rowid <= ? AND {conditions} ORDER BY ft.rowid DESC"
            values = [made.match, *bounds, *made.values]
        else:
            source = f"msg m {_OF_MESSAGES}"
            where = f"m.id >= ? AND m.id <= ? AND {conditions} ORDER BY m.id DESC"
            values = [*bounds, *made.values]
        yield from self._connection.execute(f"SELECT {_COLUMNS} FROM {source} WHERE {where}", values)

    def _best(self, made: Plan) -> Iterator[_Row]:
        """Whole words by their rank, then words that only hold what is searched for, newest first."""
        seen: set[int] = set()
        for row in chain(self._ranked(made), self._newest(made)):
            if row[0] not in seen:
                seen.add(row[0])
                yield row

    def _ranked(self, made: Plan) -> Iterator[_Row]:
        conditions = " AND ".join(["m.live", *made.conditions])
        source = f"ft CROSS JOIN msg m ON m.id = ft.rowid {_OF_MESSAGES}"
        where = f"ft MATCH ? AND ft.rowid >= ? AND ft.rowid <= ? AND {conditions} ORDER BY ft.rank"
        values = [made.whole, made.oldest, made.newest, *made.values]
        yield from self._connection.execute(f"SELECT {_COLUMNS} FROM {source} WHERE {where}", values)
