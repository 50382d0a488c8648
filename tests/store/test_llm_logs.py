"""llm's logs.db, of the newest and of the oldest layouts, is read and left as it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from metis_tui.chat.exchange import ImportFailure
from metis_tui.exchange.file_exchange import FileExchange
from metis_tui.store.llm_logs import read_llm_logs
from metis_tui.wiring import make_exchange

PNG = b"\x89PNG\r\n\x1a\n..."
NEW = """
CREATE TABLE conversations (id TEXT PRIMARY KEY, name TEXT, model TEXT);
CREATE TABLE responses (id TEXT PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, prompt_json TEXT,
  options_json TEXT,
  response TEXT, response_json TEXT, conversation_id TEXT REFERENCES conversations(id), duration_ms INTEGER,
  datetime_utc TEXT, input_tokens INTEGER, output_tokens INTEGER, token_details TEXT, schema_id TEXT,
  resolved_model TEXT);
CREATE TABLE attachments (id TEXT PRIMARY KEY, type TEXT, path TEXT, url TEXT, content BLOB);
CREATE TABLE prompt_attachments (response_id TEXT, attachment_id TEXT, "order" INTEGER);
CREATE TABLE fragments (id INTEGER PRIMARY KEY, hash TEXT, content TEXT, datetime_utc TEXT, source TEXT);
CREATE TABLE prompt_fragments (response_id TEXT, fragment_id INTEGER, "order" INTEGER);
CREATE TABLE system_fragments (response_id TEXT, fragment_id INTEGER, "order" INTEGER);
CREATE TABLE tool_calls (id INTEGER PRIMARY KEY, response_id TEXT, tool_id INTEGER, name TEXT,
  arguments TEXT, tool_call_id TEXT);
CREATE TABLE tool_results (id INTEGER PRIMARY KEY, response_id TEXT, tool_id INTEGER, name TEXT, output TEXT,
  tool_call_id TEXT);
CREATE TABLE parts (id INTEGER PRIMARY KEY, response_id TEXT, direction TEXT, role TEXT, part_type TEXT,
  "order" INTEGER,
  content TEXT, content_json TEXT, tool_call_id TEXT, server_executed INTEGER);
INSERT INTO conversations VALUES ('c1', 'Pelicans', 'gpt-4o');
INSERT INTO responses VALUES ('r1', 'gpt-4o', 'Draw', 'Be kind.', NULL, '{"temperature": 0.5, "x": [1]}',
  'Drawn.', '{}', 'c1',
  1500, '2025-01-02T03:04:05.123456', 7, 9, NULL, NULL, 'gpt-4o-2024');
INSERT INTO responses VALUES ('r2', 'o3', 'Again', 'Be brief.', NULL, '{}', NULL, '{}', 'c1', 10,
  '2025-01-02T03:05:05+00:00',
  NULL, NULL, NULL, NULL, NULL);
INSERT INTO responses VALUES ('r3', 'm', 'Alone', NULL, NULL, 'no JSON', 'Yes.', NULL, NULL, NULL, 'no time',
  1, 2, 3, 4, 5);
INSERT INTO attachments VALUES ('a1', 'image/png', NULL, NULL, X'89504E470D0A1A0A2E2E2E');
INSERT INTO attachments VALUES ('a2', 'application/pdf', '/etc/passwd', NULL, NULL);
INSERT INTO prompt_attachments VALUES ('r1', 'a2', 1), ('r1', 'a1', 0), ('r1', 'missing', 2);
INSERT INTO fragments VALUES (1, 'h', 'A long text.', NULL, NULL);
INSERT INTO prompt_fragments VALUES ('r1', 1, 0);
INSERT INTO tool_calls VALUES (1, 'r1', 1, 'draw', '{}', 't');
INSERT INTO tool_results VALUES (1, 'r2', 1, 'draw', 'a line', 't');
INSERT INTO parts VALUES (1, 'r2', 'output', 'assistant', 'reasoning', 0, 'Hm.', NULL, NULL, NULL);
INSERT INTO parts VALUES (2, 'r2', 'output', 'assistant', 'text', 1, 'Once more.', NULL, NULL, NULL);
"""
OLD = """
CREATE TABLE logs (id INTEGER PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, prompt_json TEXT, options_json TEXT,
  response TEXT, response_json TEXT, reply_to_id INTEGER, chat_id INTEGER, duration_ms INTEGER, datetime_utc TEXT);
INSERT INTO logs VALUES (1, 'm', 'One', NULL, NULL, NULL, 'Two', NULL, NULL, NULL, 5, '2023-04-05 06:07:08.123456');
INSERT INTO logs VALUES (2, 'm', 'Three', NULL, NULL, NULL, 'Four', NULL, 1, 2, 5, '2023-04-05 06:08:08');
INSERT INTO logs VALUES (3, 'm', 'Five', NULL, NULL, NULL, 'Six', NULL, 2, 2, 5, '2023-04-05 06:09:08');
"""
OLDEST = """
CREATE TABLE log (provider TEXT, system TEXT, prompt TEXT, chat_id INTEGER, response TEXT, model TEXT,
  timestamp TEXT);
INSERT INTO log VALUES ('chatgpt', NULL, 'Seven', NULL, 'Eight', 'm', '2023-01-01 00:00:00');
"""


def database(folder: Path, *scripts: str) -> Path:
    path = folder / "logs of #llm?.db"
    with closing(sqlite3.connect(path)) as made:
        for script in scripts:
            made.executescript(f"BEGIN; {script}; COMMIT")
    return path


def texts(messages: Iterable[object]) -> list[tuple[str, str]]:
    return [(m.role, m.text) for m in messages]  # type: ignore[attr-defined]


def test_the_newest_layout(tmp_path: Path) -> None:
    path = database(tmp_path, NEW)
    before = path.read_bytes()
    imported = read_llm_logs(path)
    alone, pelicans = sorted(imported.conversations, key=lambda c: c.created_ms)
    assert (pelicans.title, pelicans.system, pelicans.model) == ("Pelicans", "Be kind.", "o3")
    assert texts(pelicans.path()) == [
        ("user", "A long text.\nDraw"),
        ("assistant", "Drawn.\n\n```\ndraw({})\n```"),
        ("system", "Be brief."),
        ("assistant", "```\na line\n```"),
        ("user", "Again"),
        ("assistant", "Once more."),
    ]
    prompt, reply, *_, last = pelicans.path()
    assert [(a.name, a.media_type, a.data) for a in prompt.attachments] == [
        ("attachment.png", "image/png", PNG),
        ("passwd", "application/pdf", None),
    ]
    assert (reply.model, reply.model_version, reply.params) == ("gpt-4o", "gpt-4o-2024", {"temperature": 0.5})
    assert reply.usage is not None
    assert reply.usage.total_tokens == 16
    assert reply.timing is not None
    assert reply.timing.total_seconds == 1.5
    assert last.reasoning == "Hm."
    assert texts(alone.path()) == [("user", "Alone"), ("assistant", "Yes.")]
    assert pelicans.created_ms == 1735787045123
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == [path.name]


def test_the_layouts_before(tmp_path: Path) -> None:
    found = read_llm_logs(database(tmp_path, OLD, OLDEST)).conversations
    assert [texts(c.path()) for c in found] == [
        [("user", "One"), ("assistant", "Two")],
        [("user", "Three"), ("assistant", "Four"), ("user", "Five"), ("assistant", "Six")],
        [("user", "Seven"), ("assistant", "Eight")],
    ]


def test_reading_it_again_gives_the_same_ids(tmp_path: Path) -> None:
    path = database(tmp_path, NEW, OLD)
    first, second = (read_llm_logs(path).conversations for _ in range(2))
    assert [(c.id, list(c.messages)) for c in first] == [(c.id, list(c.messages)) for c in second]


def test_what_llm_has_not_written_yet_is_told(tmp_path: Path) -> None:
    path = database(tmp_path, NEW)
    path.with_name(f"{path.name}-wal").write_bytes(b"something")
    assert "newest" in read_llm_logs(path).problems[0]


@pytest.mark.parametrize("script", ["CREATE TABLE other (x)", "CREATE VIEW responses AS SELECT 1"])
def test_other_databases_are_refused(tmp_path: Path, script: str) -> None:
    with pytest.raises(ImportFailure):
        read_llm_logs(database(tmp_path, script))


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    path = database(tmp_path, NEW)
    path.write_bytes(path.read_bytes()[:5000] + b"\xff" * 20_000)
    with pytest.raises(ImportFailure):
        read_llm_logs(path)


def test_the_application_recognises_such_a_file_by_its_content(tmp_path: Path) -> None:
    path = database(tmp_path, NEW).rename(tmp_path / "notes.txt")
    imported = make_exchange().read(path)
    assert imported.source == "llm logs.db"
    assert len(imported.conversations) == 2
    with pytest.raises(ImportFailure, match=r"notes\.txt"):
        FileExchange().read(path)
