"""A served world and a daemon on it for each test."""

import importlib.util

import pytest

from connectors.transport.stream import LIBRARIES

from .running import Running, no_rule_broken, settings_for, verify, world


@pytest.fixture
async def served():
    async with world() as running:
        yield running


@pytest.fixture(params=LIBRARIES)
def library(request):
    """What carries the streams: each test that takes it runs over both."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return request.param


@pytest.fixture
async def running(served, tmp_path, library):
    """A daemon whose books are all live; what it leaves behind must verify."""
    settings = settings_for(tmp_path, served.binance, served.coinbase, library)
    async with Running(settings) as daemon:
        await daemon.live()
        yield daemon
        no_rule_broken(served)
    verify(settings.recording.dir)
