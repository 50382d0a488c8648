"""Turns records into lines of a file and back. Pure: knows nothing of files, messages or merging.

A record is one line: `\n{"v":1,"t":type,"ts":ms,...,"crc":number}\n`. The leading newline lets a reader find the
next record after somebody's torn write; the CRC-32 covers all bytes before `,"crc":`. Types in use:

    conv      header of every segment: id title app created
    msg       a chat message (see message_fields)
    set       key val                  tag      add[] del[]
    head      msg                      vote     msg val
    note      msg text                 trash, restore
    mark      msg val: a bookmark
    reply     start of a partial file: the reply's facts and its owner
    delta     newly streamed text      activity a hint for lists

Readers ignore other types and other keys. `v` rises only when old readers would misread a record.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from metis_tui.chat.printable import storable

SUPPORTED_VERSION = 1
_CRC_KEY = b',"crc":'


class BadRecord(ValueError):
    """A line that is no record. Its text says why, in plain words."""


@dataclass(frozen=True, slots=True)
class Record:
    """One decoded line."""

    type: str
    ts: int
    """Hybrid clock in milliseconds: Unix time, but always later than every record its writer had seen."""
    version: int
    fields: Mapping[str, Any]
    """Everything in the line, unknown keys included."""

    @property
    def is_too_new(self) -> bool:
        return self.version > SUPPORTED_VERSION


def encode(record_type: str, ts: int, fields: Mapping[str, object]) -> bytes:
    """The line for a record, with both newlines. Text that UTF-8 cannot hold is replaced; nothing raises."""
    content = {"v": SUPPORTED_VERSION, "t": record_type, "ts": ts, **{k: _clean(v) for k, v in fields.items()}}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=lambda value: storable(str(value)))
    body = text[:-1].encode()
    return b"\n%b%b%d}\n" % (body, _CRC_KEY, zlib.crc32(body))


def decode(line: bytes) -> Record:
    """The record in a line without its newlines.

    Raises:
        BadRecord: the line is torn, altered or no record at all.
    """
    cut = line.rfind(_CRC_KEY)
    if cut < 0 or not line.endswith(b"}"):
        raise BadRecord("only zero bytes" if not line.strip(b"\0") else "cut short")
    checksum = line[cut + len(_CRC_KEY) : -1]
    if not checksum.isdigit() or int(checksum) != zlib.crc32(line[:cut]):
        raise BadRecord("its checksum does not match")
    try:
        fields = json.loads(line.decode("utf-8", "surrogatepass"))  # quicker than having the encoding guessed
    except (ValueError, RecursionError) as error:
        raise BadRecord("not JSON") from error
    version, record_type, ts = (fields.get(key) for key in ("v", "t", "ts"))
    if not (isinstance(version, int) and isinstance(record_type, str) and isinstance(ts, int)):
        raise BadRecord("its version, type or time is missing")
    return Record(record_type, ts, version, fields)


def split_lines(data: bytes) -> Iterator[tuple[int, bytes, bool]]:
    """(offset, line, is_ended) for every line that is not blank; only the last one can lack its newline."""
    offset = 0
    while offset < len(data):
        end = data.find(b"\n", offset)
        is_ended = end >= 0
        end = end if is_ended else len(data)
        if end > offset and not data[offset:end].isspace():
            yield offset, data[offset:end], is_ended
        offset = end + 1


def _clean(value: object) -> object:
    """The value with every text made storable."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return value
