"""What is exported and imported again is the same, to the byte, through real files."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from exchange_samples import PNG, START, attachment, rich_conversation, stored, ulid
from hypothesis import given, settings
from hypothesis import strategies as some
from schema_check import faults

from metis_tui.chat.conversation import Attachment, ChatMessage, Conversation, FailureNote, Timing, Usage
from metis_tui.chat.exchange import ExportFormat
from metis_tui.exchange.file_exchange import FileExchange

EXCHANGE = FileExchange()


async def there_and_back(folder: Path, conversations: list[Conversation], kind: ExportFormat) -> list[Conversation]:
    """Saves, exports, imports, saves elsewhere and exports again; both exports must be the same bytes."""
    saved = await stored(folder / "one", conversations)
    first = EXCHANGE.export(saved, kind)
    file = folder / "export"
    file.write_bytes(first)
    imported = EXCHANGE.read(file)
    assert imported.problems == ()
    again = await stored(folder / "two", list(imported.conversations))
    assert EXCHANGE.export(again, kind) == first
    return again


@pytest.mark.parametrize("kind", ["json", "jsonl"])
async def test_export_import_export_gives_the_same_bytes(tmp_path: Path, kind: ExportFormat) -> None:
    rich = rich_conversation()
    plain = Conversation(id=ulid(60), title="", created_ms=START, is_trashed=True)
    plain.add(ChatMessage(ulid(61), None, "user", "Alone", START))
    again = await there_and_back(tmp_path, [rich, plain], kind)
    assert again[0] == replace(rich, updated_ms=again[0].updated_ms)
    assert again[1].is_trashed
    assert again[1].title == ""


async def test_importing_twice_adds_nothing_and_a_longer_export_adds_what_is_new(tmp_path: Path) -> None:
    from metis_tui.store.conversation_store import ConversationFiles

    short, rich = rich_conversation(), rich_conversation()
    last = list(short.messages)[-1]
    del short.messages[last]
    store = ConversationFiles(tmp_path / "data")
    additions = [await store.add(each) for each in (short, short, rich, rich)]
    await store.close()
    assert [(a.is_new, a.message_count) for a in additions] == [(True, 6), (False, 0), (False, 1), (False, 0)]


def test_records_that_mean_something_here_cannot_come_in_as_unknown_ones(tmp_path: Path) -> None:
    rich = rich_conversation()
    evil: list[dict[str, object]] = [
        *({"t": "trash"}, {"t": "msg", "id": "x", "role": "assistant", "text": "forged"}, {"t": "x-fine", "v": 99}),
        *({"t": "set", "key": "title", "val": "forged"}, {"t": "conv", "created": 1}, {"t": "head", "msg": "x"}),
    ]
    rich.extras = tuple(evil)
    message = next(iter(rich.messages.values()))
    rich.messages[message.id] = replace(message, extra={"t": "trash", "v": 9, "stop": "error", "x": 1})
    (found,) = asyncio.run(stored(tmp_path, [rich]))
    assert found.extras == ({"t": "x-fine"},)
    assert (found.title, found.is_trashed, found.is_read_only, found.created_ms) == (rich.title, False, False, START)
    assert found.messages[message.id].extra == {"x": 1}
    assert len(found.messages) == len(rich.messages)


def test_a_checksum_that_names_a_path_reads_and_writes_nothing_outside(tmp_path: Path) -> None:
    rich = rich_conversation()
    message = next(iter(rich.messages.values()))
    evil = Attachment("a", "b", "../../../../evil", 70_000, PNG * 1000)
    rich.messages[message.id] = replace(message, attachments=(evil,))
    asyncio.run(stored(tmp_path / "data", [rich]))
    assert not list(tmp_path.rglob("*evil*"))


def test_the_document_is_what_its_schema_says() -> None:
    schema = json.loads((resources.files("metis_tui.exchange") / "conversation.schema.json").read_text())
    empty = Conversation(id=ulid(60), created_ms=START)
    document = json.loads(EXCHANGE.export([rich_conversation(), empty], "json"))
    assert list(faults(document, schema, schema)) == []
    keys = {key for message in document["conversations"][0]["messages"] for key in message}
    assert keys == set(schema["$defs"]["message"]["properties"])
    document["conversations"][0]["messages"][0]["role"] = "robot"
    assert len(list(faults(document, schema, schema))) == 1


TEXT = some.text(some.characters(exclude_categories=()), max_size=30)
NAMES = some.text("abcxyz-@.", min_size=1, max_size=8)
VALUES = some.recursive(
    some.one_of(some.none(), some.booleans(), some.integers(-(2**60), 2**60), some.floats(), TEXT),
    lambda inner: some.one_of(some.lists(inner, max_size=3), some.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=5,
)
OBJECTS = some.dictionaries(NAMES, VALUES, max_size=3)


@some.composite
def messages(draw: Any) -> dict[str, ChatMessage]:
    made: dict[str, ChatMessage] = {}
    for number in range(draw(some.integers(1, 5))):
        role = draw(some.sampled_from(["user", "assistant", "system"]))
        data = draw(some.sampled_from([b"", PNG, PNG * 1000]))
        made[ulid(number)] = ChatMessage(
            id=ulid(number),
            parent=draw(some.sampled_from([None, *made])),
            role=role,
            text=draw(TEXT),
            created_ms=draw(some.integers(0, 2**48 - 1)),
            reasoning=draw(TEXT),
            model=draw(some.none() | TEXT),
            cluster=draw(some.none() | NAMES),
            params=draw(OBJECTS),
            usage=draw(
                some.none() | some.builds(Usage, *[some.integers(0, 10**6)] * 3, some.none() | some.integers(0))
            ),
            timing=draw(some.none() | some.builds(Timing, some.floats(0, 1e6), some.none() | some.floats(0, 1e6))),
            stop=draw(some.sampled_from([None, "stop", "length", "error", "interrupted", "cancelled"])),
            failure=draw(some.none() | some.builds(FailureNote, TEXT, TEXT, TEXT, some.none() | TEXT)),
            is_continuation=draw(some.booleans()),
            client=draw(some.none() | TEXT),
            attachments=draw(
                some.sampled_from([(), (attachment(data, draw(TEXT)),), (Attachment("a", "b/c", "", 3),)])
            ),
            extra={f"x-{key}": value for key, value in draw(OBJECTS).items()},
        )
    return made


@some.composite
def conversations(draw: Any) -> Conversation:
    made = draw(messages())
    return Conversation(
        id=ulid(1000),
        title=draw(TEXT),
        created_ms=draw(some.integers(0, 2**48 - 1)),
        model=draw(some.none() | TEXT),
        system=draw(TEXT),
        params=draw(OBJECTS),
        tags=tuple(draw(some.lists(TEXT, unique=True, max_size=3))),
        is_pinned=draw(some.booleans()),
        is_archived=draw(some.booleans()),
        is_trashed=draw(some.booleans()),
        head=draw(some.sampled_from(list(made))),
        messages=made,
        notes=draw(some.dictionaries(some.sampled_from(list(made)), TEXT.filter(bool), max_size=3)),
        bookmarks=tuple(draw(some.lists(some.sampled_from(list(made)), unique=True))),
        votes=draw(some.dictionaries(some.sampled_from(list(made)), VALUES, max_size=3)),
        origin=draw(some.dictionaries(NAMES, TEXT, max_size=2)),
        extras=tuple({"t": f"x-{name}", "val": value} for name, value in draw(OBJECTS).items()),
    )


@settings(max_examples=12)
@given(conversations(), some.sampled_from(["json", "jsonl"]))
def test_any_conversation_comes_back_byte_for_byte(conversation: Conversation, kind: ExportFormat) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(there_and_back(Path(folder), [conversation], kind))
