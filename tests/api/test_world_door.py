"""The control door of the simulated venues, over a real Unix socket, with its client."""

import asyncio

import pytest

from api.errors import DoorRefusedError
from api.world_client import WorldClient
from api.world_door import WorldDoor

from .test_door import ask

ACCEPTED = {"accepted": True, "reason": ""}


class FakeWorld:
    """Says what it was asked."""

    def __init__(self):
        self.faults = []

    def status(self):
        return {"venues": {}}

    def fault(self, venue, given):
        self.faults.append((venue, given))
        return ACCEPTED

    def spell(self):
        return {"kind": "drop", "over": True}

    def level3(self, instrument, orders):
        row = {"order": 1, "price": "100.5", "size": "2"}
        known = instrument == "BTC-USDT.BINANCE"
        return {"instrument": instrument, "bids": [row][:orders], "asks": []} if known else None

    def watch(self, venue):
        return {**ACCEPTED, "listings": [f"BTC-USDT.{venue}"]}

    def truth(self):
        return [{"listing": "BTC-USDT.BINANCE"}]

    def unwatch(self):
        return ACCEPTED


@pytest.fixture
async def opened(tmp_path):
    world = FakeWorld()
    door = WorldDoor(world, tmp_path / "w.sock")
    await door.start()
    yield door.path, world
    await door.stop()


async def test_the_client_reaches_every_route(opened):
    path, world = opened

    def talk():
        with WorldClient(path) as client:
            return [
                client.status(),
                client.watch("BINANCE"),
                client.fault("binance", {"kind": "drop", "seconds": 1.0}),
                client.spell(),
                client.truth(),
                client.unwatch(),
            ]

    answers = await asyncio.to_thread(talk)
    assert answers == [
        world.status(),
        world.watch("BINANCE"),
        ACCEPTED,
        world.spell(),
        world.truth(),
        ACCEPTED,
    ]
    assert world.faults == [("binance", {"kind": "drop", "seconds": 1.0})]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not JSON"),
        (b"[]", "must be an object"),
        (b"{}", "venue: must be text"),
        (b'{"venue":1}', "venue: must be text"),
        (b'{"venue":"binance","kind":"drop","loudly":true}', "unknown: loudly"),
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused_in_words(opened, body, said):
    path, world = opened
    status, data = await ask(path, "POST", "/fault", data=body)
    assert status == 400
    assert said in data["error"]
    assert world.faults == []


async def test_an_unknown_route_names_those_there_are(opened):
    status, data = await ask(opened[0], "GET", "/books")
    assert status == 404
    assert (
        "/fault /level3/{instrument}/{orders} /spell /status /truth /unwatch /watch"
        in data["error"]
    )


async def test_the_client_hands_refusals_on(opened):
    def talk():
        with WorldClient(opened[0]) as client:
            client.fault("binance", {"loudly": True})

    with pytest.raises(DoorRefusedError, match="unknown: loudly"):
        await asyncio.to_thread(talk)
