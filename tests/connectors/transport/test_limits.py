"""The venues' limits put together with the venues' own protocol objects."""

import asyncio
import contextlib
from random import Random

import orjson
import pytest

from connectors.registry import VENUE_NAMES, venue
from connectors.transport.connection import Connection, Edge
from connectors.transport.counters import Counters
from connectors.transport.limits import dearest, limits, pacers_for, parameters_for
from connectors.transport.stream import opener
from market.inputs import InputKind
from tests.connectors.transport.venue_server import CLOCK, Inputs, VenueServer


@pytest.mark.parametrize("name", VENUE_NAMES)
def test_every_venue_has_limits_and_its_snapshots_a_weight(name):
    rules = limits(name)
    path = venue(name).snapshot_path("BTCUSDT")
    assert 1 <= rules.weight(path) <= rules.budget.burst


@pytest.mark.parametrize("name", VENUE_NAMES)
def test_a_lower_budget_is_kept_and_a_higher_one_is_the_venues(name):
    own = limits(name).budget
    assert limits(name, 20).budget == own.within(20)
    assert limits(name, 100_000).budget == own.within(100_000)
    assert limits(name, 100_000).budget.per_second == own.per_second
    assert limits(name, 20).weight is limits(name).weight


@pytest.mark.parametrize(
    ("name", "levels", "weight"),
    [("binance", 1000, 50), ("binance", 5000, 250), ("binance", 5, 20), ("coinbase", 1000, 1)],
)
def test_the_dearest_request_is_known(name, levels, weight):
    assert dearest(venue(name, levels)) == weight


def test_binance_is_sent_less_than_five_messages_a_second():
    rate = limits("binance").epoch.send_rate
    assert rate.count / rate.window_s < 5
    assert all(
        r.count * 300 / r.window_s <= 300 or r.window_s < 300 for r in limits("binance").connect
    )
    assert parameters_for(limits("binance")).rollover_s < 24 * 3600


def test_coinbase_is_opened_and_sent_to_less_than_eight_times_a_second():
    rules = limits("coinbase")
    assert all(rate.count / rate.window_s < 8 for rate in (*rules.connect, *rules.send))
    assert rules.epoch.subscribe_s_max < 5


@pytest.mark.parametrize("name", ["binance", "coinbase"])
async def test_the_subscriptions_of_a_venue_reach_it_in_order(library, name):
    inputs, protocol = Inputs(), venue(name)
    rules = limits(name)
    wanted = protocol.subscribe(["BTC-USD" if name == "coinbase" else "BTCUSDT"], 1)
    async with VenueServer() as server:
        connection = Connection(
            venue=name,
            name=f"{name}.ws.1",
            url=server.url,
            sink=inputs,
            edge=Edge(opener(library), CLOCK, Counters(), Random(1)),
            pacers=pacers_for(rules, CLOCK),
            parameters=parameters_for(rules),
        )

        def subscribe(item):
            if item.kind is InputKind.OPEN:
                for frame in wanted:
                    connection.send(item.source, frame)

        inputs.on_input = subscribe
        task = asyncio.ensure_future(connection.run())
        await server.until(lambda: server.received and len(server.received[0]) == len(wanted))
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert [orjson.loads(text) for text in server.received[0]] == [orjson.loads(f) for f in wanted]
