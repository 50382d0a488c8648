"""Runs blocking work in a daemon thread of its own and hands the outcome to the event loop.

Not an executor: the interpreter waits for executor threads at exit, and a dead file server would hang it there.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")
_Tasks: TypeAlias = "SimpleQueue[Callable[[], None] | None]"


class Outcome(Generic[T]):
    """A result that any thread sets and a coroutine waits for. Make it inside the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self._loop.create_future()

    def set(self, result: T) -> None:
        self._call(lambda: self.future.set_result(result))

    def fail(self, error: BaseException) -> None:
        def settle() -> None:
            self.future.set_exception(error)
            self.future.exception()  # counts as looked at, even if the caller has gone

        self._call(settle)

    def _call(self, settle: Callable[[], None]) -> None:
        def settle_once() -> None:
            if not self.future.done():
                settle()

        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(settle_once)


class Worker:
    """One daemon thread, started with its first task. Tasks run one after another."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._tasks: _Tasks | None = None
        self._thread: threading.Thread | None = None

    async def run(self, function: Callable[[], T]) -> T:
        """The function's result; its exceptions are raised here."""
        outcome: Outcome[T] = Outcome()

        def task() -> None:
            try:
                result = function()
            except BaseException as error:
                outcome.fail(error)
            else:
                outcome.set(result)

        self.later(task)
        return await outcome.future

    def later(self, task: Callable[[], None]) -> None:
        """Runs the task after those that wait already. It must not raise."""
        with self._lock:
            if self._tasks is None:
                self._tasks = SimpleQueue()
                self._thread = threading.Thread(target=_run_tasks, args=(self._tasks,), name=self._name, daemon=True)
                self._thread.start()
            self._tasks.put(task)

    def finish(self, budget_seconds: float = 0.0) -> bool:
        """Lets the thread end after its tasks; True when it did in time. A later task starts a new one."""
        with self._lock:
            thread, tasks = self._thread, self._tasks
            self._thread = self._tasks = None
        if thread is None or tasks is None:
            return True
        tasks.put(None)
        if budget_seconds > 0:
            thread.join(budget_seconds)
        return not thread.is_alive()


def _run_tasks(tasks: _Tasks) -> None:
    while (task := tasks.get()) is not None:
        task()
