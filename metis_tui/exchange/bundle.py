"""A bundle: one ZIP file with conversations for programs (JSON) and for people (HTML, Markdown), and their checksums.

    manifest.json        {"format": "metis-tui bundle", "version": 1, "files": {name: {"sha256": …, "size": …}}}
    conversations.json   the document of `exchange.document`, lossless
    conversations.html   all of them on one page
    markdown/<id>.md     one file for each conversation

The same conversations give the same bytes: entries have a fixed order, time and mode. Nothing is ever unpacked to
disk when a bundle is read.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.identifiers import is_ulid
from metis_tui.exchange.document import document
from metis_tui.exchange.html_file import html
from metis_tui.exchange.markdown_file import markdown

FORMAT = "metis-tui bundle"
VERSION = 1
MANIFEST = "manifest.json"
CONVERSATIONS = "conversations.json"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def bundle(conversations: Sequence[Conversation]) -> bytes:
    files = {CONVERSATIONS: document(conversations), "conversations.html": html(conversations)}
    for number, conversation in enumerate(conversations, start=1):
        name = conversation.id if is_ulid(conversation.id) else f"{number:05d}"
        files[f"markdown/{name}.md"] = markdown([conversation])
    listed = {name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in files.items()}
    manifest = json.dumps({"format": FORMAT, "version": VERSION, "files": listed}, indent=1) + "\n"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {MANIFEST: manifest.encode(), **files}.items():
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.create_system = 3  # Unix everywhere, or the bytes would tell the machine
            entry.external_attr = 0o600 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return made.getvalue()
