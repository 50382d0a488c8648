"""Open WebUI's export: all branches, models, times, pictures, reasoning, errors and ratings."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from exchange_samples import PNG
from foreign_samples import REASONING, WEBUI_TIME, webui_chat, webui_message

from metis_tui.chat.conversation import Conversation
from metis_tui.exchange.file_exchange import FileExchange


def read(tmp_path: Path, *chats: Any) -> tuple[Conversation, ...]:
    file = tmp_path / "export"
    file.write_text(json.dumps(list(chats)))
    imported = FileExchange().read(file)
    assert imported.source == "Open WebUI"
    return imported.conversations


def test_a_chat_with_branches(tmp_path: Path) -> None:
    picture = {"type": "image", "url": "data:image/png;base64," + base64.b64encode(PNG).decode()}
    stored = {
        "type": "file",
        "name": "data.csv",
        "file": {"meta": {"content_type": "text/csv"}},
        "url": "/api/files/1",
    }
    chat = webui_chat(
        webui_message("q", None, "user", "Is it?", files=[picture, stored]),
        webui_message(
            "a", "q", "assistant", REASONING, model="gpt-oss-120b", usage={"prompt_tokens": 3, "completion_tokens": 4}
        ),
        webui_message("b", "q", "assistant", "No", model="gemma", done=False, annotation={"rating": -1}),
        webui_message("c", "q", "assistant", "", error={"content": "The model is offline."}),
        current="b",
        params={"temperature": 0.5, "top_k": 3, "system": "Be short."},
    )
    (found,) = read(tmp_path, chat)
    prompt, good, unfinished, failed = found.messages.values()
    assert [(a.name, a.media_type, a.data) for a in prompt.attachments] == [
        ("picture.png", "image/png", PNG),
        ("data.csv", "text/csv", None),
    ]
    assert (good.text, good.reasoning, good.model, good.stop) == ("It is.", "Is 1 < 2?\nYes.", "gpt-oss-120b", "stop")
    assert good.usage is not None
    assert good.usage.total_tokens == 7
    assert unfinished.stop == "interrupted"
    assert failed.failure is not None
    assert failed.failure.reason == "The model is offline."
    assert found.head == unfinished.id
    assert found.votes == {unfinished.id: -1}
    assert (found.system, found.params, found.tags, found.is_pinned) == (
        *("Be short.", {"temperature": 0.5}, ("physics", "iter"), True),
    )
    assert good.created_ms == WEBUI_TIME * 1000


def test_an_old_chat_is_a_list(tmp_path: Path) -> None:
    chat = {"id": "w-2", "chat": {"title": "Old", "messages": [
        {"role": "user", "content": "One"}, {"role": "assistant", "content": [{"type": "text", "text": "Two"}]},
    ]}}  # fmt: skip
    (found,) = read(tmp_path, chat)
    assert [m.text for m in found.path()] == ["One", "Two"]


def test_the_same_export_twice_in_one_file_is_one_conversation(tmp_path: Path) -> None:
    chat = webui_chat(webui_message("q", None, "user", "Is it?"))
    assert len(read(tmp_path, chat, chat)) == 1


def test_entries_that_are_not_built_as_usual_are_told(tmp_path: Path) -> None:
    odd = webui_chat({"id": "q", "role": ["user"], "content": {}}, webui_message("r", "q", "user", "Good"))
    file = tmp_path / "export"
    file.write_text(json.dumps([odd, {"chat": {"history": {"messages": {"a": 3}}}}]))
    imported = FileExchange().read(file)
    assert [m.text for c in imported.conversations for m in c.messages.values()] == ["Good"]
    assert imported.problems
