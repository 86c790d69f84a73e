"""REST of the simulated Binance."""

import time

import aiohttp
import pytest

from sim.server.binance import BinanceRules
from sim.server.binance_limits import WeightLimits
from sim.server.counts import Rule
from sim.server.world import SimulatedWorld

from .helpers import within


@pytest.fixture
async def session():
    async with within(), aiohttp.ClientSession() as opened:
        yield opened


async def get(session, world, path):
    async with session.get(f"{world.binance.http_url}/api/v3/{path}") as reply:
        body = await reply.json() if reply.content_type == "application/json" else None
        return reply.status, body, reply.headers


@pytest.mark.parametrize(
    ("path", "weight"),
    [
        ("ping", 1),
        ("time", 1),
        ("exchangeInfo", 20),
        ("depth?symbol=BTCUSDT", 5),
        ("depth?symbol=BTCUSDT&limit=101", 25),
        ("depth?symbol=BTCUSDT&limit=1000", 50),
        ("depth?symbol=BTCUSDT&limit=9999", 250),
        ("trades?symbol=ETHUSDT", 25),
        ("ticker/bookTicker?symbol=ETHUSDT", 2),
        ("ticker/bookTicker", 4),
    ],
)
async def test_each_request_costs_its_weight_and_tells_the_sum(session, world, path, weight):
    status, _, headers = await get(session, world, path)
    assert status == 200
    assert headers["X-MBX-USED-WEIGHT-1M"] == headers["X-MBX-USED-WEIGHT"] == str(weight)
    assert "Date" in headers
    assert (await get(session, world, "ping"))[2]["X-MBX-USED-WEIGHT-1M"] == str(weight + 1)


async def test_depth_holds_the_best_levels_best_first(session, world):
    _, depth, _ = await get(session, world, "depth?symbol=BTCUSDT&limit=7")
    bids = [float(price) for price, _ in depth["bids"]]
    asks = [float(price) for price, _ in depth["asks"]]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert len(bids) == len(asks) == 7
    assert bids[0] < asks[0]


async def test_exchange_info_is_cut_to_the_symbols_asked_for(session, world):
    for query, names in (
        ("", ["BTCUSDT", "ETHUSDT"]),
        ("?symbol=ETHUSDT", ["ETHUSDT"]),
        ('?symbols=["ETHUSDT","BTCUSDT"]', ["ETHUSDT", "BTCUSDT"]),
    ):
        _, info, _ = await get(session, world, f"exchangeInfo{query}")
        assert [row["symbol"] for row in info["symbols"]] == names


async def test_trades_are_the_recent_ones_oldest_first(session, world):
    _, trades, _ = await get(session, world, "trades?symbol=BTCUSDT&limit=5")
    ids = [trade["id"] for trade in trades]
    assert ids == list(range(ids[0], ids[0] + 5))
    assert ids[-1] <= world.market.last_trade_id("BTC-USDT.BINANCE")
    for trade in trades:
        quote = float(trade["price"]) * float(trade["qty"])
        assert abs(float(trade["quoteQty"]) - quote) < 1e-6


async def test_the_venues_clock_runs_with_ours(session, world):
    """Within the seconds that a busy machine may take, not to the millisecond."""
    _, answer, _ = await get(session, world, "time")
    assert abs(answer["serverTime"] / 1000 - time.time()) < 20


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("depth", -1102),
        ("depth?symbol=", -1105),
        ("depth?symbol=NOPE", -1121),
        ("depth?symbol=BTCUSDT&limit=-5", -1100),
        ("depth?symbol=BTCUSDT&limit=0", -1130),
        ("depth?symbol=BTCUSDT&limit=%C2%B2", -1100),
        ("exchangeInfo?symbols=[1]", -1100),
        ("exchangeInfo?symbols=[", -1100),
        ('exchangeInfo?symbols=["NOPE"]', -1121),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused_by_code(session, world, path, code):
    status, body, _ = await get(session, world, path)
    assert (status, body["code"]) == (400, code)


async def test_an_unknown_path_is_not_found(session, world):
    assert (await get(session, world, "nothing"))[0] == 404


async def test_beyond_the_weight_of_a_minute_429_tells_when_to_come_back(session):
    """The minute may turn in between, hence the loop: it ends at the first refusal."""
    rules = BinanceRules(weight=WeightLimits(per_minute=60))
    async with SimulatedWorld(binance_rules=rules) as world:
        status = 200
        while status == 200:
            status, body, headers = await get(session, world, "exchangeInfo")
    assert status == 429
    assert body["code"] == -1003
    assert 1 <= int(headers["Retry-After"]) <= 60
    assert int(headers["X-MBX-USED-WEIGHT-1M"]) > 60
    assert world.binance.counts.violations == {Rule.WEIGHT: 1}


async def test_an_address_that_carries_on_is_banned(session):
    rules = BinanceRules(weight=WeightLimits(per_minute=1, refusals_to_ban=2))
    async with SimulatedWorld(binance_rules=rules) as world:
        status = 0
        while status != 418:
            status, _, headers = await get(session, world, "exchangeInfo")
        assert headers["Retry-After"] == "120"
        status, _, headers = await get(session, world, "ping")
        assert status == 418
        assert int(headers["Retry-After"]) <= 120
    assert world.binance.counts.violations[Rule.BANNED] == 2
