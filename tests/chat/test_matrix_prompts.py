"""A file of prompts: JSON Lines or plain lines, checked before anything is sent."""

from __future__ import annotations

import pytest

from metis_tui.chat.matrix_prompts import read_prompts


def test_every_form_of_a_line() -> None:
    text = (
        "\ufeffWhat is Lustre?\n\n"
        '{"id": "sum", "prompt": "2+2?", "system": "Be brief.", "tags": ["math", "math"], "reference": "4"}\r\n'
        '{"id": 7, "messages": [{"role": "system", "content": "French."}, {"role": "user", "content": "Hi"},'
        ' {"role": "assistant", "content": "Bonjour"}, {"role": "user", "content": "MPI?"}]}\n'
    )
    cases, problems = read_prompts(text, "By default.")
    assert problems == []
    plain, full, talk = cases
    assert (plain.id, plain.messages, plain.system) == ("line-1", (("user", "What is Lustre?"),), "By default.")
    assert (full.id, full.system, full.tags, full.reference) == ("sum", "Be brief.", ("math",), "4")
    assert (talk.id, talk.system, talk.prompt) == ("7", "French.", "MPI?")
    assert [role for role, _ in talk.messages] == ["user", "assistant", "user"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{bad", "not JSON"),
        ('{"promt": "x"}', "promt is no key"),
        ('{"id": "x"}', "needs prompt or messages"),
        ('{"prompt": "x", "messages": []}', "not both"),
        ('{"prompt": "  "}', "empty"),
        ('{"prompt": 5}', "prompt takes a text"),
        ('{"prompt": "x", "id": "a\\nb"}', "printable"),
        ('{"prompt": "x", "tags": "math"}', "list of texts"),
        ('{"messages": [{"role": "tool", "content": "x"}]}', "message 1"),
        ('{"messages": [{"role": "user", "content": ["x"]}]}', "no text"),
        ('{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}', "the last one"),
        ('{"messages": [{"role": "user", "content": "x"}, {"role": "user", "content": "y"}]}', "in turn"),
        ('{"messages": [{"role": "system", "content": "b"}]}', "the last one"),
        (
            '{"system": "a", "messages": [{"role": "system", "content": "b"}, {"role": "user", "content": "x"}]}',
            "twice",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(line: str, words: str) -> None:
    cases, problems = read_prompts(f"fine\n{line}\n")
    assert len(cases) == 1
    assert len(problems) == 1
    assert problems[0].startswith("Line 2: ")
    assert words in problems[0]


def test_an_id_is_used_once_and_a_list_is_no_file_of_lines() -> None:
    assert "that of line 1" in read_prompts('{"id": 1, "prompt": "x"}\n{"id": "1", "prompt": "y"}')[1][0]
    assert "one JSON list" in read_prompts('[\n{"prompt": "x"}\n]')[1][0]
    assert read_prompts(" \n")[1] == ["There are no prompts in it."]
