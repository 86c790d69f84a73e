"""The loop's lateness is counted, in ns, and its last turn is known."""

import asyncio
import contextlib
import time

from cli.loop_lag import LoopLag


async def test_each_turn_is_counted_and_stamped():
    """Whatever the machine's load: what was counted is what the summary is made of."""
    lag = LoopLag()
    assert (lag.turned_ns, lag.histogram.count) == (0, 0)
    before = time.monotonic_ns()
    task = asyncio.ensure_future(lag.run())
    async with asyncio.timeout(30):
        while lag.histogram.count < 2:
            await asyncio.sleep(0.01)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert before < lag.turned_ns <= time.monotonic_ns()
    assert lag.summary()["max"] == round(lag.histogram.max / 1e6, 3)


async def test_a_loop_that_is_held_up_is_late_by_as_long():
    """Held up for 0.2 s, a sleep of 0.05 s ends at least 0.1 s late."""
    lag = LoopLag()
    task = asyncio.ensure_future(lag.run())
    await asyncio.sleep(0)
    held_until = time.monotonic() + 0.2
    while time.monotonic() < held_until:
        pass
    async with asyncio.timeout(30):
        while not lag.histogram.count:
            await asyncio.sleep(0.01)
    task.cancel()
    assert lag.histogram.max > 100_000_000
