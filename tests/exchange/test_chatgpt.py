"""ChatGPT's export: every branch, pictures out of the ZIP file, tools, thoughts and hidden nodes."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from exchange_samples import PNG
from foreign_samples import CHATGPT_TIME, chatgpt_chat, chatgpt_node

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.exchange import ImportFailure
from metis_tui.exchange.file_exchange import FileExchange


def read(tmp_path: Path, *chats: Any) -> tuple[Conversation, ...]:
    file = tmp_path / "anything.txt"
    file.write_text(json.dumps(list(chats)))
    return FileExchange().read(file).conversations


def test_all_branches_come_over_and_the_current_node_is_the_head(tmp_path: Path) -> None:
    export = chatgpt_chat(
        chatgpt_node("root", None),
        chatgpt_node("system", "root", "system", ""),
        chatgpt_node("q", "system", "user", "Why?"),
        chatgpt_node("a1", "q", "assistant", "Because.", metadata={"model_slug": "gpt-4o"}),
        chatgpt_node("a2", "q", "assistant", "It depends.", metadata={"finish_details": {"type": "max_tokens"}}),
        chatgpt_node("q2", "a1", "user", "Really?"),
        current_node="a1",
    )
    (found,) = read(tmp_path, export)
    assert [m.text for m in found.path()] == ["Why?", "Because."]
    assert [m.text for m in found.messages.values()] == ["Why?", "Because.", "Really?", "It depends."]
    first, second = found.siblings(found.head or "")
    assert (first.model, first.stop, second.stop) == ("gpt-4o", "stop", "length")
    assert found.title == "Fusion"
    assert found.created_ms == int(CHATGPT_TIME * 1000)
    assert found.origin["src"] == "ChatGPT"
    assert found.origin["conv"] == "c-1"


def test_reading_it_again_gives_the_same_ids_also_when_the_export_has_grown(tmp_path: Path) -> None:
    nodes = [chatgpt_node("q", None, "user", "Why?"), chatgpt_node("a", "q", "assistant", "Because.")]
    (first,) = read(tmp_path, chatgpt_chat(*nodes))
    grown = [
        *(chatgpt_node(i, n["parent"], n["message"]["author"]["role"], n["message"]["content"]) for i, n in nodes)
    ]
    (second,) = read(tmp_path, chatgpt_chat(*grown, chatgpt_node("more", "a", "user", "More")))
    assert second.id == first.id
    assert list(second.messages)[:2] == list(first.messages)


def test_pictures_and_files_come_out_of_the_zip_file(tmp_path: Path) -> None:
    pointer = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_00000000abcd1234"}
    other = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-Missing123"}
    export = chatgpt_chat(
        chatgpt_node(
            "q",
            None,
            "user",
            {"content_type": "multimodal_text", "parts": [pointer, other, "What is this?"]},
            metadata={"attachments": [{"id": "file-Notes12345", "name": "notes.txt", "mimeType": "text/plain"}]},
        )
    )
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("user.json", "{}")
        archive.writestr("conversations.json", json.dumps([export]))
        archive.writestr("dalle/file_00000000abcd1234-sanitized.png", PNG)
        archive.writestr("file-Notes12345-notes.txt", "words")
        archive.writestr("../../file-Evil12345678", "never asked for")
    (found,) = FileExchange().read(file).conversations
    (message,) = found.messages.values()
    assert message.text == "What is this?"
    kept = {a.name: (a.media_type, a.data) for a in message.attachments}
    assert kept == {
        "notes.txt": ("text/plain", b"words"),
        "file_00000000abcd1234-sanitized.png": ("image/png", PNG),
        "file-Missing123": ("application/octet-stream", None),
    }


def test_tools_thoughts_and_hidden_nodes(tmp_path: Path) -> None:
    context = {"content_type": "user_editable_context", "user_profile": "I am a physicist.", "user_instructions": ""}
    export = chatgpt_chat(
        chatgpt_node("s", None, "system", "secret", metadata={"is_visually_hidden_from_conversation": True}),
        chatgpt_node("c", "s", "user", context, metadata={"is_visually_hidden_from_conversation": True}),
        chatgpt_node("q", "c", "user", "Compute."),
        chatgpt_node(
            "t",
            "q",
            "assistant",
            {"content_type": "thoughts", "thoughts": [{"summary": "Plan", "content": "I plan."}]},
        ),
        chatgpt_node(
            "code", "t", "assistant", {"content_type": "code", "language": "python", "text": "print('```')"}
        ),
        chatgpt_node("out", "code", "tool", {"content_type": "execution_output", "text": "42"}, name="python"),
        chatgpt_node("a", "out", "assistant", "It is 42."),
        current_node="a",
    )
    (found,) = read(tmp_path, export)
    assert found.system == "I am a physicist."
    texts = [(m.role, m.text, m.reasoning) for m in found.path()]
    assert texts == [
        ("user", "Compute.", ""),
        ("assistant", "````python\nprint('```')\n````", "I plan."),
        ("assistant", "```\n42\n```", ""),
        ("assistant", "It is 42.", ""),
    ]


@pytest.mark.parametrize(
    "broken",
    [
        None,
        7,
        "text",
        {"mapping": {}},
        {"mapping": {"a": None, "b": {"message": 3, "children": [[], "a", "b"], "parent": ["x"]}}},
        {"mapping": {"a": {"message": {"author": [], "content": {"parts": [{}, 3, None]}}, "children": "no"}}},
        {"mapping": {"a": {"message": {"author": {"role": {}}, "content": 9}, "parent": {}}}, "create_time": "soon"},
    ],
)
def test_bad_entries_cost_only_themselves(tmp_path: Path, broken: Any) -> None:
    good = chatgpt_chat(chatgpt_node("q", None, "user", "Why?"))
    file = tmp_path / "x"
    file.write_text(json.dumps([broken, good]))
    imported = FileExchange().read(file)
    assert [c.title for c in imported.conversations] == ["Fusion"]
    if broken is not None:
        assert imported.problems


def test_a_ring_of_parents_and_a_chain_of_thousands_are_read(tmp_path: Path) -> None:
    ring = chatgpt_chat(chatgpt_node("a", "b", "user", "one"), chatgpt_node("b", "a", "user", "two"))
    long = chatgpt_chat(*[chatgpt_node(str(i), str(i - 1), "user", "x") for i in range(5000)])
    ring["mapping"]["a"]["children"], ring["mapping"]["b"]["children"] = ["b"], ["a"]
    found = read(tmp_path, ring, {**long, "conversation_id": "c-2"})
    assert [len(c.messages) for c in found] == [2, 5000]
    assert len(found[1].path()) == 5000


def test_a_file_that_breaks_off_gives_what_comes_before(tmp_path: Path) -> None:
    text = json.dumps(
        [chatgpt_chat(chatgpt_node("q", None, "user", "Why?")), chatgpt_chat(chatgpt_node("z", None, "user", "Lost"))]
    )
    file = tmp_path / "x"
    file.write_text(text[:-40])
    imported = FileExchange().read(file)
    assert [m.text for c in imported.conversations for m in c.messages.values()] == ["Why?"]
    assert any("breaks off" in problem for problem in imported.problems)


def test_lone_surrogates_and_control_characters_become_storable(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text(
        "["
        + json.dumps(
            chatgpt_chat(chatgpt_node("q", None, "user", "a\ud800b\x00c\x1b[2J"), title="t\ud800\x1b]0;x\x07")
        )
        + "]"
    )
    (found,) = FileExchange().read(file).conversations
    (message,) = found.messages.values()
    assert message.text == "a\ufffdb\u2400c\x1b[2J"
    assert "\x1b" not in found.title
    found.title.encode()


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\xff\xfe\x00", b"[1, 2]", b"{}", b"[" * 100_000, b"PK\x03\x04xx"]
)
def test_what_is_no_export_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x"
    file.write_bytes(content)
    with pytest.raises(ImportFailure) as caught:
        FileExchange().read(file)
    assert caught.value.hint


def test_folders_and_missing_files_are_refused_in_words(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(ImportFailure):
            FileExchange().read(path)
