"""Keeps a matrix in a folder: the plan, one line for each finished cell, and a lock. Knows nothing of requests.

    matrix.json   the plan, put in place whole (0600)
    cells.jsonl   one record for each finished cell, only ever appended to, synced one by one (0600)
    votes.json    votes on its replies, put in place whole (0600)
    running       who runs it now: machine, process and since when

A record is one line with a checksum and a newline before it (see `records`): a torn one costs its own cell only,
which then runs again. What a second process on the same folder would cost is avoided by `running`: it is made with
O_CREAT|O_EXCL, which is atomic on local disks, on Lustre and on NFS since version 3. No flock is used: on NFS and
Lustre it may succeed for two at once. A process of this machine that is gone leaves a lock that is taken over. One
of another machine cannot be looked up, so it touches its lock every minute; a lock untouched for ten minutes, by
the clock of the file server itself, is taken over, too.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

from metis_tui.chat.matrix import (
    CellResult,
    Matrix,
    MatrixNotKept,
    MatrixPlan,
    MatrixProblem,
    ReportFormat,
    plan_as_json,
    plan_from_json,
    results_that_count,
)
from metis_tui.chat.votes import Vote, as_export, from_export
from metis_tui.store import matrix_cells
from metis_tui.store.disk import Disk, in_words
from metis_tui.store.machine import Owner, this_process
from metis_tui.store.records import BadRecord, decode, split_lines

PLAN, CELLS, LOCK = "matrix.json", "cells.jsonl", "running"
_VOTES = "votes.json"
UNTOUCHED_SECONDS = 600.0


class MatrixFiles:
    """Satisfies `MatrixFolder`. Making it touches no disk."""

    def __init__(self, folder: Path, *, disk: Disk | None = None, owner: Owner | None = None) -> None:
        self._folder = folder
        self._disk = disk or Disk()
        self._lock = FolderLock(folder / LOCK, self._disk, owner or this_process())
        self._cells = -1

    def has_plan(self) -> bool:
        return (self._folder / PLAN).exists()

    def read(self) -> Matrix:
        """See MatrixFolder."""
        try:
            document = json.loads((self._folder / PLAN).read_bytes())
        except FileNotFoundError:
            raise MatrixProblem(f"There is no {PLAN} in {self._folder}.", title="No matrix") from None
        except (ValueError, RecursionError):
            raise MatrixProblem(f"{self._folder / PLAN} is damaged.", title="No matrix") from None
        except OSError as error:
            raise MatrixProblem(f"{self._folder}: {in_words(error)}.", title="No matrix") from error
        plan = plan_from_json(document)
        try:
            data = (self._folder / CELLS).read_bytes()
        except FileNotFoundError:
            data = b""
        except OSError as error:
            raise MatrixProblem(f"{self._folder / CELLS}: {in_words(error)}.", title="No matrix") from error
        results, damaged_count = [], 0
        for _, line, _ in split_lines(data):
            try:
                record = decode(line)
                if record.type == "cell" and not record.is_too_new:
                    results.append(matrix_cells.result_of(record.fields))
            except (BadRecord, LookupError, TypeError, ValueError):
                damaged_count += 1
        wanted = set(plan.cells())
        return Matrix(plan, {c: r for c, r in results_that_count(results).items() if c in wanted}, damaged_count)

    def lock(self) -> None:
        """See MatrixFolder. Makes the folder, mode 0700, if there is none."""
        try:
            self._disk.make_folder(self._folder)
            self._lock.take()
        except OSError as error:
            raise MatrixProblem(f"{self._folder}: {in_words(error)}.") from error

    def keep_lock(self) -> None:
        self._lock.touch()

    def unlock(self) -> None:
        if self._cells >= 0:
            self._disk.close(self._cells)
            self._cells = -1
        self._lock.give_back()

    def write_plan(self, plan: MatrixPlan) -> None:
        content = json.dumps(plan_as_json(plan), ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"
        self._publish(PLAN, content)

    def read_votes(self) -> list[Vote]:
        """The votes on its replies; empty when there are none that can be read."""
        try:
            return from_export(json.loads((self._folder / _VOTES).read_bytes()))[0]
        except (OSError, ValueError, RecursionError):
            return []

    def write_votes(self, votes: Sequence[Vote]) -> None:
        """Puts all votes in place, as a file that others' rankings take, too."""
        self._publish(_VOTES, json.dumps(as_export(votes), ensure_ascii=False, indent=1).encode() + b"\n")

    def write_report(self, kind: ReportFormat, content: bytes) -> str:
        return str(self._publish(f"report.{kind}", content))

    def append(self, result: CellResult) -> None:
        """See MatrixFolder. Syncs the file; the folder once, when the file is new."""
        try:
            if self._cells < 0:
                path = self._folder / CELLS
                is_new = not path.exists()
                self._cells = self._disk.open_append(path)
                if is_new:
                    self._disk.sync_folder(self._folder)
            self._disk.append(self._cells, matrix_cells.record_of(result))
            self._disk.sync(self._cells)
        except OSError as error:
            raise MatrixNotKept(f"{self._folder / CELLS}: {in_words(error)}.") from error

    def _publish(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        try:
            self._disk.publish(path, content)
            self._disk.sync_folder(self._folder)
        except OSError as error:
            raise MatrixNotKept(f"{path}: {in_words(error)}.") from error
        return path


class FolderLock:
    """A file that says which process works in a folder. See the module's text for what it relies on.

    Every method but `touch` and `give_back` raises OSError when the disk refuses.
    """

    def __init__(self, path: Path, disk: Disk, owner: Owner) -> None:
        self._path = path
        self._disk = disk
        self._owner = owner
        self._mine = b""

    def take(self) -> None:
        """Raises MatrixProblem that names the process that has it."""
        facts = {
            "host": platform.node(),
            "pid": self._owner.pid,
            "since": time.strftime("%Y-%m-%d %H:%M:%S %Z"),
            "boot": self._owner.boot,
            "started": self._owner.started,
            "namespace": self._owner.namespace,
            "mark": os.urandom(8).hex(),
        }
        content = json.dumps(facts).encode() + b"\n"
        for _ in range(3):
            if self._make(content):
                self._mine = content
                return
            known = self._read()
            if known is None:
                continue  # it was given back in between
            if not self._is_stale(known):
                break
            self._put_aside(known)
        raise self._taken(self._read())

    def touch(self) -> None:
        try:
            os.utime(self._path)
        except OSError:
            return  # the next time, or never: at worst another machine takes over after ten minutes

    def give_back(self) -> None:
        try:
            if self._mine and self._path.read_bytes() == self._mine:
                self._disk.unlink(self._path)
        except OSError:
            return  # it is stale from now on
        finally:
            self._mine = b""

    def _make(self, content: bytes) -> bool:
        try:
            fd = self._disk.open_append(self._path, is_new=True)
        except FileExistsError:
            return False
        try:
            self._disk.append(fd, content)
            self._disk.sync(fd)
        finally:
            self._disk.close(fd)
        return True

    def _read(self) -> bytes | None:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None

    def _is_stale(self, content: bytes) -> bool:
        try:
            facts = json.loads(content)
            holder = Owner(
                str(facts["boot"]), int(facts["pid"]), int(facts["started"]), int(facts.get("namespace", 0))
            )
        except (ValueError, KeyError, TypeError):
            return self._untouched_seconds() > 2.0  # torn: its maker died, or is about to write
        if holder.boot == self._owner.boot and holder.namespace == self._owner.namespace:
            return holder.is_surely_gone(self._owner)
        if facts.get("host") == platform.node() and holder.boot != self._owner.boot:
            return True  # this machine has started anew since
        return self._untouched_seconds() > UNTOUCHED_SECONDS

    def _untouched_seconds(self) -> float:
        """Compared with a file made now: both times are the file server's, whose clock may differ from ours."""
        probe = self._path.with_name(f".{LOCK}.{os.getpid()}-{os.urandom(4).hex()}")
        self._disk.close(self._disk.open_append(probe, is_new=True))
        try:
            return probe.stat().st_mtime - self._path.stat().st_mtime
        except FileNotFoundError:
            return 0.0
        finally:
            self._disk.unlink(probe)

    def _put_aside(self, stale: bytes) -> None:
        """Moves a stale lock away. Two that see it at once move two files: who moved a fresh one puts it back."""
        aside = self._path.with_name(f".{LOCK}.stale-{os.getpid()}-{os.urandom(4).hex()}")
        try:
            os.rename(self._path, aside)
        except FileNotFoundError:
            return
        try:
            if aside.read_bytes() != stale:
                os.link(aside, self._path)
        except FileExistsError:
            pass
        finally:
            self._disk.unlink(aside)

    def _taken(self, content: bytes | None) -> MatrixProblem:
        who = "another process"
        try:
            facts = json.loads(content or b"")
            who = f"process {facts['pid']} on {facts['host']} since {facts['since']}"
        except (ValueError, KeyError, TypeError):
            pass
        return MatrixProblem(
            f"It is being run by {who}.",
            title="This folder is in use",
            hint=f"Wait for it. If you are sure that it is gone, remove {self._path}.",
        )
