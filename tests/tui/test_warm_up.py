"""Loading in the background: when it begins, and how it gives way to keys."""

from __future__ import annotations

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


async def test_loading_begins_at_once_and_leaves_nothing_behind() -> None:
    warm_up = WarmUp(clock=Clock())
    was_told_to_load = []

    async def load() -> None:
        was_told_to_load.append(gc.isenabled())

    warm_up.typed()
    await warm_up.run(load)
    assert was_told_to_load == [False]
    assert gc.isenabled()
    assert warm_up not in sys.meta_path
