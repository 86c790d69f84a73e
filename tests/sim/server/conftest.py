"""A served world for each test."""

import pytest

from sim.server.world import SimulatedWorld

from .helpers import Truth

WARM_UP_NS = 3 * 10**9  # enough for some trades, and a seventh of the work


@pytest.fixture
async def world():
    async with SimulatedWorld(seed=3, warm_up_ns=WARM_UP_NS) as served:
        yield served


@pytest.fixture
async def told():
    """A served world together with the truth about its market."""
    served = SimulatedWorld(seed=4, warm_up_ns=WARM_UP_NS)
    truth = Truth(served)
    async with served:
        yield served, truth
