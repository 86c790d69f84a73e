"""What becomes of a request is told for sure, or as unknown; what ccxt would change is not sent."""

import asyncio
from contextlib import asynccontextmanager
from functools import partial

import pytest
from aiohttp import web
from ccxt import pro

from connectors.testnet import calls as module
from connectors.testnet.calls import NOT_FOUND, OK, REFUSED, Calls, words
from connectors.testnet.exchange import exchange_of
from connectors.testnet.guard import guarded_session
from connectors.testnet.networks import network
from market.inputs import NO_ANSWER, NOT_SENT
from tests.sim.server.binance_world import KEY, SECRET, serving

from .between import Between

BUY = {
    "native": "BTCUSDT", "client_id": "cq7-1", "side": "buy", "type": "limit", "tif": "GTC",
    "amount": "0.5", "price": "49000",
}  # fmt: skip


class Asked:
    """Calls at a simulated Binance through a server that may spoil their answers."""

    def __init__(self, venue, between, calls):
        self.venue, self.between, self.calls = venue, between, calls

    async def status(self, method, **params):
        return (await self.calls.answer(method, params)).status

    def spoil(self, answer, *, carried_out=True):
        """Answer each request so from now on, after the venue did what it was asked, or before."""

        def spoil(request, reply):
            return answer() if carried_out == (reply is not None) else None

        self.between.spoil = spoil

    @property
    def orders(self):
        return [one.client_id for one in self.venue.exchange.open_orders(self.venue.alice, None)]


@asynccontextmanager
async def asking(secret=SECRET):
    chosen = network("binance")
    async with (
        serving() as venue,
        Between(venue.server.http_url).serving() as between,
        guarded_session() as session,
    ):
        exchange = exchange_of(pro, chosen, (KEY, secret), session, between.url)
        await exchange.load_markets()
        yield Asked(venue, between, Calls(pro, exchange, chosen, ["BTCUSDT"]))
        exchange.timeout_on_exit = 0
        await exchange.close()


@pytest.fixture
async def asked():
    async with asking() as made:
        yield made


async def test_answers_that_are_sure(asked):
    assert await asked.status("place", **BUY) == OK
    assert asked.orders == ["cq7-1"]
    named = {"native": "BTCUSDT", "client_id": "cq7-1"}
    assert await asked.status("query", **named) == OK
    assert await asked.status("cancel", **named) == OK
    assert await asked.status("cancel", **named) == NOT_FOUND
    assert await asked.status("query", native="BTCUSDT", client_id="cq7-9") == NOT_FOUND
    assert await asked.status("place", **BUY | {"price": "0.01"}) == REFUSED
    assert await asked.status("place", **BUY | {"amount": "21"}) == REFUSED
    taking = BUY | {"price": "51000", "post_only": "true"}
    assert await asked.status("place", **taking) == REFUSED


async def test_open_orders_of_the_account_name_their_instruments(asked):
    await asked.venue.order(
        symbol="ETHUSDT", side="BUY", type="LIMIT", timeInForce="GTC", quantity="1", price="2900"
    )
    await asked.status("place", **BUY)
    answer = await asked.calls.answer("open", {})
    assert sorted((row["native"], row["price"]) for row in answer.data) == [
        ("BTCUSDT", "49000.00000000"),
        ("ETHUSDT", "2900.00000000"),
    ]
    only = await asked.calls.open("BTCUSDT")
    assert [row["clientOrderId"] for row in only.data] == ["cq7-1"]
    stray = {"native": "BTCUSDT", "venue_id": only.data[0]["id"]}
    assert await asked.status("cancel", **stray) == OK
    assert len(asked.orders) == 1


async def test_balances_are_those_that_count(asked):
    answer = await asked.calls.answer("balances", {})
    assert set(answer.data) == {"BTC", "ETH", "USDT"}
    assert answer.data["BTC"] == ["10.00000000", "0.00000000"]


async def test_what_ccxt_would_change_or_miss_is_not_sent(asked):
    asked.between.seen.clear()
    for change in ({"price": "49000.001"}, {"amount": "0.123456"}, {"native": "NOTHING"}):
        assert await asked.status("place", **BUY | change) == NOT_SENT
    for missing in ("native", "client_id", "side", "type", "amount"):
        params = {name: text for name, text in BUY.items() if name != missing}
        assert await asked.status("place", **params) == NOT_SENT
    assert await asked.status("nothing") == NOT_SENT
    assert not asked.between.seen


async def test_an_answer_that_may_hide_an_order_leaves_the_outcome_unknown(asked):
    for number, answer in enumerate(UNKNOWN, 1):
        asked.spoil(answer)
        assert await asked.status("place", **BUY | {"client_id": f"cq7-{number}"}) == NO_ANSWER
        assert len(asked.orders) == number


def json(text, status=400):
    return lambda: web.Response(status=status, text=text, content_type="application/json")


UNKNOWN = (
    lambda: web.Response(status=500),
    lambda: web.Response(status=502, text="<html>bad gateway</html>"),
    lambda: web.Response(status=504),
    json('{"code":-1007,"msg":"Timeout"}'),
    json('{"code":-1006,"msg":"Unexpected"}'),
    json('{"code":-1001,"msg":"Disconnected"}'),
    json('{"code":-2010,"msg":"Duplicate order sent."}'),
    json("{", 200),
    json("{}", 200),
    json("[]", 200),
    lambda: web.Response(headers={"Content-Encoding": "gzip"}, body=b"cut off"),
)


async def test_a_venue_that_does_not_answer_in_time_leaves_the_outcome_unknown(asked, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT_MS", 50)
    asked.spoil(lambda: None)
    held = asyncio.Event()
    handler = asked.between.hold = held
    assert await asked.status("place", **BUY) == NO_ANSWER
    handler.set()


async def test_a_venue_that_has_too_much_to_do_has_refused(asked):
    for status in (418, 429):
        answer = json('{"code":-1003,"msg":"Too much request weight used."}', status)
        asked.spoil(answer, carried_out=False)
        assert await asked.status("place", **BUY) == REFUSED
    assert not asked.orders


async def test_no_redirect_is_followed(asked):
    """Not even to a host on the list: what the other server got would be a second order."""
    async with Between(asked.venue.server.http_url).serving() as other:
        named = {"native": "BTCUSDT", "client_id": "cq7-1"}
        headers = {"Location": f"{other.url}/api/v3/order"}
        for status in (301, 302, 303, 307, 308):
            asked.spoil(partial(web.Response, status=status, headers=headers), carried_out=False)
            assert await asked.status("place", **BUY) == NO_ANSWER
            assert await asked.status("query", **named) == NO_ANSWER
            assert await asked.status("cancel", **named) == NO_ANSWER
        assert not other.seen


async def test_a_wrong_key_is_a_refusal():
    async with asking("wrong") as asked:
        assert await asked.status("place", **BUY) == REFUSED
        assert not asked.orders


async def test_all_fills_of_an_order_come_page_by_page(asked, monkeypatch):
    monkeypatch.setattr(module, "_PAGE", 1)
    taken = await asked.calls.answer("place", BUY | {"amount": "3", "price": "50030", "tif": "IOC"})
    params = {"native": "BTCUSDT", "venue_id": taken.data["id"]}
    answer = await asked.calls.answer("trades", params)
    assert [row["price"] for row in answer.data] == [
        "50010.00000000",
        "50020.00000000",
        "50030.00000000"
    ][: len(answer.data)]  # fmt: skip
    assert len(answer.data) == 2
    monkeypatch.setattr(module, "TRADES_MAX", 2)
    assert await asked.status("trades", **params) == NOT_SENT


def test_the_query_of_an_address_is_not_repeated():
    """It holds the signature."""
    error = pro.RequestTimeout("binance GET https://h/api/v3/order?symbol=X&signature=ab\nmore")
    assert words(error) == "RequestTimeout: binance GET https://h/api/v3/order?… more"
