"""Frames of any spelling that JSON allows decode alike, and absurd ones are refused alike."""

import json
from itertools import islice, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.frame import Refusal
from tests.connectors.decode_twins import VENUES, twins
from tests.connectors.sample_frames import BINANCE, CASES, COINBASE, EXCHANGE, FRAMES


def mostly(good, wild):
    """Draw from `wild` now and then: a frame has many members, and one absurdity refuses it."""
    return st.integers(0, 15).flatmap(lambda n: wild if n == 15 else good)


WHOLE = st.one_of(
    st.integers(0, 99_999_999).map(str), st.just("0"), st.text("0123456789", max_size=42)
)
FRACTION = st.one_of(
    st.none(), st.text("0123456789", min_size=1, max_size=10), st.text("0", max_size=42)
)
wild_decimals = st.one_of(
    st.builds(lambda w, f: w if f is None else f"{w}.{f}", WHOLE, FRACTION),
    st.sampled_from(
        ["", ".", "-1", "+1", "1e3", "1E-3", "0.-10000", "1.", ".1", "1..2", "1.2.3", " 1", "1 ",
         "NaN", "Infinity", "0x10", "1,5", "9" * 18, "9" * 19, "9" * 40, "0." + "0" * 40,
         "0." + "0" * 39 + "1", "1_000", "١٢"]
    ),
)  # fmt: skip
decimals = mostly(
    st.integers(0, 9_999_999).map(lambda n: f"{n // 100}.{n % 100:02}"), wild_decimals
)
integers = mostly(
    st.integers(0, 10**15),
    st.one_of(
        st.integers(0, 10**19),
        st.integers(-5, 5),
        st.sampled_from([10**18 - 1, 10**18, 2**63, 1e3]),
    ),
)
junk = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-9, 9), st.floats(allow_nan=False),
        st.text(max_size=6), st.sampled_from(['"', "\\", "]", "}", "é", "\u2028", "\x00", "😀"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)  # fmt: skip
extras = st.dictionaries(
    st.sampled_from(["x", "zz", "note", "Y9", "kids", "data2"]), junk, max_size=3
)
spelling = st.tuples(st.booleans(), st.sampled_from(["", " ", "\n\t ", "\r"]))


def written(message, spelling):
    """Return a message as JSON, with or without escapes for what is not ASCII, and white space."""
    ascii_only, gap = spelling
    return json.dumps(
        message, ensure_ascii=ascii_only, separators=(f"{gap},{gap}", f"{gap}:{gap}")
    ).encode()


@st.composite
def mixed(draw, required, optional):
    """Draw an object of required and some optional and unknown members, in any order."""
    members = {key: draw(value) for key, value in required.items()}
    members |= {key: draw(value) for key, value in optional.items() if draw(st.booleans())}
    members |= draw(extras)
    keys = draw(st.permutations(list(members)))
    return {key: members[key] for key in keys}


level = mostly(
    st.one_of(st.tuples(decimals, decimals), st.tuples(decimals, decimals, junk)),
    st.one_of(st.tuples(decimals), st.just(())),
)
plain_level = st.tuples(
    st.integers(0, 9_999_999).map(lambda n: f"{n // 100}.{n % 100:02}"),
    st.integers(0, 10**9).map(lambda n: f"{n // 10**5}.{n % 10**5:05}000"),
)
sides = st.one_of(st.lists(plain_level, max_size=12), st.lists(level, max_size=4))
symbols = mostly(st.just("BTCUSDT"), st.sampled_from(["SHIB1000", "XRPUSDT", "", "B" * 60]))
diffs = mixed(
    {"e": st.just("depthUpdate"), "s": symbols, "U": integers, "u": integers,
     "b": sides, "a": sides},
    {"E": integers, "pu": integers, "T": integers},
)  # fmt: skip
quotes = mixed(
    {"u": integers, "s": symbols, "b": decimals, "B": decimals, "a": decimals, "A": decimals},
    {"e": st.just("bookTicker"), "E": integers},
)
trades = mixed(
    {"e": st.sampled_from(["trade", "aggTrade"]), "s": symbols, "p": decimals, "q": decimals},
    {"t": integers, "E": integers, "m": st.one_of(st.booleans(), st.none(), st.text(max_size=2))},
)
snapshots = mixed({"lastUpdateId": integers, "bids": sides, "asks": sides}, {"E": integers})
wrapped = st.one_of(diffs, quotes, trades, snapshots).flatmap(
    lambda inner: mixed(
        {"stream": st.just("btcusdt@x"), "data": st.just(inner)}, {"U": st.integers(0, 9)}
    )
)


@given(st.one_of(diffs, quotes, trades, snapshots, wrapped), spelling)
def test_binance_frames_of_any_spelling(message, how):
    """Orders of members, white space, unknown members and absurd numbers leave both twins alike."""
    twins("binance").agree(written(message, how))


@given(snapshots, spelling)
def test_binance_replies_of_any_spelling(message, how):
    """A REST reply, whatever its spelling, leaves both twins alike."""
    twins("binance").agree(written(message, how), symbol="BTCUSDT")


products = mostly(st.sampled_from(["BTC-USD", "ETH-USD"]), st.sampled_from(["SOL-USD", ""]))
TIMES = [
    "2026-08-09T21:05:48.483587501Z", "2026-08-09T21:05:48Z", "2026-02-30T00:00:00Z",
    "2262-01-01T00:00:00Z", "2261-12-31T23:59:60.999999999Z", "1899-12-31T00:00:00Z",
    "2026-08-09T24:00:00Z", "2026-08-09 21:05:48Z", "2026-08-09T21:05:48.Z", "", "x",
    "2026-08-09T21:05:48.1234567890Z", "1900-02-29T00:00:00Z", "2000-02-29T00:00:00.5Z",
]  # fmt: skip
times = st.sampled_from(TIMES)
good_time = st.just(TIMES[0])
kinds = mostly(st.sampled_from(["snapshot", "update"]), st.sampled_from(["other", ""]))
update = mixed(
    {"side": mostly(st.sampled_from(["bid", "offer", "ask"]), st.just("x")),
     "price_level": decimals, "new_quantity": decimals}, {"event_time": times},
)  # fmt: skip
good_update = st.builds(
    lambda side, row: {"side": side, "price_level": row[0], "new_quantity": row[1]},
    st.sampled_from(["bid", "offer"]), plain_level,
)  # fmt: skip
depth_event = mixed(
    {"product_id": products, "type": kinds,
     "updates": st.one_of(st.lists(good_update), st.lists(update, max_size=3))}, {},
)  # fmt: skip
ticker = mixed(
    {"product_id": products},
    {"best_bid": decimals, "best_ask": decimals, "best_bid_quantity": decimals,
     "best_ask_quantity": decimals, "type": kinds},
)  # fmt: skip
print_ = mixed(
    {"product_id": products, "price": decimals, "size": decimals},
    {"trade_id": st.sampled_from(["1", "0", "007", "9" * 18, "9" * 19, "a-1", ""]),
     "time": mostly(good_time, times),
     "side": st.sampled_from(["BUY", "SELL", ""])},
)  # fmt: skip
BODIES = {
    "l2_data": depth_event,
    "ticker": mixed({"tickers": st.lists(ticker, max_size=3), "type": kinds}, {}),
    "market_trades": mixed({"trades": st.lists(print_, max_size=3), "type": kinds}, {}),
    "candles": junk,
    "heartbeats": junk,
}
advanced = st.sampled_from(list(BODIES)).flatmap(
    lambda channel: mixed(
        {"channel": st.just(channel), "events": st.lists(BODIES[channel], max_size=3),
         "sequence_num": integers},
        {"timestamp": mostly(good_time, times), "type": st.sampled_from(["error", "x"])},
    )
)  # fmt: skip


@given(advanced, spelling)
def test_coinbase_frames_of_any_spelling(message, how):
    """Orders of members, white space, unknown members and absurd numbers leave both twins alike."""
    twins("coinbase").agree(written(message, how))


change = mostly(
    plain_level.map(lambda row: ("buy", *row)),
    st.one_of(
        st.tuples(st.sampled_from(["sell", "x"]), decimals, decimals),
        st.tuples(st.just("sell"), decimals),
        st.tuples(st.just("sell"), decimals, decimals, junk),
    ),
)
EXCHANGE_BODIES = {
    "l2update": {"changes": st.lists(change, max_size=4)},
    "snapshot": {"bids": sides, "asks": sides},
    "ticker": {"best_bid": decimals, "best_ask": decimals},
    "match": {"price": decimals, "size": decimals},
    "heartbeat": {},
    "done": {"price": junk, "bids": junk},
}
exchange = st.sampled_from(list(EXCHANGE_BODIES)).flatmap(
    lambda kind: mixed(
        {"type": st.just(kind), "product_id": products} | EXCHANGE_BODIES[kind],
        {"time": mostly(good_time, times), "sequence": integers, "trade_id": integers,
         "side": st.sampled_from(["buy", "sell"]), "best_bid_size": decimals,
         "best_ask_size": decimals},
    )
)  # fmt: skip
incomplete = mixed({}, {key: junk for body in EXCHANGE_BODIES.values() for key in body})


@given(st.one_of(exchange, exchange, incomplete), spelling)
def test_exchange_frames_of_any_spelling(message, how):
    """Orders of members, white space, unknown members and absurd numbers leave both twins alike."""
    twins("coinbase-exchange").agree(written(message, how))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_order_of_members_gives_the_same_events(case):
    """The top members of a frame, and those of what it wraps, may come in any order."""
    venue, name = case
    pair = twins(venue)
    message = json.loads(FRAMES[venue][name])
    expected = pair.outcome(FRAMES[venue][name])
    inner = message.get("data") or (message.get("events") or [None])[0]
    bodies = list(islice(permutations(inner), 200)) if isinstance(inner, dict) else [None]
    for order in islice(permutations(message), 120):
        assert pair.outcome(written({key: message[key] for key in order}, (True, ""))) == expected
    for order in bodies:
        turned = dict(message)
        if order is not None:
            body = {key: inner[key] for key in order}
            turned |= {"data": body} if "data" in message else {}
            turned |= {"events": [body, *message["events"][1:]]} if "events" in message else {}
        assert pair.outcome(written(turned, (True, " "))) == expected


DOUBLED = {
    "binance": [(BINANCE["diff"], key) for key in (b'"s"', b'"b"', b'"a"')],
    "coinbase": [
        (COINBASE["update"], key)
        for key in (b'"channel"', b'"sequence_num"', b'"timestamp"', b'"events"', b'"updates"')
    ],
    "coinbase-exchange": [(EXCHANGE["update"], key) for key in (b'"changes"', b'"product_id"')],
}


@pytest.mark.parametrize("venue", VENUES)
def test_a_member_given_twice_is_refused_or_its_last_value_holds(venue):
    """No member given twice is read as anything but a strict reader's last value."""
    pair = twins(venue)
    for data, key in DOUBLED[venue]:
        at = data.index(key)
        colon = data.index(b":", at)
        # The first of the two has another value than the second.
        for first in (b"[]", b'"x"', b"1", b"null", b'[["1","2"]]', b'"BTC-USD"'):
            pair.hold(data[:at] + key + b":" + first + b"," + data[at:])
            pair.hold(data[: colon + 1] + first + b"," + data[at:])
        tail = data.rindex(b"}") if venue != "binance" else data.rindex(b"}}")
        for last in (b"[]", b'"x"', b"1", b"null", b'[["1","2"]]', b'"ETH-USD"', b"99"):
            pair.hold(data[:tail] + b"," + key + b":" + last + data[tail:])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"U":157', b'"U":157,"kids":[["1.00","1"]]'),
        (b'"U":157', b'"U":157,"bsks":[["1.00","1"]]'),
        (b'{"e":', b'{"aids":[["1.00","1"]],"e":'),
    ],
)
def test_members_that_resemble_a_side_are_no_side(old, new):
    """Only `bids` and `asks` are sides; names that look like them are stepped over."""
    pair = twins("binance")
    assert pair.agree(BINANCE["diff"].replace(old, new)) == pair.outcome(BINANCE["diff"])


def test_the_wrapper_lends_only_its_stream_name():
    """Members beside `data` do not stand in for those of the event inside."""
    pair = twins("binance")
    data = BINANCE["diff"]
    expected = pair.outcome(data)
    assert pair.agree(b'{"U":1,"u":9,"s":"SHIB1000","b":[],' + data[1:]) == expected
    assert pair.agree(data[:-1] + b',"U":1,"pu":7,"e":"kline","s":"SHIB1000"}') == expected
    assert pair.hold(data[:-1] + b',"data":{}}') == Refusal.BAD_JSON


@pytest.mark.parametrize("venue", VENUES)
def test_nesting_is_stepped_over_up_to_64_deep(venue):
    """A value that nobody reads may be nested 64 deep; one level more is refused."""
    pair = twins(venue)
    data = next(iter(FRAMES[venue].values()))
    for depth, accepted in ((63, True), (64, True), (65, False), (5000, False)):
        deep = data[:1] + b'"x":' + b"[" * depth + b"]" * depth + b"," + data[1:]
        assert (pair.outcome(deep) == pair.outcome(data)) is accepted


@pytest.mark.parametrize("venue", VENUES)
def test_escapes_are_refused_where_they_are_read_and_stepped_over_elsewhere(venue):
    """A name spelled with escapes is refused as bad JSON; in a value nobody reads it is fine."""
    pair = twins(venue)
    data = next(iter(FRAMES[venue].values()))
    expected = pair.outcome(data)
    stray = data[:1] + rb'"x":"\"}]\\\u0000",' + data[1:]
    assert pair.agree(stray) == expected
    named = data.replace(b"BTC", rb"\u0042TC")
    assert pair.twin(named) == expected
    assert pair.outcome(named) == Refusal.BAD_JSON


def test_huge_frames_are_read_whole_and_absurd_ones_refused():
    """A side of 300,000 levels is read; one over 1,048,576 is refused as over the limit."""
    pair = twins("binance")
    head = b'{"e":"depthUpdate","s":"BTCUSDT","U":1,"u":2,"a":[],"b":['
    rows = [b'["%d.%02d","1.50000"]' % divmod(n, 100) for n in range(1_048_577)]
    whole = pair.outcome(head + b",".join(rows[:300_000]) + b"]}")
    assert [len(event["bids"]) for event in whole] == [300_000]
    assert whole[0]["bids"][-1] == (299_999, 150_000)
    assert pair.outcome(head + b",".join(rows) + b"]}") == Refusal.OVER_LIMIT
    assert pair.outcome(BINANCE["diff"]) == pair.twin(BINANCE["diff"])


def test_more_events_than_a_frame_may_hold_are_refused():
    """65,536 trades in a frame are read, one more is over the limit."""
    pair = twins("coinbase")
    head = b'{"channel":"market_trades","timestamp":"2026-08-09T21:05:48Z","sequence_num":1,'
    row = b'{"product_id":"BTC-USD","price":"1","size":"2"}'
    for count, expected in ((65_536, 65_536), (65_537, Refusal.OVER_LIMIT)):
        rows = b",".join([row] * count)
        data = head + b'"events":[{"type":"update","trades":[' + rows + b"]}]}"
        assert pair.fast.decode(data) == expected
