"""Reads a file of conversations: finds out by its content what it is, never by its name.

One bad entry costs that entry, a file that breaks off costs what is behind the break.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.exchange import Imported, ImportFailure
from metis_tui.exchange import bundle, chatgpt, document_reader, message_lists, open_webui, untrusted
from metis_tui.exchange.archive import Archive
from metis_tui.exchange.problems import Problems
from metis_tui.exchange.source import Companions, Source, companions_beside, companions_in

LARGEST_TEXT = 512 * 1024 * 1024
"""Bytes of JSON that are read; it takes several times as much memory."""
_LARGEST_IN_BUNDLE = 2 * 1024 * 1024 * 1024
_LARGEST_MANIFEST = 64 * 1024 * 1024
_SQLITE = b"SQLite format 3\0"
_OURS = "metis-tui export"
_CONVERSATIONS = re.compile(r"(?:.*/)?conversations[-_0-9]*\.json\Z")
_BLANK = re.compile(r"[\s,]*")

Builder = Callable[[Any, Source], Conversation | None]


def read(path: Path, read_llm_logs: Callable[[Path], Imported] | None = None) -> Imported:
    """The conversations in a file.

    Raises:
        ImportFailure: it cannot be read or is no known format.
    """
    start = _first_bytes(path)
    if start.startswith(_SQLITE):
        if read_llm_logs is None:
            raise ImportFailure("It is a database, and nothing here can read one.")
        return read_llm_logs(path)
    if start.startswith(b"PK\x03\x04"):
        return _read_zip(path)
    if os.stat(path).st_size > LARGEST_TEXT:
        raise ImportFailure(f"It has more than {LARGEST_TEXT // 1024**2} MiB.")
    data = path.read_bytes()
    return _read_text([data], path, companions_beside(path), hashlib.sha256(data).hexdigest())


def _first_bytes(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ImportFailure("It is not a file. An export that was unpacked: name its conversations.json.")
        with open(path, "rb") as file:
            return file.read(16)
    except OSError as error:
        raise ImportFailure(f"It cannot be read ({(error.strerror or 'no reason given').lower()}).") from error


def _read_zip(path: Path) -> Imported:
    with Archive(path) as archive:
        if bundle.MANIFEST in archive.names:
            return _read_bundle(archive)
        found = sorted(name for name in archive.names if _CONVERSATIONS.match(name))
        found = found or sorted(name for name in archive.names if name.endswith(".json") and name.count("/") < 2)[:1]
        if not found:
            raise ImportFailure("There is no conversations.json in the ZIP file.")
        texts = [archive.read(name, LARGEST_TEXT) for name in found]
        return _read_text(texts, path, companions_in(archive), _sha256_of(path))


def _read_bundle(archive: Archive) -> Imported:
    """Checks every file against the manifest; a wrong conversations.json is refused, others are told."""
    manifest = _decoded(archive.read(bundle.MANIFEST, _LARGEST_MANIFEST))
    fields = untrusted.mapping(manifest)
    if fields.get("format") != bundle.FORMAT:
        raise ImportFailure("It is a ZIP file, but no bundle of metis-tui and no ChatGPT export.")
    if untrusted.whole(fields.get("version")) > bundle.VERSION:
        raise ImportFailure("The bundle was made by a newer version of metis-tui.", hint="Update metis-tui.")
    problems = Problems()
    data = archive.read(bundle.CONVERSATIONS, LARGEST_TEXT)
    for name, listed in untrusted.mapping(fields.get("files")).items():
        told = untrusted.mapping(listed).get("sha256")
        if name == bundle.CONVERSATIONS:
            if hashlib.sha256(data).hexdigest() != told:
                raise ImportFailure("conversations.json in the bundle is not what the bundle's checksum says.")
        elif name not in archive.names:
            problems.tell(f"{name} is missing in the bundle.")
        elif archive.sha256(name, _LARGEST_IN_BUNDLE) != told:
            problems.tell(f"{name} in the bundle is not what its checksum says. The conversations are.")
    if bundle.CONVERSATIONS not in untrusted.mapping(fields.get("files")):
        raise ImportFailure("The bundle has no checksum for conversations.json.")
    content = _decoded(data)
    if not document_reader.is_document(content):
        raise ImportFailure("conversations.json in the bundle is no document of metis-tui.")
    return Imported(tuple(document_reader.read_document(_checked(content), problems)), _OURS, problems.sentences)


def _sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _decoded(data: bytes) -> object:
    try:
        return json.loads(_text(data))
    except (ValueError, RecursionError) as error:
        raise ImportFailure("The JSON in it is damaged.") from error


def _text(data: bytes) -> str:
    """As UTF-8, or UTF-16 and UTF-32 when it looks like it; what is no text becomes U+FFFD."""
    return data.decode(json.detect_encoding(data), "replace").removeprefix("\ufeff")


def _checked(content: object) -> dict[str, Any]:
    fields = dict(untrusted.mapping(content))
    if document_reader.is_too_new(fields):
        raise ImportFailure("It was made by a newer version of metis-tui.", hint="Update metis-tui.")
    return fields


def _read_text(texts: list[bytes], path: Path, companions: Companions, sha256: str) -> Imported:
    problems = Problems()
    source = Source("", sha256, int(os.stat(path).st_mtime * 1000), problems, companions)
    found: dict[str, Conversation] = {}
    programs: dict[str, None] = {}
    while texts:
        for program, conversation in _conversations(_text(texts.pop(0)), source):
            programs[program] = None
            if conversation is not None:
                found.setdefault(conversation.id, conversation)
    if not programs:
        raise ImportFailure("It is none of the known formats.")
    return Imported(tuple(found.values()), " and ".join(programs), problems.sentences)


def _conversations(text: str, source: Source) -> Iterator[tuple[str, Conversation | None]]:
    """(what kind of file it is, a conversation in it) for each; None for one that had to be left out."""
    rows = _values(text, source.problems)
    first = next(rows, None)
    if document_reader.is_document(first):
        fields = _checked(first)
        read = document_reader.read_lines(rows, source.problems) if fields.get("layout") == "lines" else None
        for conversation in document_reader.read_document(fields, source.problems) if read is None else read:
            yield _OURS, conversation
        yield _OURS, None
        return
    messages: list[object] = []
    for value in chain([first], rows):
        if message_lists.is_message(value):
            messages.append(value)
            continue
        kind = _kind(value)
        if kind is not None:
            yield _built(*kind, value, source)
        elif value is not None:
            source.problems.tell("An entry of an unknown kind was left out.")
    if messages:
        yield _built(message_lists.PROGRAM, message_lists.read_messages, messages, source)


def _kind(value: object) -> tuple[str, Builder] | None:
    if chatgpt.is_chatgpt(value):
        return chatgpt.PROGRAM, chatgpt.read_chatgpt
    if open_webui.is_open_webui(value):
        return open_webui.PROGRAM, open_webui.read_open_webui
    if message_lists.has_message_list(value):
        return message_lists.PROGRAM, lambda fields, source: message_lists.read_messages(
            fields["messages"], source, fields
        )
    if message_lists.is_message_list(value):
        return message_lists.PROGRAM, message_lists.read_messages
    return None


def _built(program: str, build: Builder, value: object, source: Source) -> tuple[str, Conversation | None]:
    source.program = program
    try:
        conversation = build(value, source)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as fault:
        # No entry of a foreign file may cost the others, whatever is wrong with it.
        source.problems.tell(f"A conversation was left out: it is not built as usual ({type(fault).__name__}).")
        return program, None
    if conversation is None:
        source.problems.tell("A conversation without messages was left out.")
    return program, conversation


def _values(text: str, problems: Problems) -> Iterator[Any]:
    """The entries of a list, one after another so that only one is in memory; else the values of the text.

    A text that breaks off gives what comes before the break.
    """
    decoder = json.JSONDecoder()
    at = _BLANK.match(text).end()  # type: ignore[union-attr]
    is_list = text[at : at + 1] == "["
    at += is_list
    while True:
        at = _BLANK.match(text, at).end()  # type: ignore[union-attr]
        if at >= len(text) or (is_list and text[at] == "]"):
            if is_list and at >= len(text):
                problems.tell("The file breaks off before its end.")
            return
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            next_line = text.find("\n", at)
            if is_list or next_line < 0:
                problems.tell("The file is damaged or breaks off; what comes before that was read.")
                return
            problems.tell("A line that is no JSON was left out.")
            at = next_line
            continue
        yield value
