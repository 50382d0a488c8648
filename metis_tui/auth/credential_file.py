"""Reads the token files of ALCF's own sign-in tools. Knows nothing of Globus' network or SDK, and writes nothing.

Both tools keep their tokens below ~/.globus/app in the layout of globus-sdk's JSON storage, format 2.0 (1.0 of
older SDKs is read, too). One sign-in with either serves this program.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GATEWAY_RESOURCE_SERVER = "681c10cc-f684-4540-bcd7-0b4df3bc26ef"
CLIENT_ID = "7f3e61f5-e0de-4e8f-9150-0a62c65dda63"
"""The native client of ALCF's newest tools, and so ours: one sign-in for all of them."""
APP_NAME = "alcf_tokens"

_CLIENTS = (
    (CLIENT_ID, APP_NAME),
    ("58fdd3bc-e1c3-4ce5-80ea-8d6b87cfb944", "inference_app"),
)
_MAX_BYTES = 1_000_000
_TORN_TRIES = 4
_TORN_PAUSE_SECONDS = 0.05
"""The SDK writes in place, so that a reader may meet half a file for a moment."""


@dataclass(frozen=True, slots=True)
class StoredToken:
    """The gateway's entry in a token file."""

    value: str = field(repr=False)
    expires_at: float | None
    """Unix time in seconds; None when the file does not say."""
    path: Path
    refresh_token: str = field(default="", repr=False)
    identity_id: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A token file that is there but of no use."""

    path: Path
    trouble: str
    """Why, in plain words, without any part of the content."""
    is_damaged: bool = False
    """Its content is at fault, so a new file may take its place."""


def token_files(home: Path | None = None) -> tuple[Path, ...]:
    """Where the tools keep their tokens: the newest tools' file first, then that of the older helper script."""
    base = home or Path.home()
    return tuple(base / ".globus" / "app" / client / app / "tokens.json" for client, app in _CLIENTS)


def read_token_file(path: Path) -> StoredToken | UnreadableFile | None:
    """The gateway's access token in a file; None when the file, or a token for the gateway, is not there."""
    body = read_body(path)
    if body is None or isinstance(body, UnreadableFile):
        return body
    entry = gateway_entry(body)
    if entry is None:
        return None
    value, expires_at = entry.get("access_token"), entry.get("expires_at_seconds")
    if not isinstance(value, str) or not value.strip():
        return UnreadableFile(path, "its entry for the gateway holds no access token")
    is_time = isinstance(expires_at, (int, float)) and not isinstance(expires_at, bool)
    return StoredToken(
        value.strip(),
        float(expires_at) if is_time else None,  # type: ignore[arg-type]
        path,
        _text(entry.get("refresh_token")),
        _text(entry.get("identity_id")),
        _text(entry.get("scope")),
    )


def read_body(path: Path) -> dict[str, Any] | UnreadableFile | None:
    """The whole content in format 2.0; None when there is no file. Blocks, for 0.2 s when the file is damaged."""
    for attempt in range(_TORN_TRIES):
        found = _read_once(path)
        if not isinstance(found, UnreadableFile) or not found.is_damaged or attempt == _TORN_TRIES - 1:
            return found
        time.sleep(_TORN_PAUSE_SECONDS)
    raise AssertionError("the last try has returned")


def _read_once(path: Path) -> dict[str, Any] | UnreadableFile | None:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        return UnreadableFile(path, "it may not be read by this account")
    except OSError as error:
        return UnreadableFile(path, (error.strerror or "it cannot be read").lower())
    if len(content) > _MAX_BYTES:
        return UnreadableFile(path, "it is far too large for a token file", is_damaged=True)
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return UnreadableFile(path, "it is damaged (not JSON)", is_damaged=True)
    if isinstance(body, dict) and body.get("format_version") == "1.0" and isinstance(body.get("by_rs"), dict):
        body = {"data": {"DEFAULT": body["by_rs"]}, "format_version": "2.0", "globus-sdk.version": "3.0.0"}
    if not isinstance(body, dict) or not isinstance(body.get("data"), dict):
        return UnreadableFile(path, "it is not in the format of a token file", is_damaged=True)
    return body


def gateway_entry(body: Mapping[str, Any]) -> Mapping[str, object] | None:
    """The entry of the gateway's resource server, under the namespace DEFAULT first."""
    namespaces: Mapping[str, object] = body["data"]
    for name in sorted(namespaces, key=lambda name: name != "DEFAULT"):
        servers = namespaces[name]
        entry = servers.get(GATEWAY_RESOURCE_SERVER) if isinstance(servers, dict) else None
        if isinstance(entry, dict):
            return entry
    return None


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
