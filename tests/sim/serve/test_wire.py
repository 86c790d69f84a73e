"""What goes over the wire when a recording is served."""

import asyncio
import json
import sys
from fractions import Fraction

import aiohttp
import orjson
import pytest
import websockets

from cli.main import main
from replay.recording import Recorder
from sim.serve.player import Player
from sim.serve.source import ServeError, Source, parse_sources
from tests.sim.server.helpers import dial, read, send, within

from .playing import serving

DIFFS = [
    {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": 11 + i, "u": 11 + i, "b": [], "a": []}
    for i in range(6)
]
for number, diff in enumerate(DIFFS):
    diff["b"] = [[f"{100 + number}.50000000", "1.00000000"]]
SNAPSHOT = {"lastUpdateId": 13, "bids": [["100.00000000", "2.0"]], "asks": [["200.0", "3.000"]]}


def frame(ts, message):
    return {"t": "recv", "conn": "X.ws.1", "ts": ts, "data": json.dumps(message)}


def reply(ts, url, message):
    return {"t": "http", "conn": "X.http.0", "ts": ts, "url": url, "data": json.dumps(message)}


def written(path, rows):
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


@pytest.fixture
def binance(tmp_path):
    """A recording whose snapshot comes after three diffs, of which the last is in it."""
    url = "https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=1000"
    rows = [
        frame(1000.0 + i, {"stream": "btcusdt@depth@100ms", "data": diff})
        for i, diff in enumerate(DIFFS)
    ]
    rows.insert(4, reply(1003.5, url, SNAPSHOT))
    return Source("binance", [written(tmp_path / "b.jsonl", rows)])


def level2(kind, product, rows):
    updates = [
        {"side": side, "event_time": "", "price_level": price, "new_quantity": size}
        for side, price, size in rows
    ]
    return {"type": kind, "product_id": product, "updates": updates}


def advanced(number, *events, channel="l2_data"):
    return {"channel": channel, "timestamp": "t", "sequence_num": number, "events": list(events)}


@pytest.fixture
def coinbase(tmp_path):
    first = [("bid", "10", "1"), ("offer", "12", "2")]
    rows = [
        advanced(0, {"subscriptions": {"level2": ["A-USD"]}}, channel="subscriptions"),
        advanced(1, level2("snapshot", "A-USD", first)),
        advanced(2, level2("snapshot", "B-USD", first)),
        advanced(3, {"current_time": "x", "heartbeat_counter": 1}, channel="heartbeats"),
        advanced(
            4,
            level2("update", "A-USD", [("bid", "11", "5"), ("bid", "10", "0")]),
            level2("update", "B-USD", [("offer", "12", "0.0")]),
        ),
        advanced(5, level2("update", "A-USD", [("offer", "13", "7")])),
    ]
    lines = [frame(1000.0 + i, row) for i, row in enumerate(rows)]
    return Source("coinbase", [written(tmp_path / "c.jsonl", lines)])


class Served:
    """A player of one venue that is stepped by hand."""

    def __init__(self, source):
        self.player = Player([source], Fraction(1))
        (self.server,) = self.player.servers.values()
        self._inputs = list(source.inputs())

    async def __aenter__(self):
        self.player.scan()
        await self.player.start({})
        return self

    async def __aexit__(self, *_):
        await self.player.stop()

    def play(self, count):
        for item in self._inputs[:count]:
            self.server.play(item)
        del self._inputs[:count]

    async def get(self, path):
        url = f"{self.server.http_url}{path}"
        async with within(), aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.json()


async def test_binance_frames_go_out_raw_or_combined_under_the_name_that_was_asked_for(binance):
    async with Served(binance) as served:
        raw_url = f"{served.server.ws_url}/ws/btcusdt@depth@100ms"
        both_url = f"{served.server.ws_url}/stream?streams=btcusdt@depth"
        async with dial(raw_url) as raw, dial(both_url) as combined:
            served.play(1)
            assert await read(raw) == DIFFS[0]
            assert await read(combined) == {"stream": "btcusdt@depth", "data": DIFFS[0]}
            await send(raw, method="UNSUBSCRIBE", params=["btcusdt@depth@100ms"], id=7)
            assert await read(raw) == {"result": None, "id": 7}
            await send(raw, method="SUBSCRIBE", params=["nonsense"], id="x")
            assert (await read(raw))["error"]["code"] == 2
            await send(raw, method="SUBSCRIBE", params=["btcusdt@depth"], id=8)
            await read(raw)
            served.play(1)
            assert await read(raw) == DIFFS[1]


async def test_binance_answers_with_the_recorded_snapshot_first_and_with_its_own_book_later(
    binance,
):
    depth = "/api/v3/depth?symbol=BTCUSDT"
    async with Served(binance) as served:
        assert (await served.get(depth))[1]["lastUpdateId"] == 13
        served.play(2)
        assert (await served.get(depth))[1] == SNAPSHOT
        served.play(3)  # the snapshot, and a diff before it that goes beyond
        book = (await served.get(depth))[1]
        assert book["lastUpdateId"] == 14
        assert book["bids"][0] == ["103.50000000", "1.00000000"]
        assert ["100.00000000", "2.0"] in book["bids"]
        served.play(2)
        assert (await served.get(f"{depth}&limit=1"))[1] == {
            "lastUpdateId": 16,
            "bids": [["105.50000000", "1.00000000"]],
            "asks": [["200.0", "3.000"]],
        }


async def test_a_recorded_snapshot_that_the_diffs_have_passed_already_is_brought_up_to_them(
    binance,
):
    """Its reply came late in the recording; a client that asks before that gets the same book."""
    async with Served(binance) as served:
        served.play(4)
        book = (await served.get("/api/v3/depth?symbol=BTCUSDT"))[1]
        assert book["lastUpdateId"] == 14
        assert book["bids"] == [["103.50000000", "1.00000000"], ["100.00000000", "2.0"]]
        served.play(1)
        assert (await served.get("/api/v3/depth?symbol=BTCUSDT"))[1] == book


async def test_a_snapshot_from_before_a_hole_in_the_recording_makes_no_book(tmp_path):
    diffs = [*DIFFS[:3], {**DIFFS[3], "U": 100, "u": 100}, {**DIFFS[4], "U": 101, "u": 101}]
    url = "https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=1000"
    rows = [
        frame(1000.0 + i, {"stream": "btcusdt@depth", "data": one}) for i, one in enumerate(diffs)
    ]
    rows.insert(2, reply(1001.5, url, {**SNAPSHOT, "lastUpdateId": 12}))
    rows.append(reply(1009.0, url, {**SNAPSHOT, "lastUpdateId": 101}))
    source = Source("binance", [written(tmp_path / "b.jsonl", rows)])
    depth = "/api/v3/depth?symbol=BTCUSDT"
    async with Served(source) as served:
        served.play(5)
        assert (await served.get(depth))[1]["lastUpdateId"] == 101, "with the snapshot to come"
        assert (await served.get(depth))[1]["bids"] == SNAPSHOT["bids"]


async def test_binance_makes_rules_from_the_steps_it_found(binance):
    async with Served(binance) as served:
        _, info = await served.get("/api/v3/exchangeInfo?symbol=BTCUSDT")
        (row,) = info["symbols"]
        assert (row["baseAsset"], row["quoteAsset"]) == ("BTC", "USDT")
        assert [one.get("tickSize") or one.get("stepSize") for one in row["filters"]] == [
            "0.1",
            "1",
        ]
        assert await served.get("/api/v3/depth?symbol=NOPE") == (
            400,
            {"code": -1121, "msg": "Invalid symbol."},
        )
        assert (await served.get("/api/v3/depth?symbol=BTCUSDT&limit=x"))[0] == 400
        assert (await served.get("/api/v3/account"))[0] == 404


async def test_coinbase_numbers_each_connection_and_gives_late_ones_the_book_as_it_stands(coinbase):
    async with Served(coinbase) as served, dial(served.server.ws_url) as early:
        await send(early, type="subscribe", channel="level2", product_ids=["A-USD"])
        ack = await read(early)
        assert (ack["channel"], ack["sequence_num"]) == ("subscriptions", 0)
        served.play(5)
        frames = [await read(early) for _ in range(2)]
        assert [one["sequence_num"] for one in frames] == [1, 2]
        assert [one["events"][0]["type"] for one in frames] == ["snapshot", "update"]
        # The frame was about two products, of which it asked for one.
        assert [event["product_id"] for event in frames[1]["events"]] == ["A-USD"]
        async with dial(served.server.ws_url) as late:
            await send(late, type="subscribe", channel="level2", product_ids=["A-USD"])
            snapshot = await read(late)
            rows = snapshot["events"][0]["updates"]
            assert snapshot["sequence_num"] == 0
            levels = [(row["side"], row["price_level"], row["new_quantity"]) for row in rows]
            assert levels == [("bid", "11", "5"), ("offer", "12", "2")]
            assert (await read(late))["sequence_num"] == 1
            served.play(1)
            assert (await read(late))["sequence_num"] == 2
            assert (await read(early))["sequence_num"] == 3


async def test_an_update_of_a_book_that_a_connection_never_had_is_not_sent(coinbase):
    async with Served(coinbase) as served, dial(served.server.ws_url) as socket:
        served.play(1)
        served.server._take(list(coinbase.inputs())[5])  # an update before any snapshot
        await send(socket, type="subscribe", channel="heartbeats")
        assert (await read(socket))["channel"] == "subscriptions"
        await send(socket, type="subscribe", channel="level2", product_ids=["A-USD"])
        assert (await read(socket))["channel"] == "subscriptions"
        served.server._take(list(coinbase.inputs())[5])
        served.play(3)
        frames = [await read(socket) for _ in range(2)]
        assert [one["channel"] for one in frames] == ["l2_data", "heartbeats"]
        assert frames[0]["events"][0]["type"] == "snapshot"


async def test_exchange_sends_levels_after_a_snapshot_and_channels_as_text_or_objects(tmp_path):
    rows = [
        {"type": "subscriptions", "channels": []},
        {"type": "snapshot", "product_id": "A-USD", "bids": [["10", "1"]], "asks": [["12", "2"]]},
        {"type": "ticker", "product_id": "A-USD", "sequence": 5, "price": "11"},
        {"type": "l2update", "product_id": "A-USD", "changes": [["buy", "10", "0"]], "time": "t"},
    ]
    lines = [frame(1000.0 + i, row) for i, row in enumerate(rows)]
    source = Source("coinbase-exchange", [written(tmp_path / "e.jsonl", lines)])
    async with Served(source) as served, dial(served.server.ws_url) as socket:
        served.play(2)
        ticker = {"name": "ticker", "product_ids": ["A-USD"]}
        await send(
            socket, type="subscribe", product_ids=["A-USD"], channels=["level2_batch", ticker]
        )
        ack = await read(socket)
        assert [one["name"] for one in ack["channels"]] == ["level2_batch", "ticker"]
        assert await read(socket) == rows[1]
        served.play(2)
        assert [await read(socket), await read(socket)] == rows[2:]
        await send(socket, type="shout")
        assert (await read(socket))["type"] == "error"
        _, book = await served.get("/products/A-USD/book?level=2")
        assert (book["bids"], book["asks"]) == ([], [["12", "2", 1]])


async def test_time_stands_until_playing_begins_and_then_runs_with_the_stamps(binance):
    player = Player([binance], Fraction(100))
    player.scan()
    assert player.now_ns() == 1000 * 10**9
    (server,) = player.servers.values()
    await player.start({})
    server.subscribed = True
    async with within():
        await player.run()
    assert 1005 * 10**9 <= player.now_ns() < 1100 * 10**9
    assert (player.played, player.done) == (7, True)
    await player.stop()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("binance", "expected VENUE=PATH"),
        ("kraken=x", "expected VENUE=PATH"),
        ("binance=/nowhere/at.all", "No such file"),
    ],
)
def test_what_cannot_be_served_is_refused_with_the_reason(spec, said, capsys):
    with pytest.raises(ServeError, match=said):
        parse_sources([spec])
    assert main(["sim", "--serve", spec]) == 2
    assert said in capsys.readouterr().err


def test_a_recording_that_holds_nothing_is_refused(tmp_path):
    path = written(tmp_path / "e.jsonl", [])
    with pytest.raises(ServeError, match="holds nothing"):
        Player([Source("binance", [path])], None).scan()


def test_the_folder_of_a_native_recording_gives_the_venues_own_inputs(tmp_path, binance):
    inputs = list(binance.inputs())
    (tmp_path / "native").mkdir()
    recorder = Recorder(tmp_path / "native", checkpoint=lambda: b"{}", started_ns=1)
    for item in inputs:
        recorder.record(*item, digest_before=0)
        recorder.record(*item._replace(source="coinbase.ws.1"), digest_before=0)
    recorder.close(0)
    (source,) = parse_sources([f"binance={tmp_path / 'native'}"])
    assert [one.data for one in source.inputs()] == [one.data for one in inputs]


async def test_the_verb_serves_a_recording_until_its_time_is_up(binance, tmp_path):
    path = binance.paths[0]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "sim", "--serve", f"binance={path}", "--speed", "max"),
        *("--json", "--for", "20"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with within():
            told = json.loads(await process.stdout.readline())
            assert told["inputs"] == {"binance": 7}
            async with websockets.connect(f"{told['binance']['ws']}?streams=btcusdt@depth") as one:
                assert (await read(one))["data"] == DIFFS[0]
            assert json.loads(await process.stdout.readline()) == {"played": 7}
    finally:
        process.kill()
        await process.wait()


async def test_a_book_is_unsettled_from_its_first_diff_until_its_snapshot_was_asked_for(binance):
    async with Served(binance) as served:
        async with dial(f"{served.server.ws_url}/ws/btcusdt@trade"):
            served.play(1)
            assert served.server.settled, "nobody follows the book"
        async with dial(f"{served.server.ws_url}/ws/btcusdt@depth@100ms") as one:
            assert served.server.settled, "no diff of it went out"
            served.play(1)
            assert not served.server.settled
            await send(one, method="UNSUBSCRIBE", params=["btcusdt@depth@100ms"], id=1)
            await read(one), await read(one)
            assert served.server.settled, "nobody follows it any more"
            await send(one, method="SUBSCRIBE", params=["btcusdt@depth@100ms"], id=2)
            await read(one)
            served.play(1)
            assert not served.server.settled
            await served.get("/api/v3/depth?symbol=BTCUSDT")
            assert served.server.settled
            served.play(1)
            assert served.server.settled


async def test_a_server_that_was_settled_expects_no_questions(binance):
    async with Served(binance) as served, dial(f"{served.server.ws_url}/ws/btcusdt@depth"):
        served.play(1)
        served.server.settle()
        assert served.server.settled
        served.play(1)
        assert served.server.settled


@pytest.mark.parametrize("speed", [Fraction(1000), None])
async def test_a_client_that_is_slow_to_ask_gets_the_snapshot_that_was_recorded(binance, speed):
    """Time stands from the first diff until then, or it would meet a later book."""
    async with serving([binance], speed) as (player, playing):
        server = player.servers["binance"]
        async with dial(f"{server.ws_url}/ws/btcusdt@depth") as socket, within():
            first = await read(socket)
            stood = player.now_ns()
            async with aiohttp.ClientSession() as session:
                for _ in range(20):  # each as long as all that follows would take
                    await (await session.get(f"{server.http_url}/api/v3/time")).read()
                    await asyncio.sleep(0.01)
                assert player.now_ns() == stood
                answer = await session.get(f"{server.http_url}/api/v3/depth?symbol=BTCUSDT")
                assert (await answer.json())["lastUpdateId"] == SNAPSHOT["lastUpdateId"]
            diffs = [first] + [await read(socket) for _ in DIFFS[1:]]
            assert diffs == DIFFS
            await playing


async def test_a_client_that_never_asks_is_not_waited_for_twice(binance, monkeypatch):
    monkeypatch.setattr("sim.serve.player.ASK_S", 0.05)
    async with serving([binance]) as (player, playing):
        url = f"{player.servers['binance'].ws_url}/ws/btcusdt@depth"
        async with dial(url) as socket, within():
            assert [await read(socket) for _ in DIFFS] == DIFFS
            await playing
