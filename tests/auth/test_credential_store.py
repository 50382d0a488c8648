from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from metis_tui.auth.credential_file import GATEWAY_RESOURCE_SERVER, StoredToken, UnreadableFile, read_token_file
from metis_tui.auth.credential_store import CredentialStore
from metis_tui.auth.shelf import TokenShelf

NOW = 1_800_000_000


def document(
    value: str = "access-1", expires_at: int = NOW, server: str = GATEWAY_RESOURCE_SERVER
) -> dict[str, object]:
    return {
        "resource_server": server,
        "identity_id": "alice",
        "scope": "some:scope",
        "access_token": value,
        "refresh_token": f"refresh-{value}",
        "expires_at_seconds": expires_at,
        "token_type": "Bearer",
    }


def mine(value: str = "access-1", expires_at: int = NOW) -> Mapping[str, Mapping[str, object]]:
    return {GATEWAY_RESOURCE_SERVER: document(value, expires_at)}


@pytest.fixture
def store(tmp_path: Path) -> CredentialStore:
    return CredentialStore(tmp_path / "globus" / "app" / "tokens.json")


def stored_value(store: CredentialStore) -> str:
    found = store.read()
    assert isinstance(found, StoredToken)
    return found.value


def test_what_was_stored_is_read_again_and_private(store: CredentialStore) -> None:
    with store.locked() as is_locked:
        assert is_locked
        assert store.store(mine())
    found = store.read()
    assert found == StoredToken("access-1", float(NOW), store.path, "refresh-access-1", "alice", "some:scope")
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    assert not list(store.path.parent.glob(".tokens.json.*-*")), "no draft is left"


def test_the_sdk_reads_what_was_stored_and_the_other_way_round(store: CredentialStore) -> None:
    from globus_sdk.token_storage import JSONTokenStorage
    from globus_sdk.token_storage.token_data import TokenStorageData

    store.store({**mine(), "auth.globus.org": document("other", NOW, "auth.globus.org")})
    sdk = JSONTokenStorage(store.path)
    assert sdk.get_token_data(GATEWAY_RESOURCE_SERVER).access_token == "access-1"  # type: ignore[union-attr]
    sdk.store_token_data_by_resource_server(
        {GATEWAY_RESOURCE_SERVER: TokenStorageData.from_dict(document("access-2", NOW + 10))}
    )
    assert stored_value(store) == "access-2"
    assert set(store.documents()) == {GATEWAY_RESOURCE_SERVER, "auth.globus.org"}


def test_an_older_access_token_never_takes_the_place_of_a_newer_one(store: CredentialStore) -> None:
    store.store(mine("newer", NOW + 100))
    assert not store.store(mine("older", NOW))
    assert stored_value(store) == "newer"
    assert store.store(mine("as-new", NOW + 100))


def test_a_sign_in_replaces_whatever_is_there(store: CredentialStore) -> None:
    store.store(mine("newer", NOW + 100))
    assert store.store(mine("fresh", NOW), is_sign_in=True)
    assert stored_value(store) == "fresh"


def test_what_other_tools_keep_in_the_file_stays(store: CredentialStore) -> None:
    store.path.parent.mkdir(parents=True)
    others = {"DEFAULT": {"transfer.api.globus.org": document("transfer")}, "OTHER": {"x": {"access_token": "x"}}}
    store.path.write_text(
        json.dumps({"data": others, "format_version": "2.0", "globus-sdk.version": "4.9.1", "k": 1})
    )
    store.store(mine())
    content = json.loads(store.path.read_text())
    assert content["data"]["OTHER"] == others["OTHER"]
    assert content["data"]["DEFAULT"]["transfer.api.globus.org"] == others["DEFAULT"]["transfer.api.globus.org"]
    assert content["globus-sdk.version"] == "4.9.1"
    assert content["k"] == 1


def test_the_format_of_older_sdks_is_read_and_brought_up_to_date(store: CredentialStore) -> None:
    store.path.parent.mkdir(parents=True)
    old = {"by_rs": {GATEWAY_RESOURCE_SERVER: document("from-1.0")}, "format_version": "1.0"}
    store.path.write_text(json.dumps(old))
    assert stored_value(store) == "from-1.0"
    store.store(mine("newer", NOW + 1))
    assert json.loads(store.path.read_text())["format_version"] == "2.0"
    assert stored_value(store) == "newer"


@pytest.mark.parametrize("content", [b"{half", b"[]", b'{"data": 3}', b"\xff\xfe", b"", b"9" * 1_000_002])
def test_a_damaged_file_is_set_aside_and_nothing_of_it_is_lost(store: CredentialStore, content: bytes) -> None:
    store.path.parent.mkdir(parents=True)
    store.path.write_bytes(content)
    store.path.chmod(0o644)
    assert isinstance(store.read(), UnreadableFile)
    store.store(mine())
    assert stored_value(store) == "access-1"
    aside = list(store.path.parent.glob("tokens.json.damaged-*"))
    assert [path.read_bytes() for path in aside] == [content]
    assert stat.S_IMODE(aside[0].stat().st_mode) == 0o600


def test_half_a_file_that_another_tool_is_just_writing_is_read_when_it_is_whole(store: CredentialStore) -> None:
    store.store(mine())
    whole = store.path.read_bytes()
    store.path.write_bytes(whole[:40])
    threading.Timer(0.03, store.path.write_bytes, (whole,)).start()
    assert stored_value(store) == "access-1"


def test_a_file_open_to_others_is_tightened(store: CredentialStore) -> None:
    store.store(mine())
    store.path.chmod(0o644)
    older = store.path.with_name("older.json")
    older.write_text("{}")
    older.chmod(0o644)
    TokenShelf((store.path, older), lambda: NOW).read()
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(older.stat().st_mode) == 0o644, "the older helper's file is its own"


def test_a_link_stays_a_link(store: CredentialStore, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "tokens.json"
    CredentialStore(real).store(mine())
    store.path.parent.mkdir(parents=True)
    store.path.symlink_to(real)
    store.store(mine("newer", NOW + 1))
    assert store.path.is_symlink()
    assert isinstance(found := read_token_file(real), StoredToken)
    assert found.value == "newer"


def test_a_folder_that_cannot_be_written_leaves_the_old_file_as_it_was(store: CredentialStore) -> None:
    store.store(mine())
    before = store.path.read_bytes()
    blocked = CredentialStore(store.path / "below-a-file" / "tokens.json")
    with blocked.locked() as is_locked:
        assert not is_locked
        with pytest.raises(OSError, match=r".") as caught:
            blocked.store(mine("access-9", NOW + 9))
    assert "access-9" not in str(caught.value)
    assert store.path.read_bytes() == before


def test_removing_gives_what_there_was(store: CredentialStore) -> None:
    store.store({**mine(), "auth.globus.org": document("other", NOW, "auth.globus.org")})
    assert {str(entry["access_token"]) for entry in store.remove()} == {"access-1", "other"}
    assert store.read() is None
    assert store.remove() == []


def test_a_lock_that_is_held_too_long_is_done_without(store: CredentialStore) -> None:
    impatient = CredentialStore(store.path, lock_seconds=0.1)
    with store.locked() as first, impatient.locked() as second:
        assert first
        assert not second


_WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from metis_tui.auth.credential_store import CredentialStore
from metis_tui.auth.shelf import TokenShelf
from metis_tui.auth.credential_file import GATEWAY_RESOURCE_SERVER, StoredToken
store, name, count = CredentialStore(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
for number in range(count):
    with store.locked():
        found = store.read()
        newest = found.expires_at if isinstance(found, StoredToken) else 0
        entry = {"access_token": f"{name}-{number}", "refresh_token": "r", "expires_at_seconds": newest + 1}
        assert store.store({GATEWAY_RESOURCE_SERVER: entry})
"""


def test_many_processes_lose_no_write(store: CredentialStore) -> None:
    project = str(Path(__file__).parents[2])
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(store.path), str(name), "25", project], env=os.environ)
        for name in range(4)
    ]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    found = store.read()
    assert isinstance(found, StoredToken)
    assert found.expires_at == 100
