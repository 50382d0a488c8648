"""Signing in and out by the command line, in processes of their own."""

from __future__ import annotations

import resource
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest
from sign_in_process import LoginProcess, SigningMetis, code_from

from metis_tui.demo.server import DemoGateway


@pytest.fixture
def metis(demo: DemoGateway, home: Path) -> SigningMetis:
    return SigningMetis(demo, home)


# -- login ---------------------------------------------------------------------------------------------------------


def test_a_sign_in_by_a_pipe(metis: SigningMetis, home: Path) -> None:
    metis.environment["COLUMNS"] = "80"
    with LoginProcess(metis) as login:
        assert len(login.url) > 200
        done = login.answer(f"  {code_from(login.url)} ")
    assert done.code == 0, done.err
    first, token, deadline = done.out.splitlines()
    assert first == "Signed in as Alice Tester (alice@anl.gov) by Argonne National Laboratory."
    assert token.startswith("access token      47 h 59 min left, until ")
    assert deadline.startswith("sign-in deadline  6 days 23 h left, until ")
    assert deadline.endswith("; 7 days after the sign-in, as set (sign_in_days)")
    assert stat.S_IMODE(metis.file.stat().st_mode) == 0o600

    value, refresh = metis.kept()["access_token"], metis.kept()["refresh_token"]
    assert metis("auth", "token").out == f"{value}\n"
    others = [metis(*words) for words in (["auth", "status"], ["auth", "status", "--json"], ["status", "--json"])]
    others += [metis("ask", "-m", "gpt-oss-120b", "hello"), metis("auth", "login"), done]
    assert [other.code for other in others] == [0] * len(others)
    assert not [other for other in others if value in other.out + other.err or refresh in other.out + other.err]
    files = [path for path in home.rglob("*") if path.is_file()]
    assert len(files) > 3
    assert [path for path in files if value.encode() in path.read_bytes()] == [metis.file]
    assert [path for path in files if refresh.encode() in path.read_bytes()] == [metis.file]


def test_who_is_signed_in_is_not_asked_again_unless_forced(metis: SigningMetis) -> None:
    metis.keep_sign_in()
    done = metis("auth", "login")
    assert (done.code, done.out.splitlines()[0]) == (
        0,
        "Signed in already as Alice Tester (alice@anl.gov) by Argonne National Laboratory.",
    )
    assert "--force" in done.err
    assert "http" not in done.err
    before = metis.kept()["access_token"]
    assert metis.sign_in("--force").code == 0
    assert metis.kept()["access_token"] != before


def test_a_sign_in_that_the_gateway_no_longer_takes_is_made_anew(metis: SigningMetis) -> None:
    assert metis.gateway is not None
    metis.keep_sign_in()
    metis.gateway.oauth.lapse_sign_ins()
    assert metis.sign_in().code == 0
    assert metis("auth", "status").code == 0


def test_without_the_gateway_a_kept_sign_in_is_told_by_its_identifier(metis: SigningMetis) -> None:
    metis.keep_sign_in()
    metis.environment["METIS_TUI_BASE_URL"] = "http://127.0.0.1:9/resource_server"
    done = metis("auth", "login")
    assert done.code == 0
    assert metis.kept()["identity_id"] in done.out
    assert "cannot be reached" in done.err


@pytest.mark.parametrize("lines", [[], ["no-such-code"], [""]], ids=["nothing", "a wrong code", "an empty line"])
def test_a_pipe_is_asked_once(metis: SigningMetis, lines: list[str]) -> None:
    with LoginProcess(metis) as login:
        done = login.answer(*lines)
    assert (done.code, done.out) == (3, "")
    assert "error: The sign-in did not work: " in done.err
    assert "Traceback" not in done.err
    assert metis.kept() == {}


def test_it_hears_an_interrupt_while_it_waits_for_the_code(metis: SigningMetis) -> None:
    with LoginProcess(metis) as login:
        login.process.send_signal(signal.SIGINT)
        assert login.process.wait(10) == 130
        out, err = login.process.communicate()
    assert (out, err.decode().splitlines()[-1]) == (b"", "interrupted")
    assert b"Fatal" not in err


def test_another_identity_replaces_the_stored_one_only_when_told_to(metis: SigningMetis) -> None:
    assert metis.gateway is not None
    metis.keep_sign_in("alice", access_token_seconds=1)
    metis.gateway.oauth.revoke_everything()
    metis.gateway.oauth.sign_in_as("bob")
    before = metis.kept()
    done = metis.sign_in()
    assert done.code == 3
    assert "Another identity is signed in here" in done.err
    assert "metis-tui auth login --force" in done.err
    assert metis.kept() == before
    assert "Bob Builder" in metis.sign_in("--force").out
    assert metis.kept()["identity_id"] != before["identity_id"]


def test_an_identity_provider_that_the_gateway_does_not_take_is_told_at_once(metis: SigningMetis) -> None:
    assert metis.gateway is not None
    metis.gateway.oauth.sign_in_as("mal")
    done = metis.sign_in()
    assert done.code == 3
    assert "Signed in with the wrong identity provider" in done.err
    assert "https://app.globus.org/logout" in done.err


def test_an_access_token_in_a_variable_wins_and_that_is_told(metis: SigningMetis) -> None:
    metis.environment["ALCF_AI_TOKEN"] = "good-token"
    done = metis.sign_in()
    assert done.code == 0
    assert "ALCF_AI_TOKEN is set and wins" in done.err
    assert metis.kept()["access_token"]
    assert metis("auth", "token").out == "good-token\n"


def test_a_sign_in_that_cannot_be_kept_is_a_failure(metis: SigningMetis, home: Path) -> None:
    (home / ".globus").write_text("not a folder")
    done = metis.sign_in()
    assert (done.code, done.out) == (1, "")
    assert "error: Not saved: " in done.err


# -- logout --------------------------------------------------------------------------------------------------------


def test_logout_ends_the_tokens_everywhere(metis: SigningMetis) -> None:
    assert metis.gateway is not None
    value = metis.keep_sign_in()
    refresh = metis.kept()["refresh_token"]
    done = metis("auth", "logout")
    assert (done.code, done.err) == (0, "")
    assert "Globus has ended the tokens" in done.out
    assert "ALCF's own tools share ~/.globus/app/" in done.out
    assert metis.kept() == {}
    assert not metis.gateway.oauth.is_active(value)
    assert not metis.gateway.oauth.is_active(refresh)
    again = metis("auth", "logout")
    assert (again.code, again.out) == (0, "Nobody was signed in.\n")


def test_logout_without_globus_removes_the_tokens_here(metis: SigningMetis) -> None:
    metis.keep_sign_in()
    metis.environment["GLOBUS_SDK_SERVICE_URL_AUTH"] = "http://127.0.0.1:9/"
    done = metis("auth", "logout")
    assert done.code == 0
    assert "on this machine only" in done.out
    assert "note: Globus was not told" in done.err
    assert metis.kept() == {}


def test_logout_names_what_still_holds_an_access_token(metis: SigningMetis) -> None:
    metis.keep_sign_in()
    metis.keep_sign_in(file=metis.older_file)
    metis.environment["METIS_TUI_TOKEN"] = "good-token"
    done = metis("auth", "logout")
    assert done.code == 0
    assert "METIS_TUI_TOKEN still holds an access token" in done.err
    assert "inference_app/tokens.json still holds an access token" in done.err
    assert metis.kept() == {}


def test_logout_fails_when_the_file_keeps_the_tokens(metis: SigningMetis) -> None:
    metis.keep_sign_in()
    running = metis.start("auth", "logout", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out) == (1, b"")
    assert b"Not signed out on this machine" in err
    assert metis.kept()["access_token"]


# -- status --------------------------------------------------------------------------------------------------------


def test_status_tells_everything_that_is_known(metis: SigningMetis) -> None:
    value = metis.keep_sign_in()
    done = metis("auth", "status")
    assert (done.code, done.err) == (0, "")
    rows = dict(line.split("  ", 1) for line in done.out.splitlines())
    assert rows["identity"].strip() == "Alice Tester (alice@anl.gov) by Argonne National Laboratory"
    assert rows["access token"].strip().startswith("47 h 59 min left, until ")
    assert rows["access token"].endswith("then renewed by itself")
    assert rows["kept in"].strip().endswith("/alcf_tokens/tokens.json")
    assert "at the latest" in rows["sign-in deadline"]
    assert rows["scope"].strip().endswith("/action_all")
    found = metis("auth", "status", "--json").json
    assert found["is_usable"] is True
    assert found["identity"]["identity_provider"] == "Argonne National Laboratory"
    assert found["access_token"]["expires_at"] == metis.kept()["expires_at_seconds"]
    assert found["sign_in_deadline"]["source"] == "setting"
    assert found["sign_in_deadline"]["is_estimate"] is True
    assert found["failures"] == []
    assert value not in done.out
    whole = metis("status")
    assert "sign-in deadline  " in whole.out
    assert metis("status", "--json").json["sign_in_deadline"]["days"] == 7


def test_status_without_anything_is_3(metis: SigningMetis) -> None:
    done = metis("auth", "status")
    assert done.code == 3
    assert done.out.startswith("identity      nobody is signed in\naccess token  none\n")
    assert "hint: Sign in with Globus: metis-tui auth login" in done.err
    found = metis("auth", "status", "--json").json
    assert (found["is_usable"], found["access_token"]) == (False, None)
    assert [failure["kind"] for failure in found["failures"]] == ["sign_in_needed"]


def test_status_of_an_access_token_in_a_variable(metis: SigningMetis) -> None:
    metis.environment["METIS_TUI_TOKEN"] = "good-token"
    done = metis("auth", "status")
    assert done.code == 0
    assert "expiry unknown" in done.out
    assert "METIS_TUI_TOKEN" in done.out
    assert "good-token" not in done.out + done.err
    metis.environment["METIS_TUI_TOKEN"] = "policy-token"
    assert metis("auth", "status", "--json").code == 3


def test_status_offline_goes_by_the_file(metis: SigningMetis) -> None:
    metis.keep_sign_in()
    metis.environment["METIS_TUI_BASE_URL"] = "http://127.0.0.1:9/resource_server"
    done = metis("auth", "status")
    assert done.code == 0
    assert metis.kept()["identity_id"] in done.out
    assert "note: The gateway cannot be reached" in done.err


def test_status_of_a_sign_in_whose_deadline_has_passed(metis: SigningMetis) -> None:
    assert metis.gateway is not None
    metis.keep_sign_in()
    metis.gateway.oauth.lapse_sign_ins()
    done = metis("auth", "status")
    assert done.code == 3
    assert "metis-tui auth login --force" in done.err
    assert "passed" in done.out


# -- token ---------------------------------------------------------------------------------------------------------


def test_the_access_token_is_renewed_when_it_has_expired(metis: SigningMetis) -> None:
    assert metis.gateway is not None
    old = metis.keep_sign_in(access_token_seconds=0)
    done = metis("auth", "token")
    assert (done.code, done.err) == (0, "")
    assert done.out.strip() not in ("", old)
    assert done.out.strip() == metis.kept()["access_token"]
    assert metis.gateway.oauth.grants == ["refresh_token"]


def test_no_access_token_is_3_and_nothing_is_printed(metis: SigningMetis) -> None:
    done = metis("auth", "token")
    assert (done.code, done.out) == (3, "")
    assert "metis-tui auth login" in done.err


def test_one_that_cannot_be_renewed_now_is_told_soon(metis: SigningMetis) -> None:
    metis.keep_sign_in(access_token_seconds=0)
    metis.environment["GLOBUS_SDK_SERVICE_URL_AUTH"] = "http://127.0.0.1:9/"
    started = time.monotonic()
    done = metis("auth", "token")
    assert time.monotonic() - started < 5
    assert (done.code, done.out) == (3, "")
    assert "expired" in done.err
    assert "F8" not in done.err


# -- a lapsed sign-in and the other commands -----------------------------------------------------------------------


@pytest.mark.parametrize("command", [("ask", "-m", "gpt-oss-120b", "hello"), ("models",), ("status",)], ids=str)
def test_a_lapsed_sign_in_is_3_and_names_the_command(metis: SigningMetis, command: tuple[str, ...]) -> None:
    assert metis.gateway is not None
    metis.keep_sign_in()
    metis.gateway.oauth.lapse_sign_ins()
    done = metis(*command)
    assert done.code == 3
    assert "metis-tui auth login --force" in done.err
    assert "F8" not in done.err


def test_an_inactive_access_token_is_renewed_unseen(metis: SigningMetis) -> None:
    assert metis.gateway is not None
    metis.keep_sign_in()
    metis.gateway.oauth.expire_access_tokens()
    done = metis("ask", "-m", "gpt-oss-120b", "hello")
    assert (done.code, done.err) == (0, "")
    assert metis.gateway.oauth.grants == ["refresh_token"]


def test_the_demo_signs_in_to_itself_and_leaves_the_credential_file_alone(metis: SigningMetis) -> None:
    assert metis("auth", "status", "--demo").code == 0
    assert metis("auth", "token", "--demo", "--scenario", "short-tokens").code == 3
    with LoginProcess(metis, "--demo", "--scenario", "sign-in") as login:
        assert "Alice Tester" in login.answer(code_from(login.url)).out
    assert not metis.file.exists()


def test_a_scenario_that_is_not_there_names_those_that_are(metis: SigningMetis) -> None:
    for words in (["models"], ["auth", "status"], []):
        done = metis("--demo", "--scenario", "sunshine", *words)
        assert (done.code, done.out) == (2, "")
        assert "short-tokens" in done.err


def test_the_demo_gateway_tells_how_to_sign_in_to_it(metis: SigningMetis) -> None:
    running = metis.start("demo-gateway", "--scenario", "sign-in", stdin=subprocess.DEVNULL)
    try:
        assert running.stdout is not None
        assert running.stderr is not None
        url = running.stdout.readline().decode().split()[1]
        note, told = running.stderr.readline().decode().strip().split("GLOBUS_SDK_SERVICE_URL_AUTH=")
        assert note == "note: to sign in to it: "
        assert url.startswith(told)
        metis.environment |= {"GLOBUS_SDK_SERVICE_URL_AUTH": told, "METIS_TUI_BASE_URL": url}
        assert metis.sign_in().code == 0
    finally:
        running.kill()
        running.communicate()
