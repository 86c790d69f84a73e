"""The door keeps a process, accounts for every request, and survives whatever the process does."""

import asyncio
import sys
import time
from contextlib import asynccontextmanager
from random import Random

import orjson
import pytest

from connectors.orders import Request
from connectors.testnet import door as doors
from connectors.testnet.door import Account, CcxtDoor
from connectors.testnet.networks import network
from connectors.transport.backoff import BackoffParameters
from market.inputs import NO_ANSWER, NOT_SENT, STREAM, InputKind
from tests.sim.server.helpers import until

#: A process that answers as its orders' methods say.
SCRIPT = """
import json, os, sys, time
def say(**row):
    sys.stdout.write(json.dumps(row) + "\\n"); sys.stdout.flush()
say(event="ready")
say(event="alive"); say(event="trouble", what="stream", message="x"); say(event="new")
say(event="open", native="BTCUSDT", data=[])
for line in sys.stdin:
    row = json.loads(line)
    what, tag = row["method"], row["tag"]
    if what == "good": say(tag=tag, status=200, data=row["params"])
    elif what == "refuse": say(tag=tag, status=400, message="no")
    elif what == "unknown": say(tag=tag, status=0, message="no answer")
    elif what == "unsent": say(tag=tag, status=-1, message="too late")
    elif what == "stray": say(tag="other", status=200, data=1); say(tag=tag, status=200, data=1)
    elif what == "by": say(tag=tag, status=200, data=row["by"])
    elif what == "environment": say(tag=tag, status=200, data=dict(os.environ))
    elif what == "die": print("it broke\\nfor good", file=sys.stderr); sys.exit(5)
    elif what == "garbage": print("no line", flush=True)
    elif what == "number": print("7", flush=True)
    elif what == "status": say(tag=tag, status="200", data=1)
    elif what == "long": print("x" * 9_000_000, flush=True)
    elif what == "hang": time.sleep(600)
"""
KEYS = {"BINANCE_API_KEY": "key", "BINANCE_API_SECRET": "secret"}


@asynccontextmanager
async def opened(script=SCRIPT, ready=True, program=sys.executable):
    """A door and its inputs, with a process that a script stands in for."""
    inputs = []
    account = Account(network("binance"), ("BTCUSDT",), KEYS)
    door = CcxtDoor(
        account,
        inputs.append,
        time.time_ns,
        Random(1),
        BackoffParameters(first_s=0.01, longest_s=0.02),
        (program, "-c", script),
    )
    running = asyncio.create_task(door.run())
    try:
        if ready:
            await until(lambda: any(one.note == STREAM for one in inputs))
        yield door, inputs
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert door.pid == 0


def ask(door, method, tag="", **params):
    door.submit(Request(tag or method, method, "", tuple(params.items())))


def kinds(inputs):
    return [(one.kind, one.source) for one in inputs]


async def answer(inputs, tag):
    await until(lambda: any(one.note == tag for one in inputs))
    return next(one for one in inputs if one.note == tag)


async def test_answers_and_frames_come_as_inputs():
    async with opened() as (door, inputs):
        ask(door, "good", "place7", native="BTCUSDT")
        found = await answer(inputs, "place7")
        assert (found.kind, found.source, found.number) == (InputKind.REPORT, "binance.orders", 200)
        assert orjson.loads(found.data)["data"] == {"native": "BTCUSDT"}
        ask(door, "refuse")
        assert (await answer(inputs, "refuse")).number == 400
        for what, status, words in (
            ("unknown", NO_ANSWER, b"no answer"),
            ("unsent", NOT_SENT, b"too late"),
        ):
            ask(door, what)
            found = await answer(inputs, what)
            assert (found.number, found.data) == (status, words)
        assert kinds(inputs[:2]) == [
            (InputKind.OPEN, "binance.orders#1"),
            (InputKind.REPORT, "binance.orders#1"),
        ]
        assert orjson.loads(inputs[1].data) == {"event": "open", "native": "BTCUSDT", "data": []}


async def test_an_answer_to_nothing_is_counted():
    async with opened() as (door, inputs):
        ask(door, "stray")
        await answer(inputs, "stray")
        assert door.strays == 1


async def test_a_request_says_until_when_it_may_be_sent():
    async with opened() as (door, inputs):
        before = time.time_ns()
        ask(door, "by")
        until_ns = orjson.loads((await answer(inputs, "by")).data)["data"]
        assert before <= until_ns - doors.SEND_NS <= time.time_ns()


async def test_the_process_gets_its_own_keys_and_nothing_else(monkeypatch):
    for name in ("COINBASE_API_KEY", "HTTPS_PROXY", "BINANCE_API_KEY", "AWS_SECRET"):
        monkeypatch.setenv(name, "foreign")
    async with opened() as (door, inputs):
        ask(door, "environment")
        found = orjson.loads((await answer(inputs, "environment")).data)["data"]
        assert "foreign" not in found.values()
        assert {name: found[name] for name in KEYS} == KEYS
        assert "secret" not in " ".join(door._account.command)
        assert "secret" not in repr(door._account)


@pytest.mark.parametrize("what", ["die", "garbage", "number", "status", "long"])
async def test_a_process_that_breaks_is_a_lost_connection_and_begun_anew(what):
    async with opened() as (door, inputs):
        ask(door, "hold", "place7")
        ask(door, what)
        await until(lambda: (InputKind.OPEN, "binance.orders#2") in kinds(inputs))
        lost = [one for one in inputs if one.number == NO_ANSWER and one.note in ("place7", what)]
        assert len(lost) == 2
        closed = next(one for one in inputs if one.kind is InputKind.CLOSE)
        assert closed.source == "binance.orders#1"
        assert inputs.index(lost[1]) < inputs.index(closed)
        if what == "die":
            assert closed.note == "the process ended: for good"
        ask(door, "good", "place8")
        assert (await answer(inputs, "place8")).number == 200


async def test_a_process_that_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(doors, "QUIET_S", 0.05)
    monkeypatch.setattr(doors, "STOP_S", 0.05)
    async with opened() as (door, inputs):
        ask(door, "hang")
        await until(lambda: door.started > 1)
        closed = next(one for one in inputs if one.kind is InputKind.CLOSE)
        assert closed.note.startswith("not a word")


async def test_a_process_that_never_gets_ready_is_begun_again_and_again():
    async with opened("import sys; sys.exit('no keys')", ready=False) as (door, inputs):
        await until(lambda: door.started > 2)
        ask(door, "good")
        assert (await answer(inputs, "good")).number == NOT_SENT
        assert not [one for one in inputs if one.kind is not InputKind.REPORT]


async def test_a_program_that_is_not_there_is_tried_again_and_again():
    async with opened(ready=False, program="/nonexistent/program") as (door, inputs):
        await until(lambda: door._backoff.failures > 2)
        assert (door.started, inputs) == (0, [])


async def test_a_reconnect_concerns_one_epoch():
    async with opened() as (door, inputs):
        door.reconnect("binance.orders#7", "an old one")
        ask(door, "good")
        await answer(inputs, "good")
        door.reconnect("binance.orders#1", "the stream was over")
        await until(lambda: (InputKind.OPEN, "binance.orders#2") in kinds(inputs))
        closed = next(one for one in inputs if one.kind is InputKind.CLOSE)
        assert "the stream was over" in closed.note


async def test_what_cannot_be_passed_on_is_reported_as_not_sent(monkeypatch):
    monkeypatch.setattr(doors, "PENDING_MAX", 2)
    async with opened() as (door, inputs):
        ask(door, "hold", "place1")
        ask(door, "hold", "place1")
        assert (
            await answer(inputs, "place1")
        ).data == b"the same was asked and is not answered yet"
        ask(door, "hold", "place2", text="x" * 70_000)
        assert (await answer(inputs, "place2")).data == b"too long"
        ask(door, "hold", "place3")
        ask(door, "hold", "place4")
        assert (await answer(inputs, "place4")).data == b"too many requests under way"
        assert {one.number for one in inputs if one.note.startswith("place")} == {NOT_SENT}
