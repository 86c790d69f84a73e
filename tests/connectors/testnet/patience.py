"""Waiting for what a real ccxt process does, which takes seconds to begin on a busy machine."""

import asyncio

DEADLINE_S = 120.0


async def until(holds, what="the condition"):
    """Wait until something holds; what never does fails the test by name."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not holds():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"{what} did not come in {DEADLINE_S} s") from None
