"""Requests leave in one turn of the event loop, in the order told, few enough a second, and not against a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from metis_tui.chat.departures import DeparturePacer, leave_together
from metis_tui.chat.errors import RateLimited


async def test_all_leave_in_one_turn_and_in_the_order_told_when_the_slowest_is_ready() -> None:
    turns: list[int] = []
    turn = 0

    async def count() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    async def lane(number: int, ready: Callable[[], Awaitable[None]]) -> int:
        for _ in range(number * 3):  # some take longer to get ready
            await asyncio.sleep(0)
        await ready()
        turns.append(turn)
        return number

    counting = asyncio.create_task(count())
    results, departures = await leave_together([partial(lane, number) for number in range(4)], (2, 0, 3, 1))
    counting.cancel()
    assert results == [0, 1, 2, 3]
    assert len(set(turns)) == 1
    assert [(d.lane, d.place) for d in departures] == [(2, 0), (0, 1), (3, 2), (1, 3)]
    assert departures[0].offset_seconds == 0.0


async def test_one_that_ends_before_it_can_leave_does_not_hold_the_others() -> None:
    async def lane(is_ready: bool, ready: Callable[[], Awaitable[None]]) -> bool:
        if is_ready:
            await ready()
        return is_ready

    results, departures = await leave_together([partial(lane, number != 1) for number in range(3)], (1, 2, 0))
    assert results == [True, False, True]
    assert [departure.lane for departure in departures] == [2, 0]


async def test_cancelling_ends_every_lane() -> None:
    ended: list[int] = []
    begun = asyncio.Event()

    async def lane(number: int, ready: Callable[[], Awaitable[None]]) -> None:
        try:
            await ready()
            begun.set()
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    task = asyncio.create_task(leave_together([partial(lane, 0), partial(lane, 1)], (0, 1)))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(ended) == [0, 1]


def test_never_more_than_the_limit_in_any_second() -> None:
    now = [0.0]
    pacer = DeparturePacer(most=3, monotonic=lambda: now[0])
    pacer.note(2)
    assert pacer.seconds_until_room(1) == 0.0
    assert pacer.seconds_until_room(2) == 1.0
    now[0] = 0.4
    pacer.note()
    assert pacer.seconds_until_room(1) == pytest.approx(0.6)
    assert pacer.seconds_until_room(3) == pytest.approx(1.0)
    assert pacer.seconds_until_room(99) == pytest.approx(1.0)
    now[0] = 1.5
    assert pacer.seconds_until_room(3) == 0.0


def test_a_token_limit_holds_its_model_and_a_request_limit_holds_all() -> None:
    now = [0.0]
    pacer = DeparturePacer(monotonic=lambda: now[0])
    pacer.hold("a", RateLimited("tokens", retry_after_seconds=60), 60.5)
    assert (pacer.held_seconds("a"), pacer.held_seconds("b"), pacer.seconds_until_room()) == (60.5, 0.0, 0.0)
    assert pacer.holds()["a"][0] == 60.5
    pacer.hold("b", RateLimited("requests", retry_after_seconds=1), 1.5)
    assert pacer.seconds_until_room() == 1.5
    now[0] = 61.0
    assert pacer.holds() == {}


def test_after_a_limit_on_requests_fewer_leave_for_a_while() -> None:
    now = [0.0]
    pacer = DeparturePacer(most=8, monotonic=lambda: now[0])
    for _ in range(3):  # three that were under way meet the same limit
        pacer.hold("a", RateLimited("requests", retry_after_seconds=1), 1.5)
    now[0] = 2.0
    pacer.note(4)
    assert pacer.seconds_until_room() == pytest.approx(1.0)
    now[0] = 20.0
    pacer.note(4)
    assert pacer.seconds_until_room(1) == 0.0
    assert pacer.seconds_until_room(2) == pytest.approx(1.0)
