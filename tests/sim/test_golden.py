"""Generated frames and replies have the keys, in order, and the kinds of real ones."""

import json
import re

import pytest

from sim.recording import write_recording

from . import captures
from .shapes import shape


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    directory = tmp_path_factory.mktemp("recording")
    binance, coinbase = write_recording(directory, seed=5, seconds=3)
    return list(captures.read_lines(binance.path)), list(captures.read_lines(coinbase.path))


def received(lines):
    return [json.loads(line["data"]) for line in lines if line["t"] == "recv"]


def fetched(lines, part):
    return next(json.loads(li["data"]) for li in lines if li["t"] == "http" and part in li["url"])


def by_kind(frames):
    """Return the first full frame of each channel and kind of event."""
    found = {}
    for frame in frames:
        event = frame["events"][0]
        rows = event.get("updates") or event.get("trades") or event.get("tickers")
        if rows or "type" not in event:
            found.setdefault((frame["channel"], event.get("type")), frame)
    return found


def test_advanced_trade_frames_have_the_shape_of_real_ones(made):
    real, ours = by_kind(captures.advanced_frames()), by_kind(received(made[1]))
    for key in ours:
        if key[0] != "subscriptions":  # its keys are channel names
            assert shape(ours[key]) == shape(real[key])
    assert set(real) - set(ours) == {("candles", "snapshot"), ("candles", "update")} & set(real)
    assert list(ours["subscriptions", None]) == list(real["subscriptions", None])


def test_advanced_trade_numbers_are_spelled_as_real_ones(made):
    """No trailing zeros, no exponent, and zero is the single digit."""
    number = re.compile(r"0|[1-9]\d*|(0|[1-9]\d*)\.\d*[1-9]")

    def numbers(frames):
        for frame in frames:
            if frame["channel"] == "l2_data":
                for update in frame["events"][0]["updates"]:
                    yield update["price_level"]
                    yield update["new_quantity"]

    for text in [*numbers(captures.advanced_frames()), *numbers(received(made[1]))]:
        assert number.fullmatch(text), text


def test_products_have_the_keys_of_real_ones(made):
    real = next(li for li in captures.read_lines(captures.need(captures.ADVANCED)) if "url" in li)
    listed, ours = json.loads(real["data"]), fetched(made[1], "/market/products")
    assert list(ours) == list(listed)
    wanted = {row["product_id"]: row for row in listed["products"]}
    for row in ours["products"]:
        assert [*row] == [*wanted[row["product_id"]]]
        for key in ("base_increment", "quote_increment", "price_increment", "alias_to"):
            assert row[key] == wanted[row["product_id"]][key]


@pytest.mark.parametrize("kind", ["depth@100ms", "bookTicker", "trade"])
def test_binance_events_have_the_shape_of_real_ones(made, kind):
    name = f"btcusdt@{kind}"

    def first(events):
        for event in events:
            if event.get("stream") == name and [] not in event["data"].values():
                return event
        raise AssertionError(f"no {name}")

    assert shape(first(received(made[0]))) == shape(first(captures.binance_spot_events()))


def test_a_binance_snapshot_has_the_shape_of_a_real_one(made):
    real = next(e for e in captures.binance_spot_events() if "lastUpdateId" in e)
    assert shape(fetched(made[0], "/depth?symbol=BTCUSDT")) == shape(real)


def test_binance_numbers_have_eight_decimals(made):
    for event in received(made[0]):
        for pair in [*event.get("data", {}).get("b", ""), *event.get("data", {}).get("a", "")]:
            if isinstance(pair, list):
                assert all(re.fullmatch(r"\d+\.\d{8}", text) for text in pair)


def test_exchange_info_has_the_keys_of_a_real_one_and_newer(made):
    lines = captures.read_lines(captures.need(captures.BINANCE_US))
    real = next(json.loads(li["data"]) for li in lines if "exchangeInfo" in li.get("url", ""))
    ours = fetched(made[0], "/exchangeInfo")
    assert set(real) <= set(ours)
    assert set(real["symbols"][0]) <= set(ours["symbols"][0])
    assert ours["symbols"][0]["filters"][0]["filterType"] == "PRICE_FILTER"


def test_recording_lines_have_the_shape_of_real_ones(made):
    real = {}
    for line in captures.read_lines(captures.need(captures.ADVANCED)):
        real.setdefault(line["t"], line)
    for lines in made:
        for line in lines:
            if line["t"] != "header":
                assert shape(line) == shape(real[line["t"]])
        assert {line["t"] for line in lines} == set(real)
        assert set(lines[0]) <= set(real["header"])
