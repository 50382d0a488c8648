"""The Markdown export: its structure is its own, whatever the messages hold, and code is left alone."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from exchange_samples import START, prompt, reply, rich_conversation, ulid
from hypothesis import given, settings
from hypothesis import strategies as some
from markdown_it import MarkdownIt

from metis_tui.chat.conversation import Conversation
from metis_tui.exchange.file_exchange import FileExchange

PIECES = [
    *("# Reply 9", "Title\n===", "Title\n---", "```", "````python", "~~~", "<!--", "-->", "<details>", "</details>"),
    *(
        "<script>",
        "<pre>",
        "<?",
        "<![CDATA[",
        "> ",
        "- ",
        "1. ",
        "    ",
        "\n\n",
        "\n",
        "---",
        "| a |\n|---|",
        "word",
        "`",
    ),
    *("<div>", "$$", "\t", "\x1b[2J", "\u202e", "\r\n", "\r", "[a]: http://x", "&lt;", "\\"),
]

COMMON = MarkdownIt("commonmark")
GFM = MarkdownIt("commonmark").enable("table")


def front_matter(text: str) -> tuple[list[str], str]:
    assert text.startswith("---\n")
    head, _, body = text[4:].partition("\n---\n")
    return head.split("\n"), body


def export(*conversations: Conversation) -> str:
    return FileExchange().export(conversations, "markdown").decode()


def headings(body: str, deepest: int = 2, parser: MarkdownIt = GFM) -> list[str]:
    tokens = parser.parse(body)
    return [
        tokens[number + 1].content
        for number, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and int(token.tag[1]) <= deepest
    ]


def test_the_front_matter_is_yaml_made_of_json() -> None:
    head, _ = front_matter(export(rich_conversation()))
    values = {}
    for line in head:
        match = re.fullmatch(r"(?:  - |    )?(\w+): ?(.*)", line)
        assert match is not None, line
        if match[2] and not re.fullmatch(r"\d{4}-[\dT:.-]+Z", match[2]):
            values.setdefault(match[1], json.loads(match[2]))
    assert values["title"] == 'Tokamaks: "the" basics'
    assert values["models"] == ["gpt-oss-120b@metis", "gemma-4-31B-it@metis", "gpt-oss-120b@sophia"]
    assert values["parameters"] == {"temperature": 0.2, "stop": ["END"]}
    assert "seed" in values["not_sent"]
    assert values["usage"]["completion_tokens"] == 20


def test_the_branch_shown_comes_first_and_the_others_follow() -> None:
    _, body = front_matter(export(rich_conversation()))
    when = "2025-11-25 17:58 UTC"
    assert headings(body, 3) == [
        'Tokamaks: "the" basics',
        "System prompt",
        f"Prompt 1 · {when}",
        f"Reply 1 · gpt-oss-120b@metis · {when} · 1 of 2",
        f"Prompt 2 · {when} · 1 of 2",
        f"Reply 2 · gpt-oss-120b@sophia · {when}",
        "Other branches",
        f"Reply 1 · gpt-oss-120b@metis · {when} · 2 of 2",
        f"Reply 1 · gemma-4-31B-it@metis · {when} · continued",
        f"Prompt 2 · {when} · 2 of 2",
    ]
    assert "<summary>Reasoning</summary>\n\nMagnets, mostly." in body
    assert "> Attachment: large.png (image/png, 70.0 kB, SHA-256 " in body
    assert "```python\nprint('safety factor')\n```" in body
    assert "> Check this\n> against the paper." in body


def test_several_conversations_share_the_front_matter() -> None:
    head, body = front_matter(export(rich_conversation(), replace(rich_conversation(), id=ulid(9), title="Second")))
    assert head[0] == "conversations:"
    assert [line[:9] for line in head if line.startswith("  - ")] == ['  - id: "'] * 2
    assert headings(body, 1) == ['Tokamaks: "the" basics', "Second"]


@pytest.mark.parametrize("code", ["# not a heading", "<details>", "a\n===", "[x]: y\n\n\n<!--", "``"])
@pytest.mark.parametrize("fence", ["```", "~~~~", "````"])
def test_code_is_not_touched(code: str, fence: str) -> None:
    rest = f"{fence}text\n{code}\n{fence}\n\n- item\n  {fence}\n  # in it\n  {fence}\n\nwords\n\n    # indented <pre>"
    made = Conversation(ulid(0), "Code", START)
    made.add(prompt(1, f"# Heading\n\n{rest}"))
    _, body = front_matter(export(made))
    assert f"\n### Heading\n\n{rest}\n" in body


@settings(max_examples=100)
@given(
    some.lists(some.sampled_from(PIECES), max_size=12).map("".join),
    some.lists(some.sampled_from(PIECES), max_size=6).map("".join),
)
def test_no_text_reaches_out_of_its_place(text: str, other: str) -> None:
    made = Conversation(ulid(0), "Title", START)
    asked = prompt(1, text)
    answer = reply(2, other, asked.id, reasoning=text)
    for message in (asked, answer, prompt(3, "After", answer.id)):
        made.add(message)
    made.notes[asked.id] = text
    _, body = front_matter(export(made))
    when = "2025-11-25 17:58 UTC"
    expected = ["Title", f"Prompt 1 · {when}", f"Reply 1 · gpt-oss-120b@metis · {when}", f"Prompt 2 · {when}"]
    for parser in (GFM, COMMON):
        assert headings(body, parser=parser) == expected
        blocks = [t.content.strip() for t in parser.parse(body) if t.type == "html_block"]
        allowed = ["<details>\n<summary>Reasoning</summary>", "</details>"] if text.strip() else []
        assert [block for block in blocks if block.startswith(("<details", "</details"))] == allowed
    assert "\x1b" not in body
    assert "\u202e" not in body
