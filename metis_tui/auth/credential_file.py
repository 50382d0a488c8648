"""Reads the token files of ALCF's own sign-in tools. Never writes them; knows nothing of Globus' network or SDK.

Both tools keep their tokens below ~/.globus/app in the layout of globus-sdk's JSON storage, format 2.0. One
sign-in with either serves this program, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

GATEWAY_RESOURCE_SERVER = "681c10cc-f684-4540-bcd7-0b4df3bc26ef"

_CLIENTS = (
    ("7f3e61f5-e0de-4e8f-9150-0a62c65dda63", "alcf_tokens"),
    ("58fdd3bc-e1c3-4ce5-80ea-8d6b87cfb944", "inference_app"),
)
_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class StoredToken:
    """The gateway's access token as a file holds it."""

    value: str = field(repr=False)
    expires_at: float | None
    """Unix time in seconds; None when the file does not say."""
    path: Path


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A token file that is there but of no use."""

    path: Path
    trouble: str
    """Why, in plain words, without any part of the content."""


def token_files(home: Path | None = None) -> tuple[Path, ...]:
    """Where the tools keep their tokens: the newest tools' file first, then that of the older helper script."""
    base = home or Path.home()
    return tuple(base / ".globus" / "app" / client / app / "tokens.json" for client, app in _CLIENTS)


def read_token_file(path: Path) -> StoredToken | UnreadableFile | None:
    """The gateway's access token in a file; None when the file, or a token for the gateway, is not there."""
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
        return UnreadableFile(path, "it is far too large for a token file")
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return UnreadableFile(path, "it is damaged (not JSON)")
    entry = _gateway_entry(body)
    if entry is None:
        return None if _is_token_storage(body) else UnreadableFile(path, "it is not in the format of a token file")
    value, expires_at = entry.get("access_token"), entry.get("expires_at_seconds")
    if not isinstance(value, str) or not value.strip():
        return UnreadableFile(path, "its entry for the gateway holds no access token")
    is_time = isinstance(expires_at, (int, float)) and not isinstance(expires_at, bool)
    return StoredToken(value.strip(), float(expires_at) if is_time else None, path)  # type: ignore[arg-type]


def _is_token_storage(body: object) -> bool:
    return isinstance(body, dict) and isinstance(body.get("data"), dict)


def _gateway_entry(body: object) -> Mapping[str, object] | None:
    """The entry of the gateway's resource server, under the namespace DEFAULT first."""
    if not isinstance(body, dict) or not isinstance(body.get("data"), dict):
        return None
    namespaces: Mapping[str, object] = body["data"]
    for name in sorted(namespaces, key=lambda name: name != "DEFAULT"):
        servers = namespaces[name]
        entry = servers.get(GATEWAY_RESOURCE_SERVER) if isinstance(servers, dict) else None
        if isinstance(entry, dict):
            return entry
    return None
