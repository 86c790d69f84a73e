"""Clients that others wrote trade at both simulated Coinbase products, unmodified."""

import asyncio
from decimal import Decimal

import ccxt
import pytest
from ccxt import pro

from .coinbase_keys import EXCHANGE_SECRET, NAME, edwards_secret, private_pem
from .coinbase_market import Venue
from .helpers import until, within

ADVANCED_KEYS = {
    "es256": {"apiKey": NAME, "secret": private_pem()},
    "eddsa": {"apiKey": "edwards", "secret": edwards_secret()},
    "hmac": {"apiKey": "legacy", "secret": "old secret"},
}


@pytest.fixture
async def venue():
    async with Venue() as opened:
        yield opened


def advanced(venue, **keys):
    client = pro.coinbase(keys)
    client.urls["api"]["rest"] = venue.http
    client.urls["api"]["ws"] = f"{venue.ws}/ws"
    return client


def exchange(venue):
    keys = {"apiKey": "pro", "secret": EXCHANGE_SECRET, "password": "open"}
    client = pro.coinbaseexchange(keys)
    client.urls["api"].update(public=venue.http, private=venue.http, ws=venue.ws)
    return client


def levels(pairs):
    return [(Decimal(str(price)), Decimal(str(size))) for price, size, *_ in pairs]


def truth(venue, product, limit=None):
    book = venue.exchange.book(f"{product}.COINBASE")
    return [
        [(Decimal(p).scaleb(-2), Decimal(q).scaleb(-8)) for p, q in book.side(side).levels(limit)]
        for side in (0, 1)
    ]


def same_book(venue, product, book):
    return [levels(book["bids"]), levels(book["asks"])] == truth(venue, product)


def status_of(client, order_id):
    """Return what a client that watches its orders takes for the status of one."""
    return next(order["status"] for order in client.orders if order["id"] == order_id)


async def settled(venue, client, symbol, product):
    """Wait until a watched book equals the market's, which stands still from now on."""
    async with within():
        book = await client.watch_order_book(symbol)
        for _ in range(3):
            book = await client.watch_order_book(symbol)
        venue.market.busy = False
        await until(lambda: same_book(venue, product, book))


@pytest.mark.parametrize("signing", ADVANCED_KEYS)
async def test_ccxt_trades_at_advanced_trade(venue, signing):
    client = advanced(venue, **ADVANCED_KEYS[signing])
    try:
        async with within():
            balance = await client.fetch_balance()
            assert balance["USD"]["total"] == 1_000_000
            made = await client.create_order("BTC/USD", "limit", "buy", 0.5, 50_000.25)
            order = await client.fetch_order(made["id"])
            assert (order["status"], order["amount"], order["price"]) == ("open", 0.5, 50_000.25)
            assert [o["id"] for o in await client.fetch_open_orders("BTC/USD")] == [made["id"]]
            assert (await client.fetch_balance({"v3": True}))["USD"]["used"] > 25_000
            edited = await client.edit_order(made["id"], "BTC/USD", "limit", "buy", 0.4, 50_000.5)
            assert edited["info"]["success"]
            assert (await client.fetch_order(made["id"]))["price"] == 50_000.5
            await client.cancel_order(made["id"])
            assert (await client.fetch_order(made["id"]))["status"] == "canceled"
            taken = await client.create_order("BTC/USD", "market", "sell", 0.01)
            sold = await client.fetch_order(taken["id"])
            assert (sold["status"], sold["filled"]) == ("closed", 0.01)
            trades = await client.fetch_my_trades("BTC/USD")
            assert sum(trade["amount"] for trade in trades) == pytest.approx(0.01)
            spent = await client.create_order("BTC/USD", "market", "buy", 100, None, {"cost": 100})
            bought = await client.fetch_order(spent["id"])
            assert 99 < bought["cost"] + float(bought["fee"]["cost"]) <= 100
            with pytest.raises(ccxt.InsufficientFunds):
                await client.create_order("BTC/USD", "limit", "buy", 100, 59_000)
            more = {"postOnly": True}
            with pytest.raises(ccxt.ExchangeError, match="post only"):
                await client.create_order("BTC/USD", "limit", "buy", 0.1, 60_100, more)
    finally:
        await client.close()
    assert not venue.server.counts.violations


async def test_ccxt_reads_the_market_of_advanced_trade(venue):
    client = advanced(venue)
    try:
        async with within():
            venue.market.busy = False
            book = await client.fetch_order_book("BTC/USD")
            assert same_book(venue, "BTC-USD", book)
            venue.market.busy = True
            trades = await client.watch_trades("BTC/USD")
            assert trades
            assert (await client.fetch_trades("BTC/USD"))[-1]["price"] > 50_000
            assert (await client.fetch_ticker("BTC/USD"))["bid"] > 50_000
            assert await client.fetch_ohlcv("BTC/USD", "1m")
            await settled(venue, client, "ETH/USD", "ETH-USD")
    finally:
        await client.close()


async def test_ccxt_watches_its_orders_at_advanced_trade(venue):
    client = advanced(venue, **ADVANCED_KEYS["es256"])
    try:
        async with within():
            made = await client.create_order("BTC/USD", "limit", "buy", 0.5, 50_000)
            orders = await client.watch_orders("BTC/USD")
            assert [(o["id"], o["status"]) for o in orders] == [(made["id"], "open")]
            await client.cancel_order(made["id"])
            await until(lambda: status_of(client, made["id"]) == "canceled")
    finally:
        await client.close()


async def test_ccxt_trades_at_the_exchange(venue):
    client = exchange(venue)
    try:
        async with within():
            assert (await client.fetch_balance())["BTC"]["total"] == 10
            made = await client.create_order("BTC/USD", "limit", "buy", 0.5, 50_000.25)
            order = await client.fetch_order(made["id"])
            assert (order["status"], order["amount"], order["price"]) == ("open", 0.5, 50_000.25)
            assert [o["id"] for o in await client.fetch_open_orders("BTC/USD")] == [made["id"]]
            await client.cancel_order(made["id"])
            assert (await client.fetch_order(made["id"]))["status"] == "canceled"
            sold = await client.create_order("BTC/USD", "market", "sell", 0.01)
            done = await client.fetch_order(sold["id"])
            assert (done["status"], done["filled"]) == ("closed", 0.01)
            trades = await client.fetch_my_trades("BTC/USD")
            assert sum(trade["amount"] for trade in trades) == pytest.approx(0.01)
            assert (await client.fetch_trading_fees())["BTC/USD"]["taker"] == 0.006
            with pytest.raises(ccxt.InsufficientFunds):
                await client.create_order("BTC/USD", "limit", "buy", 100, 59_000)
            with pytest.raises(ccxt.OrderNotFound):
                await client.cancel_order(made["id"])
            more = {"postOnly": True}
            refused = await client.create_order("BTC/USD", "limit", "buy", 0.1, 60_100, more)
            assert refused["info"]["status"] == "rejected"
    finally:
        await client.close()
    assert not venue.server.counts.violations


async def test_ccxt_reads_the_market_of_the_exchange(venue):
    client = exchange(venue)
    try:
        async with within():
            venue.market.busy = False
            book = await client.fetch_order_book("BTC/USD")
            assert same_book(venue, "BTC-USD", book)
            venue.market.busy = True
            assert await client.watch_trades("BTC/USD")
            assert (await client.watch_ticker("BTC/USD"))["bid"] > 50_000
            await settled(venue, client, "ETH/USD", "ETH-USD")
    finally:
        await client.close()


async def test_ccxt_watches_its_orders_at_the_exchange(venue):
    client = exchange(venue)
    try:
        async with within():
            await client.load_markets()
            watching = asyncio.create_task(client.watch_orders("BTC/USD"))
            await until(lambda: venue.tells("BTC-USD"))
            made = await client.create_order("BTC/USD", "limit", "buy", 0.5, 50_000)
            first = (await watching)[-1]
            assert (first["id"], first["status"]) == (made["id"], "open")
            await client.cancel_order(made["id"])
            await until(lambda: status_of(client, made["id"]) == "canceled")
    finally:
        await client.close()


async def test_ccxt_watches_its_trades_at_the_exchange(venue):
    client = exchange(venue)
    try:
        async with within():
            await client.load_markets()
            watching = asyncio.create_task(client.watch_my_trades("BTC/USD"))
            await until(lambda: venue.tells("BTC-USD"))
            made = await client.create_order("BTC/USD", "market", "sell", 0.01)
            trade = (await watching)[-1]
            assert (trade["order"], trade["side"]) == (made["id"], "sell")
            assert trade["takerOrMaker"] == "taker"
            assert trade["fee"]["cost"] == pytest.approx(trade["cost"] * 0.006)
    finally:
        await client.close()
