"""Finds a folder of this node's own disk for the index. Knows nothing of what is put there."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

VARIABLE = "METIS_TUI_INDEX_DIR"
CANDIDATES = ("/var/tmp", "/tmp")
"""After the variable and TMPDIR."""
_MOUNTS = Path("/proc/self/mountinfo")
# File systems of this node alone, on which SQLite's locks and shared memory work.
_LOCAL = frozenset(
    (
        "ext2",
        "ext3",
        "ext4",
        "xfs",
        "btrfs",
        "zfs",
        "tmpfs",
        "ramfs",
        "rootfs",
        "overlay",
        "f2fs",
        "jfs",
        "bcachefs",
        "reiserfs",
    )
)


class NoPlace(Exception):
    """There is no usable folder. Its text says why, in plain words."""


def index_folder(
    environ: Mapping[str, str], mounts: Path = _MOUNTS, *, candidates: Sequence[str] = CANDIDATES
) -> Path:
    """The folder for this user's indexes, made if need be.

    Raises:
        NoPlace: none of them is on a local disk, writable and this user's alone.
    """
    types = _mount_types(mounts)
    why: list[str] = []
    chosen = [environ.get(VARIABLE, ""), environ.get("TMPDIR", ""), *candidates]
    for candidate in dict.fromkeys(path for path in map(str.strip, chosen) if path):
        base = Path(candidate).expanduser()
        try:
            if candidate == environ.get(VARIABLE, "").strip():
                base.mkdir(mode=0o700, parents=True, exist_ok=True)
            return _own_folder(base, types)
        except NoPlace as reason:
            why.append(str(reason))
        except OSError as error:
            why.append(f"{base} cannot be used ({(error.strerror or 'no reason given').lower()})")
    raise NoPlace("; ".join(why))


def _own_folder(base: Path, types: Mapping[str, str]) -> Path:
    kind = _type_of(os.path.realpath(base), types)
    if kind and kind not in _LOCAL:
        raise NoPlace(f"{base} is not a disk of this machine ({kind})")
    folder = base / f"metis_tui-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    facts = os.lstat(folder)
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise NoPlace(f"{folder} belongs to somebody else")
    if facts.st_mode & 0o077:
        folder.chmod(0o700)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise NoPlace(f"{folder} cannot be written")
    return folder


def _mount_types(mounts: Path) -> dict[str, str]:
    """File system types by mount point; empty where the system does not tell."""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return {}
    types: dict[str, str] = {}
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) >= 5 and kind:
            types[fields[4].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")] = kind[0]
    return types


def _type_of(path: str, types: Mapping[str, str]) -> str:
    """Of the mount that holds the path; empty when nothing is known of mounts."""
    while path not in types:
        parent = os.path.dirname(path)
        if parent == path:
            return ""
        path = parent
    return types[path]
