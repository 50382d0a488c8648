"""The commands beside `ask`, in processes of their own."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from cli_process import Metis

from metis_tui.config.settings import Settings, load_settings


def test_models_by_cluster(metis: Metis) -> None:
    done = metis("models")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "metis"
    assert "● live" in lines[1]
    assert {"metis", "minerva", "sophia"} <= set(lines)
    listed = metis("models", "--json").json
    states = {f"{m['model']}@{m['cluster']}": m["state"] for m in listed["models"]}
    assert states["gpt-oss-120b@metis"] == "live"
    assert states["Mistral-Large-3-675B-Instruct-2512@metis"] == "offline"
    assert {cluster["cluster"] for cluster in listed["clusters"]} == {"metis", "minerva", "sophia"}


def test_one_failing_cluster_never_hides_the_others(metis: Metis) -> None:
    assert metis.gateway is not None
    metis.gateway.set_failing_jobs("sophia", 500)
    metis.gateway.set_maintenance("minerva", "back on Tuesday \x1b[31m")
    done = metis("models")
    assert done.code == 0
    assert "sophia - states unknown" in done.out
    assert "minerva - under maintenance" in done.out
    assert "● live" in done.out
    assert metis("status").code == 0


def test_status_tells_everything_but_the_access_token(metis: Metis) -> None:
    assert metis.gateway is not None
    done = metis("status", "--json")
    assert done.code == 0
    found = done.json
    assert found["health"]["is_ok"] is True
    assert found["access_token"] == {"source": "METIS_TUI_TOKEN", "expires_at": None}
    assert found["identity"]["username"] == "alice@anl.gov"
    assert found["failures"] == []
    plain = metis("status")
    assert "Alice Tester" in plain.out
    assert metis.gateway.token not in done.out + plain.out


@pytest.mark.parametrize(("token", "code"), [("", 3), ("expired-token", 3), ("globus-down-token", 1)])
def test_status_and_models_exit_with_the_code_of_the_trouble(metis: Metis, token: str, code: int) -> None:
    metis.environment["METIS_TUI_TOKEN"] = token
    done = metis("status", "--json")
    assert done.code == code
    assert len(done.json["failures"]) == 1
    assert metis("models").code == code


def test_no_gateway_is_6(offline: Metis) -> None:
    offline.environment["METIS_TUI_TOKEN"] = "some-token"
    for command in ("status", "models"):
        done = offline(command)
        assert done.code == 6
        assert "some-token" not in done.out + done.err


def test_history(metis: Metis) -> None:
    assert metis("history", "list").out == ""
    assert metis("history", "show", "last").code == 1
    metis("ask", "-m", "gpt-oss-120b", "What is a [31mtitle?")
    metis("ask", "-m", "gemma-4-31B-it", "The second")
    listed = metis("history", "list", "--json").json["conversations"]
    assert [c["title"] for c in listed] == ["The second", "What is a [31mtitle?"]
    assert len(metis("history", "list", "--limit", "1").out.splitlines()) == 1
    first = listed[1]["id"]
    assert metis("history", "show", first).out.startswith("What is a [31mtitle?")
    assert metis("history", "show", first[:-3], "--json").json["id"] == first
    assert metis("history", "show", first[-6:], "--json").json["id"] == first
    markdown = metis("history", "show", "last", "--markdown").out
    assert markdown.startswith("# The second\n")
    assert "## You\n\nThe second\n\n## gemma-4-31B-it@metis\n" in markdown
    assert [hit["title"] for hit in metis("history", "search", "second", "role:user", "--json").json["hits"]] == [
        "The second"
    ]
    assert metis("history", "export", "last", "--format", "html").out.lower().startswith("<!doctype html>")
    assert metis("history", "show", "0").code in (1, 2)
    assert metis("history", "show", "zzzz").code == 1


def test_two_ids_with_the_same_start_are_not_guessed(metis: Metis) -> None:
    for prompt in ("one", "two"):
        metis("ask", "-m", "gpt-oss-120b", prompt)
    assert metis("history", "show", "01").code == 2


def test_an_incomplete_reply_is_marked(metis: Metis) -> None:
    metis("ask", "-m", "gemma-4-31B-it", "hello @@die_mid@@")
    assert "gemma-4-31B-it@metis [incomplete: " in metis("history", "show", "last").out


def test_config(offline: Metis, home: Path) -> None:
    path = home / "config" / "config.toml"
    assert offline("config", "path").out == f"{path}\n"
    shown = offline("config", "show", "--base-url", "https://gateway.example/resource_server").out
    path.parent.mkdir()
    path.write_text(shown)
    assert load_settings(path) == (Settings(base_url="https://gateway.example/resource_server"), [])
    path.write_text("model = 5\n")
    done = offline("config", "show")
    assert done.code == 0
    assert "model must be a text" in done.err


def test_config_never_shows_an_access_token(offline: Metis) -> None:
    offline.environment["METIS_TUI_TOKEN"] = "very-secret"
    assert "very-secret" not in offline("config", "show").out


def test_the_demo_gateway_alone(offline: Metis) -> None:
    running = offline.start("demo-gateway", "--port", "0")
    assert running.stdout is not None
    word, url = running.stdout.readline().decode().split()
    assert word == "ready"
    offline.environment["METIS_TUI_TOKEN"] = "good-token"
    assert offline("models", "--base-url", url).code == 0
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=20)
    assert running.returncode == 0
    assert b"METIS_TUI_TOKEN=" in err


def test_a_scenario_that_is_not_there_names_those_that_are(offline: Metis) -> None:
    done = offline("demo-gateway", "--scenario", "sunshine")
    assert (done.code, done.out) == (2, "")
    assert "cold-start" in done.err


def test_without_a_terminal_the_application_says_what_to_use(offline: Metis) -> None:
    done = offline("--demo")
    assert (done.code, done.out) == (2, "")
    assert "metis-tui ask" in done.err


@pytest.mark.parametrize(("arguments", "word"), [(("--help",), "exit codes"), (("--version",), "metis-tui 0.1.0")])
def test_help_and_version(offline: Metis, arguments: tuple[str, ...], word: str) -> None:
    done = offline(*arguments)
    assert (done.code, done.err) == (0, "")
    assert word in done.out
