"""The part of `doctor` that looks at folders and at saved conversations. Reads no file itself."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

from metis_tui.chat.background import in_background
from metis_tui.chat.checkup import Damage, DamageReport, Finding, Verdict
from metis_tui.chat.printable import printable_line

_MB = 1_000_000
_FREE_WARN = 200 * _MB
_FREE_FAIL = 10 * _MB
_SLOW_FSYNC_SECONDS = 0.5
_VOLATILE = ("tmpfs", "ramfs")
_CONVERSATIONS_SECONDS = 10.0
_NAMED_AT_MOST = 20

LookForDamage = Callable[[float], DamageReport]
"""Looks for so many seconds at most, and puts aside what is damaged; blocks."""


def examine(folder: Path, name: str = "data folder") -> list[Finding]:
    """File system, space, permissions, and whether what is written stays written. Blocks."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    shown = printable_line(str(folder), 200)
    if place != folder:
        if os.access(place, os.W_OK | os.X_OK):
            return [Finding(name, "ok", f"{shown} is not there yet and will be made"), _space(place, name)]
        fix = f"Make it writable, or set METIS_TUI_{name.split()[0].upper()}_DIR to a folder that is."
        return [Finding(name, "fail", f"{shown} cannot be made: {printable_line(str(place))} is not writable", fix)]
    if not place.is_dir():
        return [Finding(name, "fail", f"{shown} is no folder", "Move the file out of the way.")]
    return [_permissions(folder, shown, name), _space(folder, name), _durability(folder, name)]


def file_system(folder: Path) -> str:
    """The type of the file system, such as ext4, nfs4 or lustre; empty where the system does not tell."""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    path, best, kind = os.path.realpath(folder), -1, ""
    for line in lines:
        fields = line.split()
        if len(fields) < 3:
            continue
        mount = fields[1].replace("\\040", " ")
        is_within = path == mount or path.startswith(mount.rstrip("/") + "/")
        if is_within and len(mount) >= best:
            best, kind = len(mount), fields[2]
    return kind


def _permissions(folder: Path, shown: str, name: str) -> Finding:
    facts = folder.stat()
    mode = stat.S_IMODE(facts.st_mode)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        fix = f"chmod u+rwx {shown}" if facts.st_uid == os.getuid() else "Make it your own."
        return Finding(name, "fail", f"{shown} cannot be written (mode {mode:03o})", fix)
    if mode & 0o077:
        return Finding(name, "warn", f"{shown} is open to others (mode {mode:03o})", f"chmod go= {shown}")
    return Finding(name, "ok", f"{shown}, yours alone")


def _space(folder: Path, name: str) -> Finding:
    disk = os.statvfs(folder)
    free, kind = disk.f_bavail * disk.f_frsize, file_system(folder)
    text = f"{_size(free)} free{f' on {kind}' if kind else ''}"
    verdict: Verdict = "ok"
    fix = ""
    if free < _FREE_WARN:
        verdict, fix = ("fail" if free < _FREE_FAIL else "warn"), "Free space on it, or move the folder."
    elif disk.f_files and disk.f_favail == 0:
        verdict, text, fix = "fail", f"{text}, but no file can be added", "Remove files."
    elif kind in _VOLATILE and name == "data folder":
        verdict, text, fix = (
            "warn",
            f"{text}, which a restart empties",
            "Set METIS_TUI_DATA_DIR to one that stays.",
        )
    return Finding(f"{name} space", verdict, text, fix)


def _durability(folder: Path, name: str) -> Finding:
    """Writes a small file, forces it to disk, removes it."""
    path = folder / f".doctor-{os.getpid()}"
    began = time.monotonic()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, b"x" * 4096)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            os.unlink(path)
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        return Finding(
            f"{name} writes", "fail", f"a test file could not be saved: {reason}", "Check space and quota."
        )
    seconds = time.monotonic() - began
    text = f"a test file was on disk (fsync) after {seconds * 1000:.0f} ms"
    if seconds > _SLOW_FSYNC_SECONDS:
        return Finding(f"{name} writes", "warn", text, "The disk is slow; saving takes that long.")
    return Finding(f"{name} writes", "ok", text)


async def examine_conversations(look: LookForDamage) -> tuple[list[Finding], DamageReport]:
    """How many there are, and which records cannot be read; newest first, as far as the time lets."""
    report = await in_background(lambda: look(_CONVERSATIONS_SECONDS))
    text = f"{report.conversation_count} saved"
    if report.looked_at_count < report.conversation_count:
        text += f", the newest {report.looked_at_count} looked at"
    if not report.damages:
        return [Finding("conversations", "ok", f"{text}, no damaged record")], report
    conversations = len({damage.conversation_id for damage in report.damages})
    text += f"; {_count(len(report.damages), 'damaged record')} in {_count(conversations, 'conversation')}"
    fix = "What is readable is shown, and the files stay as they are. Restore them from a backup if you have one."
    if report.trouble:
        fix += f" The damaged bytes could not be put aside: {report.trouble}."
    findings = [Finding("conversations", "warn", text, fix)]
    findings += [_damage(damage) for damage in report.damages[:_NAMED_AT_MOST]]
    if len(report.damages) > _NAMED_AT_MOST:
        more = len(report.damages) - _NAMED_AT_MOST
        findings.append(Finding("damaged record", "warn", f"and {more} more", "metis-tui doctor --json lists all."))
    return findings, report


def _damage(damage: Damage) -> Finding:
    record = damage.record
    text = f"{record.path}, byte {record.offset:,}, {record.length:,} bytes: {record.reason}"
    fix = f"Its bytes as they are: {damage.saved_as}" if damage.saved_as else ""
    return Finding("damaged record", "warn", text, fix)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
