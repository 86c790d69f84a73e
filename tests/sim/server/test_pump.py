"""The market driven by the clock of the loop."""

from sim.market.scenario import CALM
from sim.market.world import World
from sim.server.pump import STEP_NS, Pump

from .helpers import until

START = 1_700_000_000 * 10**9


async def test_what_is_handed_on_is_what_the_market_does_in_its_own_time():
    market, heard = World(CALM, 6, START), []
    pump = Pump(market, [heard.extend])
    pump.start()
    await until(lambda: market.now_ns >= START + 30 * STEP_NS)
    pump.stop()
    assert heard == World(CALM, 6, START).advance(market.now_ns)
    assert (market.now_ns - START) % STEP_NS == 0
    assert pump.slipped_ns == 0


async def test_the_venues_clock_is_never_behind_the_market_and_never_runs_back():
    market, times = World(CALM, 6, START), []
    pump = Pump(market, [lambda _: times.append((pump.now_ns(), market.now_ns))])
    pump.start()
    await until(lambda: len(times) > 10)
    pump.stop()
    assert all(now >= market_ns for now, market_ns in times)
    assert times == sorted(times)
