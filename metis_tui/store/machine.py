"""Tells one kernel boot, one process and one pid namespace from another. Knows nothing of conversations."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Owner:
    """The process behind a file."""

    boot: str
    """Eight hex digits: the kernel on which appending to a file is atomic."""
    pid: int
    started: int = 0
    """The process's start time in clock ticks; 0 when not known. Tells a reused pid."""
    namespace: int = 0
    """The inode of its pid namespace; 0 where there are none."""

    def is_surely_gone(self, seen_by: Owner) -> bool:
        """The process can be looked up from here, and is not there any more."""
        if self.boot != seen_by.boot or self.namespace != seen_by.namespace or not self.started:
            return False
        return is_gone(self.pid, self.started)


@cache
def this_boot() -> str:
    """The id of the running kernel; shared by the containers on it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().replace("-", "")[:8]
    except OSError:
        import hashlib  # not needed, and slow to import, where the kernel tells
        import platform

        return hashlib.sha256(f"{platform.node()} {_boot_time()}".encode()).hexdigest()[:8]


def this_process() -> Owner:
    pid = os.getpid()
    return Owner(this_boot(), pid, start_time(pid), _namespace())


def is_gone(pid: int, started: int) -> bool:
    """No process has this pid, or another one that started at a different time (0: any time)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass
    now = start_time(pid)
    return bool(started and now and now != started)


def start_time(pid: int) -> int:
    """Clock ticks since boot at which a process started.

    1 where the system does not tell, 0 when there is no such process to be seen, -1 when it is dead but not reaped.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return 0 if os.path.isdir("/proc/self") else 1
    fields = stat[stat.rfind(b")") + 2 :].split()
    if fields[0] in (b"Z", b"X"):
        return -1
    return int(fields[19])


def _namespace() -> int:
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0


def _boot_time() -> str:
    try:
        import subprocess

        command = ["sysctl", "-n", "kern.boottime"]
        return subprocess.run(command, capture_output=True, text=True, timeout=2, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
