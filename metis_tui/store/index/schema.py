"""The index's tables, and opening its file. Works with SQLite from 3.26 on: no trigrams, no RETURNING, no STRICT."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

VERSION = 1
"""Part of the file's name: another version is another file."""
BUSY_SECONDS = 10.0

_TABLES = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursor(journal TEXT PRIMARY KEY, offset INTEGER, head INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS conv(
    id INTEGER PRIMARY KEY, ulid TEXT UNIQUE, model TEXT, tags TEXT, pin INTEGER, archive INTEGER, trash INTEGER);
CREATE TABLE IF NOT EXISTS seg(id INTEGER PRIMARY KEY, path TEXT UNIQUE, conv INTEGER, off INTEGER);
CREATE INDEX IF NOT EXISTS seg_conv ON seg(conv);
CREATE TABLE IF NOT EXISTS msg(
    id INTEGER PRIMARY KEY, ulid TEXT, conv INTEGER, role INTEGER, created INTEGER, model TEXT, code INTEGER,
    seg INTEGER, off INTEGER, len INTEGER, live INTEGER, done INTEGER, size INTEGER, ts INTEGER);
CREATE INDEX IF NOT EXISTS msg_conv ON msg(conv);
CREATE TABLE IF NOT EXISTS word(id INTEGER PRIMARY KEY, text TEXT UNIQUE);
CREATE VIRTUAL TABLE IF NOT EXISTS ft USING fts5(text, content='', tokenize='unicode61 remove_diacritics 0');
"""
# msg.id is the second in which the message was made, or the next free one: newest first needs no sorting then.
# A superseded message stays with live = 0, because a contentless FTS5 table forgets nothing.
# Texts come folded, without accents: taking those away in the right way is for SQLite from 3.27 on.
# conv.tags: each tag between newlines, folded.


class Mismatch(sqlite3.DatabaseError):
    """The file holds another store's index, or one of another version."""


def connect(path: Path, *, is_reading: bool = False) -> sqlite3.Connection:
    """A connection that any thread may interrupt and one thread may use. Raises sqlite3.Error and OSError."""
    facts = os.lstat(path) if os.path.lexists(path) else None
    if facts is not None and (not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.getuid()):
        raise PermissionError(1, "the index's file belongs to somebody else", str(path))
    if facts is None:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-16000")
        connection.execute("PRAGMA temp_store=MEMORY")
        if is_reading:
            connection.execute("PRAGMA query_only=1")
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(connection: sqlite3.Connection, store: str, boot: str) -> None:
    """Makes the tables, or checks that they are this store's and whole.

    Raises:
        sqlite3.DatabaseError: the file is damaged or not what it should be.
    """
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _TABLES.split(";\n"):
            if statement.strip():
                connection.execute(statement)
        known = dict(connection.execute("SELECT key, value FROM meta"))
        if known and (known.get("version") != str(VERSION) or known.get("store") != store):
            raise Mismatch("another index")
        values = {"version": str(VERSION), "store": store, "boot": boot}
        connection.executemany("INSERT OR REPLACE INTO meta VALUES(?, ?)", values.items())
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    if known and known.get("boot") != boot:  # the machine may have gone down with half a page written
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(str(verdict))


def get_meta(connection: sqlite3.Connection, key: str, default: str = "") -> str:
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else default


def set_meta(connection: sqlite3.Connection, key: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES(?, ?)", (key, value))
