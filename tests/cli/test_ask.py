"""`ask` in a process of its own, over a real socket: what is printed, what is sent and what is on disk."""

from __future__ import annotations

import json
import os
import pty
import signal
from pathlib import Path

import pytest
from cli_process import Metis

MODEL = ("-m", "gpt-oss-120b")
PLAIN = ("-m", "gemma-4-31B-it")
"""Without reasoning: text comes first."""


def saved(metis: Metis, which: str = "last") -> dict[str, object]:
    return metis("history", "show", which, "--json").json  # type: ignore[no-any-return]


def messages(metis: Metis) -> list[dict[str, object]]:
    return saved(metis)["messages"]  # type: ignore[return-value]


def test_the_reply_is_printed_and_saved(metis: Metis) -> None:
    done = metis("ask", *MODEL, "2+2?")
    assert (done.code, done.err) == (0, "")
    prompt, reply = messages(metis)
    assert (prompt["role"], prompt["text"]) == ("user", "2+2?")
    assert reply["text"] == done.out != ""
    assert (reply["stop"], reply["model"], reply["cluster"]) == ("stop", "gpt-oss-120b", "metis")


def test_without_a_model_the_one_chosen_last_replies(metis: Metis, home: Path) -> None:
    (home / "state").mkdir()
    (home / "state" / "choices.json").write_text(json.dumps({"model": "gemma-4-31B-it@metis"}))
    assert metis("ask", "--json", "2+2?").json["model"] == "gemma-4-31B-it"


def test_json_is_one_object_with_every_key(metis: Metis) -> None:
    done = metis("ask", *MODEL, "--json", "-", stdin="2+2?")
    assert done.code == 0
    reply = done.json
    assert set(reply) == {
        *("text", "reasoning", "usage", "timing", "model", "cluster", "framework", "stop"),
        *("conversation", "message", "request_id", "is_saved", "error"),
    }
    assert set(reply["timing"]) == {
        *("first_reasoning_seconds", "first_text_seconds", "first_delta_seconds", "total_seconds"),
        "tokens_per_second",
    }
    assert reply["text"]
    assert reply["reasoning"]
    assert reply["usage"]["completion_tokens"] > 0
    assert reply["timing"]["first_delta_seconds"] <= reply["timing"]["total_seconds"]
    assert (reply["model"], reply["cluster"], reply["stop"]) == ("gpt-oss-120b", "metis", "stop")
    assert (reply["is_saved"], reply["error"]) == (True, None)
    assert reply["conversation"] == saved(metis)["id"]


def test_jsonl_is_one_object_per_event(metis: Metis) -> None:
    done = metis("ask", *MODEL, "--jsonl", "2+2?")
    events = [json.loads(line) for line in done.out.splitlines()]
    names = [event["event"] for event in events]
    assert names[0] == "started"
    assert names[-1] == "ended"
    assert {"accepted", "reasoning", "text", "usage"} <= set(names)
    assert "".join(e["text"] for e in events if e["event"] == "text") == events[-1]["text"]


def test_standard_input_and_files_are_attached_with_their_names(metis: Metis, tmp_path: Path) -> None:
    (tmp_path / "main.f90").write_text("program x\n```\nend program\n")
    done = metis("ask", *MODEL, "Why?", "-f", str(tmp_path / "main.f90"), stdin="piped words\r\n")
    assert done.code == 0
    assert metis.sent_messages() == [
        {
            "role": "user",
            "content": "Why?\n\n`main.f90`:\n````f90\nprogram x\n```\nend program\n````\n\n"
            "`standard input`:\n```\npiped words\n```",
        }
    ]


def test_continuing_sends_what_was_said_before(metis: Metis) -> None:
    first = metis("ask", *MODEL, "--json", "one").json
    metis("ask", *MODEL, "between")
    again = metis("ask", "--open", first["conversation"][:-1], "--json", "two").json
    assert again["conversation"] == first["conversation"]
    assert [m["role"] for m in metis.sent_messages()] == ["user", "assistant", "user"]
    last = metis("ask", "-c", "--json", "--system", "Be brief.", "--param", "temperature=0.5", "three").json
    assert last["conversation"] == first["conversation"]
    assert metis.sent_messages()[0] == {"role": "system", "content": "Be brief."}
    assert metis.sent_body()["temperature"] == 0.5
    kept = saved(metis)
    assert len(kept["messages"]) == 6  # type: ignore[arg-type]
    assert (kept["system"], kept["params"]) == ("Be brief.", {"temperature": 0.5})
    assert len(metis("history", "list", "--json").json["conversations"]) == 2


def test_another_model_in_a_conversation_is_kept(metis: Metis) -> None:
    metis("ask", *MODEL, "one")
    metis("ask", "-c", "-m", "gemma-4-31B-it", "two")
    assert saved(metis)["model"] == "gemma-4-31B-it@metis"
    assert metis("ask", "-c", "--json", "three").json["model"] == "gemma-4-31B-it"


def test_nothing_is_saved_when_asked_so(metis: Metis, home: Path) -> None:
    done = metis("ask", *MODEL, "--no-save", "--json", "2+2?")
    assert (done.code, done.json["is_saved"]) == (0, False)
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_a_failure_after_some_text_keeps_it_and_tells(metis: Metis) -> None:
    done = metis("ask", *PLAIN, "Tell me @@die_mid@@")
    assert done.code == 7
    assert done.out
    assert "[ERROR]" not in done.out
    assert done.err.startswith("error: ")
    _, reply = messages(metis)
    assert reply["text"] == done.out
    assert reply["stop"] == "error"
    assert metis("ask", "-c", "go on").code == 0
    assert "[ERROR]" not in json.dumps(metis.sent_messages())


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        ("@@maintenance@@", 4),
        ("@@not_live@@", 4),
        ("@@throttle@@", 5),
        ("@@tpm@@", 5),
        ("@@empty@@", 7),
        ("@@cut_socket@@", 7),
        ("@@internal@@", 1),
    ],
)
def test_failures_have_their_own_exit_codes(metis: Metis, prompt: str, code: int) -> None:
    done = metis("ask", *MODEL, "--json", f"hello {prompt}")
    assert done.code == code, done.err
    error = done.json["error"]
    assert error["title"] in done.err
    assert error["hint"] in done.err
    assert set(error) == {"kind", "title", "reason", "hint", "error_id", "can_retry", "retry_after_seconds"}
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("-m", "Mistral-Large-3-675B-Instruct-2512", "hi"), 4),
        (("-m", "no-such-model", "hi"), 1),
        (("--open", "0000", "hi"), 1),
        (("--base-url", "http://127.0.0.1:9/resource_server", "hi"), 6),
        ((" ",), 2),
        (("--param", "temperature=9", "hi"), 2),
        (("--param", "colour=red", "hi"), 2),
        (("-f", "no-such-file", "hi"), 2),
        (("-f", ".", "hi"), 2),
        (("--no-such-option", "hi"), 2),
        (("--json", "--jsonl", "hi"), 2),
        ((), 2),
    ],
    ids=str,
)
def test_refusals_have_their_own_exit_codes(metis: Metis, arguments: tuple[str, ...], code: int) -> None:
    done = metis("ask", *arguments)
    assert (done.code, done.out) == (code, "")
    assert 1 <= len(done.err.splitlines()) <= 2
    assert "Traceback" not in done.err


def test_an_unknown_model_names_live_ones(metis: Metis) -> None:
    done = metis("ask", "-m", "gpt-oss-20b", "--json", "hi")
    assert "gpt-oss-120b" in done.err
    assert done.json["error"]["kind"] == "model_unknown"


@pytest.mark.parametrize("token", ["", "expired-token", "policy-token", "noaccess-token"])
def test_without_a_good_access_token_it_is_3_and_the_token_stays_secret(metis: Metis, token: str) -> None:
    metis.environment["METIS_TUI_TOKEN"] = token
    done = metis("ask", *MODEL, "hi")
    assert (done.code, done.out) == (3, "")
    if token:
        assert token not in done.err


def test_bytes_that_are_no_text_are_refused(metis: Metis, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff\x00")
    done = metis("ask", "hi", "-f", str(tmp_path / "picture.png"))
    assert done.code == 2
    assert "UTF-8" in done.err
    assert metis("ask", "hi", stdin=b"\xff\xfe").code == 2
    assert metis("ask", "-", stdin=b"x" * 2_000_001).code == 2


def test_ctrl_c_keeps_what_arrived(metis: Metis) -> None:
    running = metis.start("ask", *PLAIN, "hello @@stall:60@@")
    assert running.stdout is not None
    first = os.read(running.stdout.fileno(), 4096)
    running.send_signal(signal.SIGINT)
    rest, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert err == b"interrupted\n"
    _, reply = messages(metis)
    assert (reply["text"], reply["stop"]) == ((first + rest).decode(), "cancelled")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_being_told_to_end_keeps_what_arrived(metis: Metis, number: signal.Signals) -> None:
    running = metis.start("ask", *PLAIN, "hello @@stall:60@@")
    assert running.stdout is not None
    first = os.read(running.stdout.fileno(), 4096)
    running.send_signal(number)
    rest, _ = running.communicate(timeout=20)
    assert running.returncode == 128 + number
    _, reply = messages(metis)
    assert (reply["text"], reply["stop"]) == ((first + rest).decode(), "interrupted")


def test_a_reader_that_leaves_is_no_drama(metis: Metis) -> None:
    running = metis.start("ask", *PLAIN, "Write 3000 tokens at 2000 tokens/s")
    assert running.stdout is not None
    os.read(running.stdout.fileno(), 10)
    running.stdout.close()
    assert running.stderr is not None
    assert running.stderr.read() == b""
    assert running.wait(20) == 141
    assert messages(metis)[-1]["stop"] == "cancelled"


def test_a_terminal_never_gets_the_replys_control_characters_and_a_pipe_gets_them_all(metis: Metis) -> None:
    piped = metis("ask", *PLAIN, "@@control@@").out
    assert "\x1b]52;c;" in piped
    ours, theirs = pty.openpty()
    running = metis.start("ask", *PLAIN, "@@control@@", stdout=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert running.wait(20) == 0
    assert b"\x1b" not in shown
    assert "␛]52;c;" in shown.decode()
    assert shown.endswith(b"\n")


def test_the_demo_needs_nothing(offline: Metis, home: Path) -> None:
    done = offline("ask", "--demo", "--json", *MODEL, "-", stdin="2+2?")
    assert done.code == 0, done.err
    assert done.json["text"]
    assert offline("history", "list", "--json").json == {"conversations": []}
    assert len(offline("history", "list", "--demo", "--json").json["conversations"]) == 1
    assert offline("--demo", "ask", *MODEL, "the option may come first").code == 0


def test_a_place_that_cannot_be_written_costs_only_the_saving(metis: Metis, home: Path) -> None:
    (home / "data").write_text("a file where the folder should be")
    done = metis("ask", *MODEL, "--json", "2+2?")
    assert (done.code, done.json["is_saved"]) == (0, False)
    assert "not saved" in done.err


def test_the_model_of_the_settings_is_used_and_bad_settings_are_told(metis: Metis, home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text('model = "gemma-4-31B-it"\ncolour = "red"\n')
    done = metis("ask", "--json", "hi")
    assert done.json["model"] == "gemma-4-31B-it"
    assert "colour" in done.err
