"""Whoever sends slowly makes room for others, the busiest caller first."""

import asyncio

import pytest
from serving.gate import callers
from serving.gate.callers import Senders, caller_of


@pytest.fixture
def patience(monkeypatch):
    monkeypatch.setattr(callers, "GRACE", 0.0)


async def never():
    await asyncio.sleep(60)
    return b""


async def cut_when_full(senders):
    """Fill the places with bodies that never come, let one more in, and give those that are cut."""
    held = [senders.let_in(caller) for caller in ("a", "b", "b")]
    for sender, received in zip(held, (0, 500, 400), strict=True):
        sender.received = received
    waiting = [asyncio.create_task(sender.wait_for(never(), 30)) for sender in held]
    await asyncio.sleep(0.01)
    one_more = senders.let_in("c")
    await asyncio.sleep(0.01)
    cut = [sender.cut for sender in held]
    bodies = [task.result() for task in waiting if task.done()]
    for task in waiting:
        task.cancel()
    return one_more, cut, bodies


def test_the_slowest_of_the_busiest_caller_makes_room(patience):
    one_more, cut, bodies = asyncio.run(cut_when_full(Senders(3)))
    assert one_more is not None
    assert cut == [False, False, True]
    assert bodies == [None]


def test_nobody_makes_room_who_has_only_just_begun():
    one_more, cut, _ = asyncio.run(cut_when_full(Senders(3)))
    assert one_more is None
    assert not any(cut)


def test_a_body_that_comes_in_time_is_given_and_one_that_does_not_is_none():
    async def both():
        senders = Senders(2)

        async def quick():
            return b"{}"

        return await senders.let_in("a").wait_for(quick(), 5), await senders.let_in("a").wait_for(
            never(), 0.01
        )

    assert asyncio.run(both()) == (b"{}", None)


def test_a_caller_is_its_address_and_no_port():
    assert (caller_of({"client": ("10.0.0.7", 4711)}), caller_of({})) == ("10.0.0.7", "")
