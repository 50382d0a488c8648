"""Files of every kind with anything in them changed: what can be read is read, the rest is told, nothing breaks."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from exchange_samples import rich_conversation
from foreign_samples import REASONING, chatgpt_chat, chatgpt_node, webui_chat, webui_message
from hypothesis import given, settings
from hypothesis import strategies as some

from metis_tui.chat.exchange import ImportFailure
from metis_tui.chat.provenance import provenance_of
from metis_tui.exchange.file_exchange import FileExchange

EXCHANGE = FileExchange()
IMAGE = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_00000000abcd1234"}
PICTURE = "data:image/png;base64,AA=="
MESSAGE = {
    "role": "assistant",
    "content": [{"type": "text", "text": "One"}, {"image_url": {"url": PICTURE}}],
    "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}],
    "reasoning_content": "Hm",
}
SAMPLES: list[Any] = [
    json.loads(EXCHANGE.export([rich_conversation()], "json")),
    [
        chatgpt_chat(
            chatgpt_node("q", None, "user", {"content_type": "multimodal_text", "parts": [IMAGE, "Why?"]}),
            chatgpt_node("t", "q", "assistant", {"content_type": "thoughts", "thoughts": [{"content": "I think."}]}),
            chatgpt_node("a", "t", "assistant", "Because.", metadata={"attachments": [{"id": "file-AbC12345678"}]}),
            current_node="a",
        )
    ],
    [
        webui_chat(
            webui_message("q", None, "user", "Is it?", files=[{"type": "image", "url": PICTURE}]),
            webui_message("a", "q", "assistant", REASONING, usage={"completion_tokens": 1}),
            params={"temperature": 0.5},
        )
    ],
    {"model": "m", "messages": [{"role": "user", "content": "One?"}, MESSAGE]},
]
JUNK = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(),
    some.floats(),
    some.text(some.characters(exclude_categories=()), max_size=5),
    some.sampled_from([[], {}, [[]], [None], {"": []}, 10**400, -(2**70), 1e308, "\ud800", "\x00", ["x"] * 3]),
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of everything inside."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from places(value[key])


@settings(max_examples=100)
@given(some.integers(0, len(SAMPLES) - 1), some.data())
def test_no_damage_breaks_anything(number: int, data: some.DataObject) -> None:
    damaged = copy.deepcopy(SAMPLES[number])
    for _ in range(data.draw(some.integers(1, 3))):
        found = list(places(damaged))
        if found:
            container, key = found[data.draw(some.integers(0, len(found) - 1))]
            container[key] = copy.deepcopy(data.draw(JUNK))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "file")
        file.write_text(json.dumps(damaged))
        try:
            imported = EXCHANGE.read(file)
        except ImportFailure:
            return
    for kind in ("json", "markdown", "html"):
        EXCHANGE.export(imported.conversations, kind)  # type: ignore[arg-type]
    EXCHANGE.cite(imported.conversations)
    for conversation in imported.conversations:
        assert conversation.head in conversation.messages
        for message in conversation.messages.values():
            assert message.parent is None or message.parent in conversation.messages
            provenance_of(conversation, message)
