"""Puts what was read of conversations into the index: each change whole, whoever else writes at the same time.

Belongs to one thread. Another process may have put in the same meanwhile: every offset is compared again once the
file is locked, so nothing is there twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from metis_tui.chat.matching import composed, fold, is_unspaced, pieces, spaced
from metis_tui.store.index.names import Cursor
from metis_tui.store.index.parts import Entry, Part, read_part
from metis_tui.store.index.schema import get_meta, set_meta
from metis_tui.store.index.vocabulary import LONGEST_WORD
from metis_tui.store.merge import merge
from metis_tui.store.records import Record

_LAST_SECOND = 1 << 40
_IN_WORDS = bytes(b if b >= 128 or chr(b).isalnum() else 32 for b in range(256))
"""For `bytes.translate`: all of ASCII that is not in words becomes a space."""
_INSERT_MESSAGE = "INSERT INTO msg VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)"


@dataclass(slots=True)
class Reading:
    """What is to be put into the index of one conversation."""

    conversation_id: str
    parts: list[Part]
    settings: list[tuple[Record, str]] | None
    """All its records that are no messages; None when none of them is new."""
    known: dict[str, int]
    """What the index knew when it was read: offsets by path."""
    is_anew: bool = False
    """A file is gone or another one: forget what was known."""

    @property
    def is_empty(self) -> bool:
        return not (self.parts or self.is_anew)


class IndexWriter:
    """Writes through one connection. Raises sqlite3.Error."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection = connection
        self._folder = folder
        """Of conversations."""
        self._words: set[bytes] | None = None
        """Those that are in the index, while much is written."""

    def remember_words(self, is_many: bool) -> None:
        """While a whole index is built, words that are in it already are not offered again."""
        self._words = set() if is_many else None

    def read(self, conversation_id: str, paths: Sequence[str]) -> Reading:
        """Reads what the index lacks of a conversation. Raises OSError when a file cannot be read."""
        known = self._offsets(conversation_id)
        reading = Reading(conversation_id, [], None, known)
        parts = [read_part(self._folder, path, known.get(path, 0)) for path in paths]
        if known.keys() - set(paths) or None in parts:
            reading.is_anew = True
            parts = [read_part(self._folder, path) for path in paths]
        reading.parts = [part for part in parts if part is not None and (part.end > part.start or not part.start)]
        if not known or any(record.type != "conv" for part in reading.parts for record, _ in part.settings):
            reading.settings = self._all_settings(paths, reading)
        return reading

    def put(self, readings: Iterable[Reading], cursors: Mapping[str, Cursor]) -> list[str]:
        """Writes readings and cursors together.

        Returns:
            the conversations that another process has written meanwhile: they are to be read again, and the
            cursors are not written.
        """
        with self._transaction():
            texts: list[tuple[Entry, int, int]] = []
            outdated: list[str] = []
            for reading in readings:
                if self._offsets(reading.conversation_id) == reading.known:
                    texts += self._put_conversation(reading)
                else:
                    outdated.append(reading.conversation_id)
            self._put_messages(texts)
            for name, cursor in () if outdated else cursors.items():
                row = (name, cursor.offset, cursor.head)
                self._connection.execute("INSERT OR REPLACE INTO cursor VALUES(?, ?, ?)", row)
        return outdated

    def forget(self, conversation_id: str) -> None:
        """A conversation without files is not found any more."""
        with self._transaction():
            row = self._connection.execute("SELECT id FROM conv WHERE ulid = ?", (conversation_id,)).fetchone()
            if row is not None:
                self._clear(int(row[0]))

    def cursors(self) -> dict[str, Cursor]:
        rows = self._connection.execute("SELECT journal, offset, head FROM cursor")
        return {name: Cursor(offset, head) for name, offset, head in rows}

    def drop_cursors(self, names: Iterable[str]) -> None:
        self._connection.executemany("DELETE FROM cursor WHERE journal = ?", [(name,) for name in names])

    def known_paths(self) -> dict[str, int]:
        """All files that are in the index, with the offsets up to which they were read."""
        return dict(self._connection.execute("SELECT path, off FROM seg"))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _offsets(self, conversation_id: str) -> dict[str, int]:
        query = "SELECT s.path, s.off FROM conv c JOIN seg s ON s.conv = c.id WHERE c.ulid = ?"
        return dict(self._connection.execute(query, (conversation_id,)))

    def _all_settings(self, paths: Sequence[str], reading: Reading) -> list[tuple[Record, str]]:
        found: list[tuple[Record, str]] = []
        read = {part.path: part for part in reading.parts}
        for path in paths:
            part = read.get(path)
            if part is None or part.start:
                part = read_part(self._folder, path)
            found += part.settings if part else []
        return found

    def _number(self, conversation_id: str) -> int:
        row = self._connection.execute("SELECT id FROM conv WHERE ulid = ?", (conversation_id,)).fetchone()
        if row is None:
            cursor = self._connection.execute(
                "INSERT INTO conv(ulid, tags, pin, archive, trash) VALUES(?, '', 0, 0, 0)", (conversation_id,)
            )
            return int(cursor.lastrowid or 0)
        return int(row[0])

    def _clear(self, number: int) -> None:
        self._connection.execute("UPDATE msg SET live = 0 WHERE conv = ?", (number,))
        self._connection.execute("DELETE FROM seg WHERE conv = ?", (number,))

    def _put_conversation(self, reading: Reading) -> list[tuple[Entry, int, int]]:
        number = self._number(reading.conversation_id)
        if reading.is_anew:
            self._clear(number)
        if reading.settings is not None:
            self._put_settings(number, reading.conversation_id, reading.settings)
        best: dict[str, tuple[Entry, int]] = {}
        for part in reading.parts:
            segment = self._put_segment(number, part)
            for entry in part.entries:
                if entry.id not in best or entry.worth >= best[entry.id][0].worth:
                    best[entry.id] = (entry, segment)
        return [(e, s, number) for e, s in best.values() if not reading.known or self._replaces(number, e)]

    def _put_settings(self, number: int, conversation_id: str, settings: list[tuple[Record, str]]) -> None:
        now = merge(conversation_id, settings)
        tags = "".join(f"\n{fold(composed(tag))}\n" for tag in now.tags)
        self._connection.execute(
            "UPDATE conv SET model = ?, tags = ?, pin = ?, archive = ?, trash = ? WHERE id = ?",
            (now.model, tags, now.is_pinned, now.is_archived, now.is_trashed, number),
        )

    def _put_segment(self, number: int, part: Part) -> int:
        row = self._connection.execute("SELECT id FROM seg WHERE path = ?", (part.path,)).fetchone()
        if row is not None:
            self._connection.execute("UPDATE seg SET off = ?, conv = ? WHERE id = ?", (part.end, number, row[0]))
            return int(row[0])
        cursor = self._connection.execute(
            "INSERT INTO seg(path, conv, off) VALUES(?, ?, ?)", (part.path, number, part.end)
        )
        return int(cursor.lastrowid or 0)

    def _replaces(self, number: int, entry: Entry) -> bool:
        """Whether the entry is better than what is there under its id, which is superseded then."""
        query = "SELECT id, done, size, ts FROM msg WHERE conv = ? AND ulid = ? AND live"
        for row, done, size, ts in self._connection.execute(query, (number, entry.id)).fetchall():
            if (bool(done), size, ts) >= entry.worth:
                return False
            self._connection.execute("UPDATE msg SET live = 0 WHERE id = ?", (row,))
        return True

    def _put_messages(self, found: list[tuple[Entry, int, int]]) -> None:
        """In the order of their rowids: FTS5 writes out what it holds at every step back."""
        found.sort(key=lambda item: (item[0].created_ms, item[0].ts))
        rows, texts, words, last, drift = [], [], set[bytes](), -1, 0
        for entry, segment, number in found:
            second = min(max(0, entry.created_ms // 1000), _LAST_SECOND)
            last = self._free(max(last + 1, second))
            drift = max(drift, last - second)
            where = (segment, entry.offset, entry.length, 1, entry.is_done, entry.size, entry.ts)
            about = (entry.role, entry.created_ms, entry.model, entry.has_code)
            rows.append((last, entry.id, number, *about, *where))
            text = spaced(fold(composed(entry.text)))
            texts.append((last, text))
            words.update(text.encode("utf-8", "replace").translate(_IN_WORDS).split())
        self._connection.executemany(_INSERT_MESSAGE, rows)
        self._connection.executemany("INSERT INTO ft(rowid, text) VALUES(?, ?)", texts)
        self._put_words(words)
        if drift > int(get_meta(self._connection, "drift", "0")):
            set_meta(self._connection, "drift", str(drift))

    def _free(self, wanted: int) -> int:
        """The first number from the wanted one on that no message has."""
        if self._connection.execute("SELECT 1 FROM msg WHERE id = ?", (wanted,)).fetchone() is None:
            return wanted
        query = (
            "SELECT m.id + 1 FROM msg m WHERE m.id >= ? AND NOT EXISTS(SELECT 1 FROM msg n WHERE n.id = m.id + 1)"
            " ORDER BY m.id LIMIT 1"
        )
        return int(self._connection.execute(query, (wanted,)).fetchone()[0])

    def _put_words(self, words: set[bytes]) -> None:
        if self._words is not None:
            words -= self._words
            self._words |= words
        new: set[str] = set()
        for word in words:
            if word.isascii():
                new.add(word.decode())
            else:
                new.update(piece for piece in pieces(word.decode("utf-8", "replace")) if not is_unspaced(piece))
        rows = [(word,) for word in new if len(word) <= LONGEST_WORD]
        self._connection.executemany("INSERT OR IGNORE INTO word(text) VALUES(?)", rows)
