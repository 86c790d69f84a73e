"""A served world and a daemon on it for each test."""

import pytest

from .running import Running, no_rule_broken, settings_for, verify, world


@pytest.fixture
async def served():
    async with world() as running:
        yield running


@pytest.fixture
async def running(served, tmp_path):
    """A daemon whose books are all live; what it leaves behind must verify."""
    settings = settings_for(tmp_path, served.binance, served.coinbase)
    async with Running(settings) as daemon:
        await daemon.live()
        yield daemon
        no_rule_broken(served)
    verify(settings.recording.dir)
