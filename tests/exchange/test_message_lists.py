"""Lists of messages in the style of OpenAI's API, alone, in objects, in lists and line by line."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from exchange_samples import PNG

from metis_tui.chat.exchange import Imported
from metis_tui.exchange.file_exchange import FileExchange

MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": "Be short."},
    {"role": "user", "content": "One?"},
    {"role": "assistant", "content": "Two."},
]


def read(tmp_path: Path, text: str) -> Imported:
    file = tmp_path / "file"
    file.write_text(text)
    return FileExchange().read(file)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (json.dumps(MESSAGES), 1),
        (json.dumps({"messages": MESSAGES}), 1),
        (json.dumps({"messages": MESSAGES}, indent=2), 1),
        (json.dumps([{"messages": MESSAGES}, {"messages": [*MESSAGES, {"role": "user", "content": "More"}]}]), 2),
        ("\n".join(json.dumps(message) for message in MESSAGES), 1),
        ("\n".join(json.dumps({"messages": [*MESSAGES, {"role": "user", "content": n}]}) for n in "ab"), 2),
        ("\ufeff" + json.dumps(MESSAGES), 1),
        (json.dumps({"messages": MESSAGES}) + "\nno JSON\n", 1),
    ],
)
def test_every_way_to_write_them_down(tmp_path: Path, text: str, count: int) -> None:
    imported = read(tmp_path, text)
    assert len({c.id for c in imported.conversations}) == count
    for found in imported.conversations:
        assert found.system == "Be short."
        assert [(m.role, m.text) for m in found.path()][:2] == [("user", "One?"), ("assistant", "Two.")]
        assert found.title == "One?"


def test_pictures_tools_and_reasoning(tmp_path: Path) -> None:
    address = "data:image/png;base64," + base64.b64encode(PNG).decode()
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": address}},
        {"type": "image_url", "image_url": {"url": "https://example.org/never-fetched.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,@@@"}},
    ]
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": parts},
        {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_content": "I look."},
        {"role": "tool", "content": "a pixel"},
        {"role": "nobody", "content": "left out"},
    ]
    imported = read(tmp_path, json.dumps({"model": "m", "temperature": 0.1, "top_k": 4, "messages": messages}))
    (found,) = imported.conversations
    prompt, asked, answered = found.path()
    assert [(a.name, a.data) for a in prompt.attachments] == [
        ("picture.png", PNG),
        ("https://example.org/never-fetched.png", None),
        ("attachment", None),
    ]
    assert (asked.text, asked.reasoning, asked.model) == ("```\nlook({})\n```", "I look.", "m")
    assert answered.text == "```\na pixel\n```"
    assert found.params == {"temperature": 0.1}
    assert len(imported.problems) == 2


def test_the_time_of_the_file_does_not_change_the_ids(tmp_path: Path) -> None:
    import os

    first = read(tmp_path, json.dumps(MESSAGES)).conversations[0]
    os.utime(tmp_path / "file", (1, 1))
    second = FileExchange().read(tmp_path / "file").conversations[0]
    assert second.created_ms != first.created_ms
    assert (second.id, list(second.messages)) == (first.id, list(first.messages))
