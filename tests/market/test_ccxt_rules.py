"""Rules by way of ccxt: a real child against a local server, and children that go wrong."""

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson
import pytest

from market import ccxt_rules
from market.ccxt_child import OUTPUT_MAX, document, plain, write_whole
from market.ccxt_rules import (
    CcxtExitError,
    CcxtNetworkError,
    CcxtOutputError,
    CcxtRules,
    CcxtTimeoutError,
    parse,
)
from market.fees import LOWEST_TIER, Fees, FeeSchedule
from market.grid import BadNumberError, Grid

DAY_NS = 24 * 3600 * 10**9
FILTERS = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
    {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001000"},
]
SYMBOL = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "baseAssetPrecision": 8,
    "quotePrecision": 8,
    "orderTypes": ["LIMIT"],
    "isSpotTradingAllowed": True,
    "isMarginTradingAllowed": False,
    "permissions": ["SPOT"],
    "filters": [*FILTERS, {"filterType": "NOTIONAL", "minNotional": "5.00000000"}],
}
CONTRACT = {
    "symbol": "BTCUSD_PERP",
    "pair": "BTCUSD",
    "contractType": "PERPETUAL",
    "deliveryDate": 4133404800000,
    "onboardDate": 1597042800000,
    "contractStatus": "TRADING",
    "contractSize": 100,
    "marginAsset": "BTC",
    "baseAsset": "BTC",
    "quoteAsset": "USD",
    "pricePrecision": 1,
    "quantityPrecision": 0,
    "orderTypes": ["LIMIT"],
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "1000", "maxPrice": "4e6", "tickSize": "0.1"},
        {"filterType": "LOT_SIZE", "minQty": "1", "maxQty": "1000000", "stepSize": "1"},
    ],
}
QUARTER = CONTRACT | {
    "symbol": "BTCUSD_240927",
    "contractType": "CURRENT_QUARTER",
    "deliveryDate": 1727424000000,
}
PRODUCT = {
    "id": "BTC-USD",
    "base_currency": "BTC",
    "quote_currency": "USD",
    "quote_increment": "0.01",
    "base_increment": "0.00000001",
    "min_market_funds": "1",
    "status": "online",
}
ADVANCED = {
    "product_id": "BTC-USD",
    "price": "65086.18",
    "base_increment": "0.00000001",
    "quote_increment": "0.01",
    "price_increment": "0.01",
    "quote_min_size": "1",
    "quote_max_size": "150000000",
    "base_min_size": "0.00000001",
    "base_max_size": "3400",
    "status": "online",
    "product_type": "SPOT",
    "quote_currency_id": "USD",
    "base_currency_id": "BTC",
}
REPLIES = {
    "/api/v3/exchangeInfo": {"symbols": [SYMBOL]},
    "/dapi/v1/exchangeInfo": {"symbols": [CONTRACT, QUARTER]},
    "/products": [PRODUCT],
    "/api/v3/brokerage/market/products": {"products": [ADVANCED]},
    "/api/v3/brokerage/market/products?product_type=FUTURE": {"products": []},
    "/v2/currencies": {"data": [{"id": "USD", "name": "US Dollar", "min_size": "0.01"}]},
    "/v2/currencies/crypto": {"data": []},
    "/v2/exchange-rates": {"data": {"currency": "USD", "rates": {}}},
}


class Clock:
    def __init__(self):
        self.now_ns = 1_700_000_000 * 10**9

    def __call__(self):
        return self.now_ns


@contextmanager
def serving(replies):
    """A server of these replies; yields its address and the paths asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            found = replies.get(self.path, replies.get(self.path.partition("?")[0]))
            body = orjson.dumps({"message": "NotFound"} if found is None else found)
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def fake(tmp_path, body):
    """A child that does what `body` says; `out` is the file it should write."""
    script = tmp_path / "child.py"
    script.write_text(
        "import sys, time, json, os\nout = sys.argv[sys.argv.index('--out') + 1]\n"
        f"now = int(sys.argv[sys.argv.index('--now-ns') + 1])\n{body}\n"
    )
    return (sys.executable, "-S", str(script))


def good(venue="binance", **changes):
    value = {
        "format": 1,
        "venue": venue,
        "fetched_ns": 7,
        "instruments": [{"id": "BTC-USDT.BINANCE", "tick": "0.01", "lot": "0.00001"}],
        "fees": ["0.001", "0.001"],
        "fee_exceptions": {"FDUSDUSDT": ["0", "0"]},
        "problems": [],
    }
    return value | changes


WRITE = (
    f"json.dump({good()!r} | {{'fetched_ns': now}}, open(out, 'w'))\n"
    "open(out + '.n', 'a').write('x')"
)


def runs(rules):
    return len(Path(f"{rules.path('binance')}.n").read_text())


@pytest.mark.parametrize(
    ("venue", "ids", "grids", "fees"),
    [
        ("binance", ["BTC-USDT.BINANCE"], (Grid(2), Grid(5)), LOWEST_TIER["binance"]),
        (
            "binance-coinm",
            ["BTC-USD-PERP.BINANCE-COINM", "BTC-USD-240927.BINANCE-COINM"],
            (Grid(1), Grid(0)),
            LOWEST_TIER["binance-coinm"],
        ),
        ("coinbase", ["BTC-USD.COINBASE"], (Grid(2), Grid(8)), LOWEST_TIER["coinbase"]),
        (
            "coinbase-exchange",
            ["BTC-USD.COINBASE-EXCHANGE"],
            (Grid(2), Grid(8)),
            LOWEST_TIER["coinbase-exchange"],
        ),
    ],
)
def test_a_real_child_brings_rules_and_fees_from_the_server(tmp_path, venue, ids, grids, fees):
    with serving(REPLIES) as (base_url, asked):
        found = CcxtRules(tmp_path, Clock(), base_url=base_url).rules(venue)
    assert asked
    assert [one.id for one in found.instruments] == ids
    assert (found.instruments[0].price, found.instruments[0].size) == grids
    assert {one.origin for one in found.instruments} == {"ccxt"}
    assert (found.fees, found.problems) == (fees, ())
    assert found.fetched_ns == Clock().now_ns
    assert [path.name for path in tmp_path.iterdir()] == [f"ccxt-{venue}.json"]
    if venue == "binance":
        assert asked == ["/api/v3/exchangeInfo"]
        assert found.instruments[0].min_notional == "5.0"
    if venue == "binance-coinm":
        assert [one.multiplier for one in found.instruments] == [100, 100]


def test_a_venue_that_cannot_be_reached_is_a_network_error(tmp_path):
    with serving({}) as (base_url, _):
        pass
    with pytest.raises(CcxtNetworkError, match=r"exit code 3: NetworkError: .*\(.*Error\)"):
        CcxtRules(tmp_path, Clock(), base_url=base_url).rules("binance")
    assert list(tmp_path.iterdir()) == []


def test_a_venue_that_refuses_is_an_exit_error_with_its_words(tmp_path):
    replies = {"/api/v3/exchangeInfo": {"code": -1121, "msg": "Invalid symbol."}}
    with (
        serving(replies) as (base_url, _),
        pytest.raises(CcxtExitError, match=r"exit code 4: .*Invalid symbol"),
    ):
        CcxtRules(tmp_path, Clock(), base_url=base_url).rules("binance")


def test_the_parent_never_imports_ccxt(tmp_path):
    script = (
        "import sys; from pathlib import Path; from market.ccxt_rules import CcxtRules\n"
        "CcxtRules(Path(sys.argv[1]), lambda: 1, command=sys.argv[2:]).rules('binance')\n"
        "sys.exit(any(name.split('.')[0] == 'ccxt' for name in sys.modules))"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "rules"), *fake(tmp_path, WRITE)]
    assert subprocess.run(command, check=False, cwd=Path(__file__).parents[2]).returncode == 0


def test_memory_then_a_fresh_file_then_a_new_child(tmp_path):
    clock = Clock()
    command = fake(tmp_path, WRITE)
    first = CcxtRules(tmp_path / "rules", clock, command=command)
    found = first.rules("binance")
    assert first.rules("binance") is found
    clock.now_ns += DAY_NS // 2
    second = CcxtRules(tmp_path / "rules", clock, command=command)
    assert second.rules("binance") == found
    assert runs(first) == 1
    clock.now_ns += DAY_NS // 2
    assert second.rules("binance").fetched_ns == clock.now_ns
    assert runs(first) == 2


def test_a_file_from_the_future_or_a_broken_one_is_fetched_again(tmp_path):
    clock = Clock()
    rules = CcxtRules(tmp_path, clock, command=fake(tmp_path, WRITE))
    rules.path("binance").write_bytes(orjson.dumps(good(fetched_ns=clock.now_ns + 1)))
    assert rules.rules("binance").fetched_ns == clock.now_ns
    rules.path("binance").write_bytes(b"{")
    other = CcxtRules(tmp_path, clock, command=fake(tmp_path, WRITE))
    assert other.rules("binance").fetched_ns == clock.now_ns
    assert runs(rules) == 2


def test_a_child_that_does_not_end_is_killed(tmp_path):
    command = fake(tmp_path, "time.sleep(600)")
    rules = CcxtRules(tmp_path, Clock(), command=command, timeout_s=0.2)
    with pytest.raises(CcxtTimeoutError, match=r"binance: no rules within 0.2 s"):
        rules.rules("binance")


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ("sys.exit('first\\nlast words')", CcxtExitError, "exit code 1: last words"),
        ("sys.exit(4)", CcxtExitError, "exit code 4: it said nothing"),
        ("sys.stderr.write('x' * 9999); sys.exit(3)", CcxtNetworkError, "exit code 3: xxx"),
        ("os.kill(os.getpid(), 9)", CcxtExitError, "exit code -9"),
        ("pass", CcxtOutputError, "no file of rules"),
        ("open(out, 'w').write('{')", CcxtOutputError, "bad rules"),
        ("open(out, 'w').truncate(" + str(OUTPUT_MAX + 1) + ")", CcxtOutputError, "is over"),
    ],
)
def test_each_way_in_which_a_child_fails_has_its_name(tmp_path, body, kind, said):
    with pytest.raises(kind, match=said) as caught:
        CcxtRules(tmp_path, Clock(), command=fake(tmp_path, body)).rules("binance")
    assert len(str(caught.value)) < 5000


def test_a_command_that_cannot_start_is_an_exit_error(tmp_path):
    with pytest.raises(CcxtExitError, match="did not start"):
        CcxtRules(tmp_path, Clock(), command=(str(tmp_path / "nothing"),)).rules("binance")


def test_the_child_is_given_no_keys(tmp_path, monkeypatch):
    monkeypatch.setenv("BINANCE_API_SECRET", "x")
    body = "sys.exit(str(sorted(name for name in os.environ if 'SECRET' in name)))"
    with pytest.raises(CcxtExitError, match=r"exit code 1: \[\]"):
        CcxtRules(tmp_path, Clock(), command=fake(tmp_path, body)).rules("binance")


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"venue": "coinbase"},
        {"fetched_ns": "soon"},
        {"instruments": 7},
        {"fees": ["0.001"]},
        {"fees": ["0.001", 0.1]},
        {"fees": ["2", "0"]},
        {"fee_exceptions": []},
        {"problems": None},
    ],
)
def test_a_file_of_another_form_is_an_output_error(change):
    with pytest.raises(CcxtOutputError, match="binance: bad rules: "):
        parse(orjson.dumps(good() | change), "binance")


def test_fees_and_their_exceptions_enter_the_schedule():
    found = parse(orjson.dumps(good(fees=["-0.0001", "0.0004"])), "binance")
    schedule = found.apply_to(FeeSchedule())
    assert schedule.rates("binance", "BTCUSDT") == Fees(-100_000, 400_000)
    assert schedule.rates("binance", "FDUSDUSDT") == Fees(0, 0)
    silent = parse(orjson.dumps(good(fees=None)), "binance").apply_to(FeeSchedule())
    assert silent.rates("binance", "BTCUSDT") == LOWEST_TIER["binance"]


def market(**changes):
    base = {
        "id": "BTCUSDT",
        "baseId": "BTC",
        "quoteId": "USDT",
        "type": "swap",
        "inverse": False,
        "maker": 0.0002,
        "taker": 0.0005,
        "precision": {"price": 0.1, "amount": 1e-08},
        "limits": {"amount": {"min": 0.001, "max": None}, "cost": {}},
    }
    return base | changes


def test_a_market_that_makes_no_sense_is_a_problem_and_loses_no_other():
    bad = [
        market(id="A", precision={"price": None, "amount": 1}),
        market(id="B", type="option"),
        market(id="C", maker=float("nan")),
        market(id="D", precision={"price": 0.0, "amount": 1}),
        {"id": "E"},
    ]
    found = document("binance-usdm", 7, [*bad, market()])
    assert [entry["native"] for entry in found["instruments"]] == ["BTCUSDT"]
    assert [line.split(":")[0][-1] for line in found["problems"]] == list("ABCDE")
    rules = parse(orjson.dumps(found), "binance-usdm")
    assert rules.instruments[0].id == "BTC-USDT-PERP.BINANCE-USDM"
    assert rules.instruments[0].size == Grid(8)
    assert rules.fees == Fees(200_000, 500_000)


def test_the_most_common_fees_are_the_venues_and_the_others_exceptions():
    markets = [market(id="A", maker=0, taker=0), market(id="B"), market(id="C")]
    found = document("binance-usdm", 7, markets)
    assert found["fees"] == ("0.0002", "0.0005")
    assert found["fee_exceptions"] == {"A": ("0", "0")}


def test_an_empty_list_of_markets_states_no_fees():
    assert document("binance", 7, [])["fees"] is None


@pytest.mark.parametrize(
    ("value", "text"), [(1e-08, "0.00000001"), (0.1, "0.1"), (100, "100"), ("0.50", "0.50")]
)
def test_numbers_become_plain_decimals(value, text):
    assert plain(value) == text


@pytest.mark.parametrize("value", [None, True, float("inf"), "1e999", [1]])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(BadNumberError):
        plain(value)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "rules.json"
    write_whole(path, b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"new")
    assert [one.name for one in tmp_path.iterdir()] == ["rules.json"]
    assert path.read_bytes() == b"old"


def test_the_defaults_point_at_the_real_child():
    assert ccxt_rules.CcxtRules.__init__.__kwdefaults__["command"][1:] == (
        "-m",
        "market.ccxt_child",
    )


def test_a_dated_contract_is_named_by_its_day_of_delivery():
    dated = market(id="BTCUSDT_240927", type="future", expiry=1727424000000)
    rules = parse(orjson.dumps(document("binance-usdm", 7, [dated])), "binance-usdm")
    assert [one.id for one in rules.instruments] == ["BTC-USDT-240927.BINANCE-USDM"]


def test_an_inverse_contract_keeps_its_stated_size_or_gets_the_usual_one():
    inverse = market(id="BTCUSD_PERP", quoteId="USD", inverse=True)
    for size, expected in ((None, 100), (25.0, 25)):
        found = document("binance-coinm", 7, [inverse | {"contractSize": size}])
        (one,) = parse(orjson.dumps(found), "binance-coinm").instruments
        assert (one.multiplier, one.inverse) == (expected, True)
