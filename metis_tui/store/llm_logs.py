"""Reads the logs.db of llm (https://llm.datasette.io), of all its versions. Changes nothing in it.

The database is anybody's file: only tables are asked, never views, and nothing that it names elsewhere is opened.
Ids are made of those in the database, so that reading it again gives the same ones.
"""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

from metis_tui.chat.conversation import Attachment, ChatMessage, Conversation, Timing, Usage, title_from_prompt
from metis_tui.chat.exchange import Imported, ImportFailure
from metis_tui.chat.identifiers import derived_ulid
from metis_tui.chat.printable import printable_line, storable

_PROGRAM = "llm"
_LARGEST_CONTENT = 64 * 1024 * 1024
_STEPS_AT_MOST = 1_000_000
"""Thousands of steps of SQLite's machine for reading one table: more is a trap, not a table."""
Row = Mapping[str, Any]


def read_llm_logs(path: Path) -> Imported:
    """Every conversation in the database.

    Raises:
        ImportFailure: it is damaged or has no table of llm.
    """
    address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            return _Reading(database, path).all()
    except (sqlite3.Error, OSError) as error:
        raise ImportFailure(f"The database cannot be read ({printable_line(str(error), 120)}).") from error


@dataclass(slots=True)
class _Beside:
    """What other tables hold of a response, by its id."""

    attachments: dict[str, list[Attachment]] = field(default_factory=lambda: defaultdict(list))
    fragments: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    system_fragments: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    tool_calls: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    tool_results: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    texts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    reasoning: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


class _Reading:
    """One database while it is read."""

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        database.row_factory = sqlite3.Row
        database.text_factory = lambda raw: raw.decode("utf-8", "replace")
        database.execute("PRAGMA trusted_schema = OFF")
        self._database = database
        self._path = path
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        self._tables = {row["name"] for row in tables}
        self._problems: dict[str, None] = {}
        self._beside = _Beside()

    def all(self) -> Imported:
        if "responses" not in self._tables and not self._tables & {"logs", "log"}:
            raise ImportFailure("It is a database, but none of llm: it has no table of responses.")
        if _has_bytes(self._path.with_name(f"{self._path.name}-wal")):
            self._problems["llm has not finished writing: its newest replies may be missing. Import it again."] = None
        self._look_beside()
        conversations = [*self._modern(), *self._old("logs"), *self._old("log")]
        return Imported(tuple(conversations), "llm logs.db", tuple(self._problems))

    def _rows(self, table: str, order: str = "rowid") -> Iterator[Row]:
        """Every row of a table; none when there is no such table. `order` is never anybody else's text."""
        if table not in self._tables:
            return
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return steps > _STEPS_AT_MOST

        self._database.set_progress_handler(count, 1000)
        yield from map(dict, self._database.execute(f'SELECT * FROM "{table}" ORDER BY {order}'))

    def _look_beside(self) -> None:
        beside = self._beside
        attachments = {row.get("id"): self._attachment(row) for row in self._rows("attachments")}
        for row in self._rows("prompt_attachments", '"order"'):
            if row.get("attachment_id") in attachments:
                beside.attachments[_text(row, "response_id")].append(attachments[row["attachment_id"]])
        fragments = {row.get("id"): _text(row, "content") for row in self._rows("fragments")}
        for table, found in (("prompt_fragments", beside.fragments), ("system_fragments", beside.system_fragments)):
            for row in self._rows(table, '"order"'):
                found[_text(row, "response_id")].append(fragments.get(row.get("fragment_id"), ""))
        for row in self._rows("tool_calls"):
            call = f"{_text(row, 'name')}({_text(row, 'arguments')})"
            beside.tool_calls[_text(row, "response_id")].append(call)
        for row in self._rows("tool_results"):
            beside.tool_results[_text(row, "response_id")].append(_text(row, "output"))
        for row in self._rows("parts", '"order"'):
            if row.get("direction") == "output":
                kind = _text(row, "part_type")
                words = {"text": beside.texts, "reasoning": beside.reasoning}.get(kind)
                if words is not None:
                    words[_text(row, "response_id")].append(_text(row, "content"))

    def _attachment(self, row: Row) -> Attachment:
        """Its content when the database has it; a path or an address is only named."""
        content = row.get("content")
        kind = _text(row, "type") or "application/octet-stream"
        name = Path(_text(row, "path")).name or _text(row, "url") or f"attachment.{kind.rsplit('/', 1)[-1]}"
        if not isinstance(content, bytes):
            return Attachment(name[:300], kind[:100], "", 0)
        if len(content) > _LARGEST_CONTENT:
            self._problems[f"An attachment of {len(content):,} bytes was left out."] = None
            return Attachment(name[:300], kind[:100], "", 0)
        return Attachment(name[:300], kind[:100], hashlib.sha256(content).hexdigest(), len(content), content)

    def _modern(self) -> Iterator[Conversation]:
        names = {_text(row, "id"): row for row in self._rows("conversations")}
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in self._rows("responses", "datetime_utc, rowid"):
            groups[_text(row, "conversation_id") or _text(row, "id")].append(row)
        for source_id, rows in groups.items():
            about = names.get(source_id, {})
            yield from self._conversation(source_id, rows, _text(about, "name"))

    def _old(self, table: str) -> Iterator[Conversation]:
        """The one table of versions before 0.5 (logs), and the one before that (log)."""
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in self._rows(table):
            own = str(row.get("id", row.get("rowid", "")))
            groups[f"{table} {row.get('chat_id') or own}"].append({**row, "id": f"{table} {own}"})
        for source_id, rows in groups.items():
            yield from self._conversation(source_id, rows, "")

    def _conversation(self, source_id: str, rows: Iterable[Row], title: str) -> Iterator[Conversation]:
        rows = list(rows)
        created = next(filter(None, map(_moment, rows)), 0)
        conversation = Conversation(
            id=derived_ulid(created, _PROGRAM, source_id),
            title=printable_line(title, 200),
            created_ms=created,
            origin={"kind": "import", "src": _PROGRAM, "conv": source_id[:200]},
        )
        for row in rows:
            self._add_turn(conversation, source_id, row, created)
        if conversation.is_empty:
            return
        if not conversation.title:
            conversation.title = title_from_prompt(
                next((m.text for m in conversation.messages.values() if m.text), "")
            )
        yield conversation

    def _add_turn(self, conversation: Conversation, source_id: str, row: Row, default_ms: int) -> None:
        response_id = _text(row, "id")
        created = _moment(row) or default_ms
        beside = self._beside
        system = "\n\n".join(filter(None, (*beside.system_fragments.get(response_id, ()), _text(row, "system"))))

        def add(kind: str, **facts: Any) -> None:
            names = (_PROGRAM, source_id, response_id, kind)
            facts["extra"] = {"source_id": response_id}
            message = ChatMessage(derived_ulid(created, *names), conversation.head, **facts)
            conversation.add(message)

        if system and conversation.is_empty:
            conversation.system = system
        elif system and system != conversation.system:
            add("system", role="system", text=system, created_ms=created)
        results = [_block(result) for result in beside.tool_results.get(response_id, ())]
        if any(results):
            add("results", role="assistant", text="\n\n".join(results), created_ms=created, stop="stop")
        prompt = "\n".join(filter(None, (*beside.fragments.get(response_id, ()), _text(row, "prompt"))))
        attachments = tuple(beside.attachments.get(response_id, ()))
        if prompt.strip() or attachments:
            add("prompt", role="user", text=prompt, created_ms=created, attachments=attachments)
        calls = [_block(call) for call in beside.tool_calls.get(response_id, ())]
        answer = _text(row, "response") or "".join(beside.texts.get(response_id, ()))
        text = "\n\n".join(filter(None, (answer, *calls)))
        if text.strip():
            duration = row.get("duration_ms")
            model = _text(row, "model") or None
            add(
                "reply",
                role="assistant",
                text=text,
                created_ms=created + (duration if isinstance(duration, int) and 0 <= duration < 10**9 else 0),
                reasoning="\n\n".join(beside.reasoning.get(response_id, ())),
                model=model,
                model_version=_text(row, "resolved_model") or None,
                params=_options(row),
                usage=_usage(row),
                timing=Timing(duration / 1000) if isinstance(duration, int) else None,
                stop="stop",
            )
            conversation.model = model or conversation.model


def _has_bytes(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _text(row: Row, key: str) -> str:
    value = row.get(key)
    return storable(value) if isinstance(value, str) else ""


def _moment(row: Row) -> int | None:
    """Unix time in ms; the database has UTC without saying so."""
    told = _text(row, "datetime_utc") or _text(row, "timestamp_utc") or _text(row, "timestamp")
    try:
        moment = datetime.fromisoformat(told.replace("Z", "+00:00"))
        stamp = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        return None
    return int(stamp * 1000) if stamp > 0 else None


def _options(row: Row) -> dict[str, object]:
    """Settings that were sent, as far as they are plain values."""
    try:
        options = json.loads(_text(row, "options_json") or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(options, dict):
        return {}
    return {storable(k): storable(v) if isinstance(v, str) else v for k, v in options.items() if _is_plain(v)}


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, bool, int)) or (isinstance(value, float) and math.isfinite(value))


def _usage(row: Row) -> Usage | None:
    prompt, completion = row.get("input_tokens"), row.get("output_tokens")
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return None
    return Usage(prompt, completion, prompt + completion)


def _block(text: str) -> str:
    if not text.strip():
        return ""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}\n{text.rstrip()}\n{fence}"
