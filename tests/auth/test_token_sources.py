"""Tokens from the files of ALCF's own tools: which one wins, when they are read again, and what breaks."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path

import pytest

from metis_tui.auth.credential_file import (
    GATEWAY_RESOURCE_SERVER,
    StoredToken,
    UnreadableFile,
    read_token_file,
    token_files,
)
from metis_tui.auth.sources import TokenSources
from metis_tui.chat.errors import ChatError, SignInNeeded, TokenInactive

HOUR = 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def storage(
    token: object, expires_at: object, *, server: str = GATEWAY_RESOURCE_SERVER, name: str = "DEFAULT"
) -> str:
    """A token file as globus-sdk 3 and 4 write it."""
    entry = {
        "resource_server": server,
        "identity_id": "11111111-1111-4111-8111-111111111111",
        "scope": f"https://auth.globus.org/scopes/{server}/action_all",
        "access_token": token,
        "refresh_token": "refresh-secret",
        "expires_at_seconds": expires_at,
        "token_type": "Bearer",
    }
    return json.dumps({"data": {name: {server: entry}}, "format_version": "2.0", "globus-sdk.version": "4.9.1"})


def put(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.fixture
def files(home: Path) -> tuple[Path, Path]:
    newest, older = token_files()
    assert newest.is_relative_to(home)
    return newest, older


def test_where_the_files_are(files: tuple[Path, Path], home: Path) -> None:
    assert [str(path.relative_to(home)) for path in files] == [
        ".globus/app/7f3e61f5-e0de-4e8f-9150-0a62c65dda63/alcf_tokens/tokens.json",
        ".globus/app/58fdd3bc-e1c3-4ce5-80ea-8d6b87cfb944/inference_app/tokens.json",
    ]


@pytest.mark.parametrize(("newest_hours", "older_hours", "wins"), [(2, 1, 0), (1, 2, 1), (1, -1, 0), (-1, 1, 1)])
async def test_the_token_that_expires_later_wins(
    files: tuple[Path, Path], clock: Clock, newest_hours: float, older_hours: float, wins: int
) -> None:
    for path, value, hours in zip(files, ("newest-token", "older-token"), (newest_hours, older_hours), strict=True):
        put(path, storage(value, clock.now + hours * HOUR))
    token = await TokenSources(clock=clock).access_token()
    assert token.value == ("newest-token", "older-token")[wins]
    assert token.source == str(files[wins])
    assert token.expires_at == clock.now + (newest_hours, older_hours)[wins] * HOUR


async def test_a_given_token_wins_over_variables_and_these_over_files(
    files: tuple[Path, Path], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(files[0], storage("file-token", clock.now + HOUR))
    assert (await TokenSources(clock=clock).access_token()).value == "file-token"
    monkeypatch.setenv("ALCF_AI_TOKEN", " variable-token\n")
    token = await TokenSources(clock=clock).access_token()
    assert (token.value, token.source, token.expires_at) == ("variable-token", "ALCF_AI_TOKEN", None)
    token = await TokenSources("given-token", explicit_source="demo gateway", clock=clock).access_token()
    assert (token.value, token.source) == ("given-token", "demo gateway")
    assert (await TokenSources("  ", clock=clock).access_token()).value == "variable-token"


async def test_a_file_that_changed_is_read_again(files: tuple[Path, Path], clock: Clock) -> None:
    put(files[0], storage("first-token", clock.now + HOUR))
    sources = TokenSources(clock=clock)
    assert (await sources.access_token()).value == "first-token"
    put(files[0], storage("second-token", clock.now + HOUR))
    os.utime(files[0], ns=(time.time_ns(), time.time_ns() + 1_000_000_000))
    assert (await sources.access_token()).value == "second-token"
    put(files[1], storage("third-token", clock.now + 2 * HOUR))
    assert (await sources.access_token()).value == "third-token"
    files[1].unlink()
    assert (await sources.access_token()).value == "second-token"


async def test_a_file_that_did_not_change_is_not_read_again_until_its_token_is_nearly_over(
    files: tuple[Path, Path], clock: Clock
) -> None:
    """The content is swapped behind the same time and size, which only a second reading can see."""
    put(files[0], storage("token-a", clock.now + HOUR))
    facts = files[0].stat()
    sources = TokenSources(clock=clock)
    assert (await sources.access_token()).value == "token-a"
    put(files[0], storage("token-b", clock.now + HOUR))
    os.utime(files[0], ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert (await sources.access_token()).value == "token-a"
    clock.now += HOUR - 59
    assert (await sources.access_token()).value == "token-b"


async def test_no_token_anywhere(home: Path, clock: Clock) -> None:
    with pytest.raises(SignInNeeded) as caught:
        await TokenSources(clock=clock).access_token()
    assert "METIS_TUI_TOKEN" in caught.value.reason
    assert "F8" in caught.value.hint
    assert caught.value.needs_sign_in


@pytest.mark.parametrize(
    ("ago_seconds", "words"),
    [(5, "less than a minute ago"), (61, "1 minute ago"), (7300, "2 hours ago"), (200_000, "2 days ago")],
)
async def test_an_expired_token_tells_since_when(
    files: tuple[Path, Path], clock: Clock, ago_seconds: float, words: str
) -> None:
    put(files[0], storage("old-token", clock.now - ago_seconds))
    with pytest.raises(TokenInactive) as caught:
        await TokenSources(clock=clock).access_token()
    assert words in caught.value.reason
    assert "~/.globus/app" in caught.value.reason
    assert "old-token" not in f"{caught.value!r}"


DAMAGED = [
    ("", "it is damaged (not JSON)"),
    ('{"data": {', "it is damaged (not JSON)"),
    (b"\xff\xfe\x00", "it is damaged (not JSON)"),
    ("[" * 100_000, "it is damaged (not JSON)"),
    ("[]", "it is not in the format of a token file"),
    ('{"data": []}', "it is not in the format of a token file"),
    (storage("", 1), "holds no access token"),
    (storage(None, 1), "holds no access token"),
    (" " * 1_000_001, "far too large"),
]


@pytest.mark.parametrize(("content", "trouble"), DAMAGED)
async def test_a_damaged_file_is_told_and_hides_no_good_one(
    files: tuple[Path, Path], clock: Clock, content: str | bytes, trouble: str
) -> None:
    put(files[0], content)
    sources = TokenSources(clock=clock)
    with pytest.raises(SignInNeeded) as caught:
        await sources.access_token()
    assert trouble in caught.value.reason
    assert "refresh-secret" not in f"{caught.value!r} {caught.value}"
    put(files[1], storage("good-token", clock.now + HOUR))
    assert (await sources.access_token()).value == "good-token"


async def test_a_damaged_file_is_told_beside_an_expired_token(files: tuple[Path, Path], clock: Clock) -> None:
    put(files[0], "{")
    put(files[1], storage("old-token", clock.now - HOUR))
    with pytest.raises(TokenInactive, match="damaged"):
        await TokenSources(clock=clock).access_token()


def test_a_file_that_may_not_be_read(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    put(files[0], storage("x", 1))
    if os.geteuid() == 0:  # nothing is forbidden to root: let the system call say what it would say to others

        def forbid(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", forbid)
    else:
        files[0].chmod(0)
    found = read_token_file(files[0])
    assert isinstance(found, UnreadableFile)
    assert "may not be read" in found.trouble


def test_a_folder_in_place_of_the_file(files: tuple[Path, Path]) -> None:
    files[0].mkdir(parents=True)
    found = read_token_file(files[0])
    assert isinstance(found, UnreadableFile)
    assert "directory" in found.trouble


def test_other_services_tokens_are_no_use(files: tuple[Path, Path]) -> None:
    put(files[0], storage("other-token", 2_000_000_000, server="auth.globus.org"))
    assert read_token_file(files[0]) is None
    assert read_token_file(files[1]) is None


def test_a_file_with_another_namespace_is_understood(files: tuple[Path, Path]) -> None:
    put(files[0], storage("a-token", 2_000_000_000, name="production"))
    found = read_token_file(files[0])
    assert isinstance(found, StoredToken)
    assert (found.value, found.expires_at) == ("a-token", 2_000_000_000.0)
    assert "a-token" not in repr(found)


@pytest.mark.parametrize("expires_at", [None, "soon", True])
async def test_a_token_without_a_time_is_tried(files: tuple[Path, Path], clock: Clock, expires_at: object) -> None:
    put(files[0], storage("a-token", expires_at))
    token = await TokenSources(clock=clock).access_token()
    assert (token.value, token.expires_at) == ("a-token", None)


async def test_many_may_ask_at_once(files: tuple[Path, Path], clock: Clock) -> None:
    put(files[0], storage("a-token", clock.now + HOUR))
    sources = TokenSources(clock=clock)
    tokens = await asyncio.gather(*(sources.access_token() for _ in range(20)))
    assert {token.value for token in tokens} == {"a-token"}


async def test_a_hung_disk_does_not_block_the_event_loop(clock: Clock, tmp_path: Path) -> None:
    """A named pipe without a writer hangs whoever opens it, as a lost network disk does."""
    pipe = tmp_path / "tokens.json"
    os.mkfifo(pipe)
    asking = asyncio.create_task(TokenSources(files=(pipe,), clock=clock).access_token())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not asking.done()
    with pipe.open("w") as writer:
        writer.write(storage("late-token", clock.now + HOUR))
    assert (await asyncio.wait_for(asking, 5)).value == "late-token"


async def test_every_failure_is_one_that_can_be_shown(files: tuple[Path, Path], clock: Clock) -> None:
    put(files[0], "{")
    with pytest.raises(ChatError) as caught:
        await TokenSources(clock=clock).access_token()
    assert str(caught.value).isprintable()
