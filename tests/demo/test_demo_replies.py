"""Replies read as answers to what was typed."""

from __future__ import annotations

from typing import Any

import pytest

from metis_tui.demo.catalogue import MODELS, DemoModel
from metis_tui.demo.prompts import kind_of, length_wish, sum_in, topic_of
from metis_tui.demo.replies import compose

BY_NAME = {model.name: model for model in MODELS}
LLAMA = BY_NAME["Llama-4-Maverick-17B-128E-Instruct"]


def reply(prompt: str, model: DemoModel = LLAMA, before: list[dict[str, Any]] | None = None, **more: Any) -> str:
    messages = [*(before or []), {"role": "user", "content": prompt}]
    return "".join(d.text for d in compose({"model": model.name, "messages": messages, **more}, model).deltas)


@pytest.mark.parametrize(
    ("prompt", "result"),
    [
        ("2+2?", "4"),
        ("What is 12 times 7?", "84"),
        ("what's 15% of 200", "30"),
        ("Compute 2^10 - 24", "1000"),
        ("3 * (4 + 5) =", "27"),
        ("how much is 10 divided by 4?", "2.5"),
        ("What is the square root of 144?", "12"),
        ("7 x 6", "42"),
        ("1,000 + 1", "1001"),
    ],
)
def test_sums_are_right(prompt: str, result: str) -> None:
    assert result in reply(prompt).replace("*", "").split()


@pytest.mark.parametrize(
    "prompt", ["In 2020-2021 what happened?", "1/0", "9**9**9", "meet me 10/11 at 5", "", "version 3.10", "+", "(((("]
)
def test_no_sum_where_there_is_none(prompt: str) -> None:
    assert sum_in(prompt) is None


@pytest.mark.parametrize(
    ("prompt", "sign"),
    [
        ("Write python code for a moving average", "```python\n"),
        ("write a Fortran program for heat", "```fortran\n"),
        ("show me an MPI program", "MPI_Init"),
        ("write a PBS job script", "#PBS"),
        ("give me julia code", "```julia\n"),
        ("write a cuda kernel function", "__global__"),
        ("implement a prime sieve", "primes_below"),
        ("give me a table of solvers", "|--:|"),
        ("compare Python and Julia", "| Python | Julia |"),
        ("list three ideas about lakes", "3. "),
        ("the heat equation in latex", "$$\n\\frac{\\partial u}"),
        ("haiku about supercomputers", "supercomputers"),
        ("Name two planets", ", "),
        ("markdown demo", "- [x] done"),
        ("what is dark matter?", "gravity"),
        ("hello", "Llama-4"),
        ("which model are you?", "Llama-4"),
        ("explain sedimentation", "**sedimentation**"),
    ],
)
def test_kinds_of_answers(prompt: str, sign: str) -> None:
    assert sign in reply(prompt)


def test_history_is_used() -> None:
    before = [
        {"role": "user", "content": "Explain Mars"},
        {"role": "assistant", "content": "Mars is red. It is cold."},
    ]
    assert '"Explain Mars"' in reply("what did I ask before?", before=before)
    assert "**Mars**" in reply("Summarise the above", before=before)
    assert reply("shorter, please", before=before) == "Mars is red."
    assert "Mars" in reply("continue", before=before)
    assert reply("Give a short title for this conversation", before=before) == "Mars"
    assert "first thing" in reply("what did I ask before?")


def test_the_system_prompt_shows() -> None:
    terse = [{"role": "system", "content": "You are terse."}]
    assert len(reply("explain dark matter", before=terse)) < 150
    french = [{"role": "system", "content": "Answer in French"}]
    assert reply("hello", before=french).startswith("Bien sûr.")
    other = [{"role": "system", "content": ["You know all about wine", "and cheese"]}]
    assert "You know all about wine and cheese" in reply("hello", before=other)


def test_the_same_prompt_gives_the_same_reply_and_models_differ() -> None:
    texts = [reply("explain sedimentation", model) for model in MODELS]
    assert texts == [reply("explain sedimentation", model) for model in MODELS]
    assert len(set(texts)) == len(texts)
    assert reply("explain lakes", seed=1) != reply("explain lakes", seed=2)


def test_long_prompts_and_json() -> None:
    assert "I read all 30 lines" in reply("explain this file\n" + "x = 1\n" * 28 + "end")
    assert reply("say hi", response_format={"type": "json_object"}).startswith('{"topic"')


@pytest.mark.parametrize("prompt", ["", "?", "```", "\n\n", "@@", "a" * 50_000, "{} {0} %s", "<script>", "\x00\x1b"])
def test_strange_prompts_get_an_answer(prompt: str) -> None:
    assert reply(prompt)


def test_no_messages_get_an_answer() -> None:
    assert compose({"model": "m", "messages": []}, LLAMA).deltas


def test_lengths_are_found_in_prompts() -> None:
    wish = length_wish("2000 tokens at 1000 tokens/s")
    assert wish is not None
    assert (wish.tokens, wish.per_second, wish.at_full_speed) == (2000, 1000.0, False)
    full = length_wish("give me 10k tokens at max speed")
    assert full is not None
    assert (full.tokens, full.at_full_speed) == (10_000, True)
    assert length_wish("what does a price per 1000 tokens mean?") is None
    assert length_wish("how fast is 640 tokens/s?") is None


def test_tokens_are_about_four_characters() -> None:
    deltas = compose(
        {"model": "m", "messages": [{"role": "user", "content": "2000 tokens at max speed"}]}, LLAMA
    ).deltas
    assert 3.5 < sum(len(delta.text) for delta in deltas) / len(deltas) < 5


def test_topics_are_short_and_to_the_point() -> None:
    assert topic_of("Please explain the Higgs boson.") == "Higgs boson"
    assert topic_of("What is a neutron star? And why?") == "neutron star"
    assert len(topic_of("word " * 100)) < 75
    assert kind_of("name one planet") == "name"
