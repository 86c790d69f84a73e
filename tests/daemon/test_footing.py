"""While it runs, and only then, the daemon has its objects frozen and its turns short."""

import gc

import pytest

from cli import slices

from .running import Running, settings_for


async def test_what_stays_is_frozen_and_turns_are_short_while_it_runs(served, tmp_path):
    with slices.short_slices() as refused:
        if refused:
            pytest.skip(f"no turns here: {refused}")
    before = slices.slice_ns()
    settings = settings_for(tmp_path, served.binance, served.coinbase)
    async with Running(settings) as running:
        await running.live()
        assert gc.get_freeze_count() > 0
        # A kernel that does not know of turns answers 0 all the time.
        assert slices.slice_ns() in (slices.SLICE_NS, 0)
    assert gc.get_freeze_count() == 0
    assert slices.slice_ns() == before
