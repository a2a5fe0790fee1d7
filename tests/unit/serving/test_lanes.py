"""No thread works for somebody who has gone, and small bodies never wait for large ones."""

import asyncio
import contextlib
import threading
import time

import pytest
from serving.gate.lanes import HANDFUL, SMALL, Lanes, rows_in

from dropout_risk.errors import BusyError, TooSlowError

LARGE = SMALL + 1


def far():
    return time.monotonic() + 60


def test_work_whose_deadline_has_passed_is_not_begun():
    done = []
    with pytest.raises(TooSlowError):
        asyncio.run(Lanes(10).answer(1, time.monotonic() - 1, lambda: done.append(1)))
    assert done == []


def test_work_that_nobody_waits_for_is_not_begun_and_gives_its_rows_back():
    async def leave():
        lanes, free, done = Lanes(100 * LARGE), threading.Event(), []
        busy = [asyncio.create_task(lanes.answer(LARGE, far(), free.wait)) for _ in range(2)]
        await asyncio.sleep(0.05)
        waiting = asyncio.create_task(lanes.answer(LARGE, far(), lambda: done.append(1)))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.sleep(0.05)
        held = lanes.rows
        free.set()
        await asyncio.gather(*busy)
        return held, done, lanes.rows

    assert asyncio.run(leave()) == (2 * LARGE, [], 0)


def test_rows_count_until_the_work_ends_though_its_caller_has_gone():
    async def leave():
        lanes, free = Lanes(2 * LARGE), threading.Event()
        task = asyncio.create_task(lanes.answer(2 * LARGE, far(), free.wait))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.sleep(0.05)
        with pytest.raises(BusyError) as refused:
            await lanes.answer(LARGE, far(), int)
        free.set()
        await asyncio.sleep(0.2)
        return refused.value.retry_after, await lanes.answer(LARGE, far(), int)

    again, answer = asyncio.run(leave())
    assert again >= 1
    assert answer == 0


def test_a_small_body_is_answered_while_large_ones_fill_their_lane():
    async def fill():
        lanes, free = Lanes(100 * LARGE), threading.Event()
        large = [asyncio.create_task(lanes.answer(LARGE, far(), free.wait)) for _ in range(5)]
        await asyncio.sleep(0.05)
        small = await asyncio.wait_for(lanes.answer(SMALL, far(), lambda: "answered"), 5)
        free.set()
        await asyncio.gather(*large)
        return small

    assert asyncio.run(fill()) == "answered"


def test_one_body_larger_than_the_budget_is_answered_when_it_is_alone():
    assert asyncio.run(Lanes(LARGE).answer(10 * LARGE, far(), lambda: "answered")) == "answered"


def test_rows_of_features_weigh_more_than_rows_of_records():
    assert rows_in("/score_features", b'{"rows": [{}]}') > rows_in("/score", b'{"students": [{}]}') == 2


def test_a_long_body_without_objects_is_not_small():
    assert rows_in("/score", b'{"as_of": [' + b"0," * 1_000_000 + b"0]}") > SMALL


def test_a_handful_of_rows_is_answered_at_once_unless_it_waits_for_something_or_is_too_late():
    async def where(rows, deadline, waits):
        with contextlib.suppress(TooSlowError):
            answered = await Lanes(10).answer(rows, deadline, threading.current_thread, waits=waits)
            return answered is threading.main_thread()
        return None

    assert asyncio.run(where(HANDFUL, far(), False)) is True
    assert asyncio.run(where(HANDFUL, far(), True)) is False
    assert asyncio.run(where(HANDFUL + 1, far(), False)) is False
    assert asyncio.run(where(HANDFUL, time.monotonic() - 1, False)) is None
    assert rows_in("/score_features", b'{"rows": [{"features": {}}]}') <= HANDFUL
