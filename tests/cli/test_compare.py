"""`compare` in a process of its own: what is printed, what is sent and what is kept."""

from __future__ import annotations

import json
from pathlib import Path

from cli_process import Metis

ONE, TWO, OFF = "gpt-oss-120b@metis", "gemma-4-31B-it@metis", "Mistral-Large-3-675B-Instruct-2512@metis"


def report_of_the_last(metis: Metis, kind: str) -> str:
    done = metis("compare", "--open", "last", "--report", kind)
    assert (done.code, done.err) == (0, "")
    return done.out


def test_each_reply_under_its_model_then_the_measures_and_all_kept_as_siblings(metis: Metis) -> None:
    done = metis(
        "compare", "-m", ONE, "-m", TWO, "--repeat", "2", "--param", "seed=3", "--system", "Be terse.", "2+2?"
    )
    assert (done.code, done.err) == (0, "")
    headings = [line for line in done.out.splitlines() if line.startswith("--- ")]
    assert headings == [f"--- {model} ({n} of 2)" for n in (1, 2) for model in (ONE, TWO)]
    table = done.out.split("\n\n")[-1].splitlines()
    assert [line.split()[0] for line in table] == ["Model", ONE, TWO]
    assert table[1].endswith("2 ok")
    kept = metis("history", "show", "last", "--json").json
    prompt, *replies = kept["messages"]
    assert (kept["system"], kept["params"], prompt["text"]) == ("Be terse.", {"seed": 3}, "2+2?")
    assert [f"{reply['model']}@{reply['cluster']}" for reply in replies].count(ONE) == 2
    assert {reply["parent"] for reply in replies} == {prompt["id"]}
    plan, *cells = [json.loads(line) for line in report_of_the_last(metis, "jsonl").splitlines()]
    assert (plan["params"], plan["repeat"], plan["models"]) == ({"seed": 3}, 2, [TWO, ONE])
    assert sorted(cell["text"] for cell in cells) == sorted(reply["text"] for reply in replies)
    assert len({reply["text"] for reply in replies}) == 2
    assert all(reply["text"] in done.out for reply in replies)
    sent = [r.body for r in metis.gateway.requests if r.path.endswith("/chat/completions")]  # type: ignore[union-attr]
    assert len(sent) == 4
    assert all(body["messages"] == sent[0]["messages"] and body["seed"] == 3 for body in sent)


def test_one_that_fails_is_told_and_the_others_reply(metis: Metis, home: Path) -> None:
    done = metis("compare", "-m", ONE, "-m", OFF, "--seed", "5", "--no-save", "--jsonl", "hello")
    assert done.code == 7
    assert f"error: {OFF}: The model is not live" in done.err
    *replies, summary = [json.loads(line) for line in done.out.splitlines()]
    assert {reply["served_model"]: bool(reply["error"]) for reply in replies} == {ONE: False, OFF: True}
    assert [reply["is_saved"] for reply in replies] == [False, False]
    assert summary["seed"] == 5
    assert [departure["place"] for departure in summary["departures"][0]] == [0, 1]
    assert summary["summary"][0]["first_delta_seconds"]["count"] == 1
    assert summary["summary"][1]["first_delta_seconds"] is None
    assert not (home / "data").exists()


def test_when_all_fail_it_is_1(metis: Metis) -> None:
    done = metis("compare", "-m", ONE, "-m", TWO, "--json", "@@internal@@")
    assert done.code == 1
    assert [reply["error"]["kind"] for reply in done.json["replies"]] == ["gateway", "gateway"]


def test_one_model_is_no_comparison(metis: Metis) -> None:
    assert metis("compare", "-m", ONE, "-m", ONE, "hello").code == 2
