"""A written recording: rebuilt by the venues' rules it gives the market's truth."""

import json
import os
import subprocess
import sys

import pytest

from cli.main import main
from sim.market.event import LevelChange, Side
from sim.market.scenario import CALM, WARM_UP_NS
from sim.market.world import World
from sim.recording import START_NS, write_recording
from sim.wire.decimal import padded, trimmed

from .captures import read_lines

SEED, SECONDS = 11, 6


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    directory = tmp_path_factory.mktemp("recording")
    binance, coinbase = write_recording(directory, SEED, SECONDS)
    return list(read_lines(binance.path)), list(read_lines(coinbase.path))


@pytest.fixture(scope="module")
def truth():
    """The market itself, and every change since it was opened."""
    world = World(CALM, SEED, START_NS - WARM_UP_NS)
    opening = {
        listing.id: tuple(dict(world.book(listing.id).side(side).levels()) for side in Side)
        for listing in world.listings
    }
    events = world.advance(START_NS + SECONDS * 10**9)
    return world, opening, [event for event in events if isinstance(event, LevelChange)]


def books_at(truth, listing, wanted):
    """Yield (id, bids, asks) of a listing at each wanted update id, in the venue's spelling."""
    world, opening, changes = truth
    grid = next(li for li in world.listings if li.id == listing)
    spell = padded if grid.venue == "BINANCE" else trimmed

    def spelled(side):
        return {
            spell(p, grid.price_decimals): spell(q, grid.size_decimals) for p, q in side.items()
        }

    sides = tuple(dict(side) for side in opening[listing])
    for change in changes:
        if change.listing == listing:
            sides[change.side][change.price] = change.lots
            if not change.lots:
                del sides[change.side][change.price]
            if change.update_id in wanted:
                yield change.update_id, spelled(sides[0]), spelled(sides[1])


def apply_levels(book, pairs):
    for price, size in pairs:
        if float(size) == 0:
            book.pop(price, None)
        else:
            book[price] = size


def frames_of(lines):
    return [json.loads(line["data"]) for line in lines if line["t"] == "recv"]


def rebuild_binance(lines, symbol):
    """Return {id: (bids, asks)} after the snapshot and each diff, by the documented rule."""
    stream = f"{symbol.lower()}@depth@100ms"
    buffer, states, book_id, straddled = [], {}, None, False
    bids, asks = {}, {}
    for line in lines:
        data = json.loads(line.get("data", "{}"))
        if line["t"] == "http" and f"/depth?symbol={symbol}&" in line["url"]:
            book_id = data["lastUpdateId"]
            bids, asks = dict(data["bids"]), dict(data["asks"])
            assert buffer, "diffs come before the snapshot"
            assert buffer[0]["U"] <= book_id
            states[book_id] = (dict(bids), dict(asks))
        elif data.get("stream") == stream:
            buffer.append(data["data"])
        while book_id is not None and buffer:
            diff = buffer.pop(0)
            if diff["u"] <= book_id:
                continue
            assert diff["U"] <= book_id + 1
            straddled = straddled or diff["U"] <= book_id
            apply_levels(bids, diff["b"])
            apply_levels(asks, diff["a"])
            book_id = diff["u"]
            states[book_id] = (dict(bids), dict(asks))
    assert straddled, "the first diff kept straddles the snapshot"
    return states


@pytest.mark.parametrize("pair", ["BTC-USDT", "ETH-USDT"])
def test_binance_frames_rebuild_the_book_of_the_market_at_every_id(recording, truth, pair):
    states = rebuild_binance(recording[0], pair.replace("-", ""))
    assert len(states) > SECONDS * 9
    compared = 0
    for update_id, bids, asks in books_at(truth, f"{pair}.BINANCE", states):
        assert states[update_id] == (bids, asks)
        compared += 1
    assert compared == len(states)


def test_binance_diffs_follow_each_other_without_a_gap(recording):
    last = {}
    for frame in frames_of(recording[0]):
        if "@depth" in frame.get("stream", ""):
            data = frame["data"]
            assert data["U"] <= data["u"]
            assert last.get(data["s"], data["U"] - 1) + 1 == data["U"]
            last[data["s"]] = data["u"]
    assert set(last) == {"BTCUSDT", "ETHUSDT"}


def test_binance_book_tickers_tell_the_touch_at_their_id(recording, truth):
    tickers = {
        f["data"]["u"]: f["data"]
        for f in frames_of(recording[0])
        if f.get("stream") == "ethusdt@bookTicker"
    }
    assert len(tickers) > 100
    for update_id, bids, asks in books_at(truth, "ETH-USDT.BINANCE", tickers):
        bid, ask = max(bids, key=float), min(asks, key=float)
        ticker = tickers.pop(update_id)
        assert (ticker["b"], ticker["B"]) == (bid, bids[bid])
        assert (ticker["a"], ticker["A"]) == (ask, asks[ask])
    assert not tickers


def rebuild_coinbase(frames, product):
    bids, asks = {}, {}
    state = None
    for frame in frames:
        if frame["channel"] != "l2_data":
            continue
        for event in frame["events"]:
            if event["product_id"] != product:
                continue
            if event["type"] == "snapshot":
                bids, asks = {}, {}
            for side, book in (("bid", bids), ("offer", asks)):
                rows = [u for u in event["updates"] if u["side"] == side]
                apply_levels(book, [(u["price_level"], u["new_quantity"]) for u in rows])
            state = (bids, asks)
    return state


@pytest.mark.parametrize("pair", ["BTC-USD", "ETH-USD", "USDT-USD"])
def test_coinbase_frames_rebuild_the_book_of_the_market(recording, truth, pair):
    world = truth[0]
    last = world.book(f"{pair}.COINBASE").update_id
    ((_, bids, asks),) = books_at(truth, f"{pair}.COINBASE", {last})
    assert rebuild_coinbase(frames_of(recording[1]), pair) == (bids, asks)


def test_coinbase_frames_are_numbered_over_all_channels(recording):
    frames = frames_of(recording[1])
    assert [frame["sequence_num"] for frame in frames] == list(range(len(frames)))
    assert len({frame["channel"] for frame in frames}) == 5


def test_a_coinbase_snapshot_is_one_frame_and_comes_before_its_ack(recording):
    kinds = [
        (f["channel"], f["events"][0].get("product_id"))
        for f in frames_of(recording[1])
        if f["channel"] == "subscriptions" or f["events"][0].get("type") == "snapshot"
    ]
    assert kinds[:4] == [
        ("l2_data", "BTC-USD"),
        ("l2_data", "ETH-USD"),
        ("l2_data", "USDT-USD"),
        ("subscriptions", None),
    ]


def test_coinbase_acks_list_every_subscription_so_far(recording):
    acks = [
        f["events"][0]["subscriptions"]
        for f in frames_of(recording[1])[:400]
        if f["channel"] == "subscriptions"
    ]
    assert [sorted(ack) for ack in acks] == [
        ["level2"],
        ["level2", "market_trades"],
        ["level2", "market_trades", "ticker"],
        ["heartbeats", "level2", "market_trades", "ticker"],
    ]
    assert acks[-1]["heartbeats"] == ["heartbeats"]


def test_lines_are_in_order_of_their_time(recording):
    for lines in recording:
        times = [line["ts"] for line in lines[1:]]
        assert times == sorted(times)


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path):
    """Neither the process nor its hash seed is part of a recording."""
    code = "import sys; from pathlib import Path; from sim.recording import write_recording\n"
    code += "print(*(f.sha256 for f in write_recording(Path(sys.argv[1]), 4, 2)))"
    seen = set()
    for hash_seed in ("0", "12345"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / hash_seed)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        seen.add(done.stdout)
    seen.add(" ".join(f.sha256 for f in write_recording(tmp_path / "here", 4, 2)) + "\n")
    assert len(seen) == 1


def test_nothing_is_left_of_a_recording_that_was_not_finished(tmp_path):
    def stop(second):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_recording(tmp_path, 1, 2, progress=stop)
    assert not list(tmp_path.iterdir())


def test_the_verb_writes_both_files_and_tells_what_they_hold(tmp_path, capsys):
    assert main(["sim", "--write", str(tmp_path / "new"), "--seconds", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [file["path"].rpartition("/")[2] for file in told["files"]] == [
        "BINANCE.jsonl.zst",
        "COINBASE.jsonl.zst",
    ]
    for file in told["files"]:
        lines = list(read_lines(tmp_path / "new" / file["path"].rpartition("/")[2]))
        assert len(lines) == file["lines"]
        assert sum(file["frames"].values()) == sum(line["t"] == "recv" for line in lines)


def test_the_verb_prints_one_line_a_file_for_people(tmp_path, capsys):
    assert main(["sim", "--write", str(tmp_path), "--seconds", "1"]) == 0
    assert capsys.readouterr().out.count("\n") == 2


@pytest.mark.parametrize("seconds", ["0", "86401"])
def test_the_verb_refuses_a_length_beyond_its_limits(tmp_path, capsys, seconds):
    assert main(["sim", "--write", str(tmp_path), "--seconds", seconds]) == 2
    assert "--seconds" in capsys.readouterr().err


def test_the_verb_refuses_a_folder_that_cannot_be_made(tmp_path, capsys):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert main(["sim", "--write", str(blocked / "under")]) == 2
    assert str(blocked) in capsys.readouterr().err
