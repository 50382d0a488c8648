"""`doctor`: every line with a verdict, in time, and without a secret."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from cli_process import Metis

from metis_tui.chat.checkup import DamageReport, Finding
from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.identifiers import new_ulid
from metis_tui.cli import doctor, doctor_folder, doctor_terminal
from metis_tui.store import damage
from metis_tui.store.conversation_store import ConversationFiles


def by_name(findings: Sequence[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def test_all_is_well_with_the_demo_gateway(metis: Metis) -> None:
    metis.environment = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
    done = metis("doctor", "--json")
    assert (done.code, done.err) == (0, "")
    found = {line["name"]: line for line in done.json["findings"]}
    assert done.json["is_ok"]
    for name in ("route", "gateway direct", "clock", "access token", "identity", "data folder", "versions"):
        assert found[name]["verdict"] == "ok", found[name]
    assert "answers in" in found["gateway direct"]["text"]
    assert "within 1 s" in found["clock"]["text"]
    assert metis.gateway is not None
    assert metis.gateway.token not in done.out


def test_offline_it_says_what_to_do_in_time_and_without_a_secret(offline: Metis) -> None:
    offline.environment = {
        "METIS_TUI_BASE_URL": "https://gateway.invalid/x",
        "METIS_TUI_TOKEN": "very-secret-value",
        "HTTPS_PROXY": "http://me:secret-word@127.0.0.1:9",
        "NO_PROXY": "10.0.0.0/8,*.example",
        "SSL_CERT_FILE": "/nowhere/bundle.pem",
    }
    began = time.monotonic()
    done = offline("doctor")
    assert time.monotonic() - began < 15
    assert done.code == 1
    assert "by the proxy 127.0.0.1:9 (HTTPS_PROXY)" in done.out
    assert "/nowhere/bundle.pem: no such file" in done.out
    assert "10.0.0.0/8 does nothing" in done.out
    assert "Write .example instead" in done.out
    assert "fix: " in done.out
    assert "secret" not in done.out + done.err


async def test_a_check_that_hangs_is_a_line_itself() -> None:
    async def hang() -> Sequence[Finding]:
        await asyncio.Event().wait()
        return []

    async def breaks() -> Sequence[Finding]:
        raise RuntimeError("very-secret-value")

    async def good() -> Sequence[Finding]:
        return [Finding("good", "ok", "yes")]

    found = by_name(await doctor.gather({"disk": (hang, 0.05), "broken": (breaks, 1), "good": (good, 1)}))
    assert (found["disk"].verdict, found["broken"].verdict, found["good"].verdict) == ("fail", "warn", "ok")
    assert "secret" not in doctor.as_text(list(found.values()))


def test_folders(tmp_path: Path) -> None:
    good = tmp_path / "good"
    good.mkdir(mode=0o700)
    found = by_name(doctor_folder.examine(good))
    assert found["data folder"].verdict == "ok"
    assert "fsync" in found["data folder writes"].text
    assert list(good.iterdir()) == []
    good.chmod(0o755)
    assert by_name(doctor_folder.examine(good))["data folder"].fix == f"chmod go= {good}"
    file = tmp_path / "file"
    file.write_text("")
    assert doctor_folder.examine(file / "x")[0].verdict == "fail"
    assert "will be made" in doctor_folder.examine(tmp_path / "a" / "b")[0].text
    assert doctor_folder.file_system(Path("/proc")) in ("proc", "")


async def test_damaged_records_are_listed_and_put_aside(tmp_path: Path) -> None:
    store = ConversationFiles(tmp_path)
    conversation = Conversation()
    message = ChatMessage(new_ulid(), None, "user", "hello", conversation.created_ms)
    conversation.add(message)
    await store.append(conversation, message)
    await store.close()

    def look(seconds: float) -> DamageReport:
        return damage.examine(tmp_path, seconds=seconds)

    found, _ = await doctor_folder.examine_conversations(look)
    assert (found[0].verdict, found[0].text) == ("ok", "1 saved, no damaged record")
    assert not (tmp_path / "quarantine").exists()
    (file,) = tmp_path.glob(f"conversations/*/{conversation.id}*")
    whole = b"{damaged}\n" + file.read_bytes()
    file.write_bytes(whole)
    for _ in range(2):  # again: the same file, not one more
        found, report = await doctor_folder.examine_conversations(look)
    assert [finding.verdict for finding in found] == ["warn", "warn"]
    assert found[0].text == "1 saved; 1 damaged record in 1 conversation"
    assert found[1].text == f"{file}, byte 0, 9 bytes: cut short"
    (aside,) = (tmp_path / "quarantine").iterdir()
    assert found[1].fix.endswith(str(aside))
    assert report.damages[0].saved_as == str(aside)
    assert (aside.read_bytes(), aside.stat().st_mode & 0o777) == (b"{damaged}", 0o600)
    assert aside.parent.stat().st_mode & 0o777 == 0o700
    assert file.read_bytes() == whole
    found, _ = await doctor_folder.examine_conversations(lambda _: look(-1))
    assert found[0].text == "1 saved, the newest 0 looked at, no damaged record"


@pytest.mark.parametrize(
    ("environ", "name", "verdict", "text"),
    [
        ({}, "terminal", "warn", "TERM is not set"),
        ({"TERM": "xterm-256color"}, "colours", "ok", "256"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "colours", "ok", "24 bits"),
        ({"TERM": "vt100"}, "colours", "warn", "16 at most"),
        ({"TERM": "xterm", "SSH_CONNECTION": "x", "DISPLAY": ":1"}, "clipboard", "ok", "your terminal (OSC 52)"),
        ({"TERM": "xterm", "DISPLAY": ":1"}, "clipboard", "ok", "the desktop's"),
        ({"TERM": "screen", "STY": "1.x"}, "new line", "ok", "no Shift+Enter"),
        ({"TERM": "xterm"}, "new line", "ok", "Ctrl+J"),
    ],
)
async def test_terminals(environ: dict[str, str], name: str, verdict: str, text: str) -> None:
    finding = by_name(await doctor_terminal.examine(environ))[name]
    assert finding.verdict == verdict
    assert text in finding.text
