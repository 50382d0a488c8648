"""Loading in the background: when it begins, and how it gives way to keys."""

from __future__ import annotations

import asyncio
import gc
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from metis_tui.chat.background import in_background
from metis_tui.tui.warm_up import WarmUp


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module that nobody has imported yet."""
    (tmp_path / "never_seen_before.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    yield "never_seen_before"
    sys.modules.pop("never_seen_before", None)


async def test_it_rests_before_a_module_only_in_the_background_and_only_while_keys_come(module: str) -> None:
    clock, rests = Clock(), list[float]()
    warm_up = WarmUp(clock=clock, rest=rests.append)
    with warm_up.giving_way():
        await in_background(lambda: importlib.import_module(module))
        assert rests == []
        del sys.modules[module]
        warm_up.typed()
        importlib.import_module(module)
        assert rests == []
        del sys.modules[module]
        await in_background(lambda: importlib.import_module(module))
        assert len(rests) == 1
        del sys.modules[module]
        warm_up.hurry()
        await in_background(lambda: importlib.import_module(module))
        assert len(rests) == 1
    assert warm_up not in sys.meta_path


@pytest.mark.parametrize("what", ["nobody types", "a prompt is sent", "three seconds are over"])
async def test_loading_begins_at_last(what: str) -> None:
    clock, has_begun = Clock(), asyncio.Event()
    warm_up = WarmUp(clock=clock)

    async def load() -> None:
        has_begun.set()

    if what == "nobody types":
        await asyncio.wait_for(warm_up.run(load), 20)
        assert has_begun.is_set()
    else:
        warm_up.typed()
        running = asyncio.create_task(warm_up.run(load))
        await asyncio.sleep(0)
        assert not has_begun.is_set()
        if what == "a prompt is sent":
            warm_up.hurry()
        else:
            clock.now += 3.1
            warm_up.typed()
        await asyncio.wait_for(running, 20)
        assert has_begun.is_set()
    assert gc.isenabled()
    assert warm_up not in sys.meta_path


async def test_leaving_while_it_waits_leaves_nothing_behind() -> None:
    warm_up = WarmUp(clock=Clock())

    async def load() -> None:
        raise AssertionError("nobody waits for it any more")

    warm_up.typed()
    running = asyncio.create_task(warm_up.run(load))
    await asyncio.sleep(0)
    assert warm_up in sys.meta_path
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert gc.isenabled()
    assert warm_up not in sys.meta_path
