"""Clients that others wrote trade at the simulated Binance, unmodified."""

import asyncio
import warnings
from contextlib import asynccontextmanager

import pytest

from engine.code import Side, Tif

from .binance_world import KEY, SECRET, serving
from .helpers import within


@pytest.fixture
async def venue():
    async with serving() as served:
        yield served


@asynccontextmanager
async def ccxt_client(venue):
    pro = pytest.importorskip("ccxt.pro")
    client = pro.binance(
        {
            "apiKey": KEY,
            "secret": SECRET,
            "options": {
                "defaultType": "spot",
                "fetchMarkets": {"types": ["spot"]},
                "fetchMargins": True,
            },
        }
    )
    for name in ("public", "private"):
        client.urls["api"][name] = f"{venue.server.http_url}/api/v3"
    client.urls["api"]["sapi"] = f"{venue.server.http_url}/sapi/v1"
    client.urls["api"]["ws"]["spot"] = f"{venue.server.ws_url}/stream/ws"
    client.urls["api"]["ws"]["ws-api"]["spot"] = f"{venue.server.ws_url}/ws-api/v3"
    try:
        async with within():
            yield client
    finally:
        await client.close()


async def test_ccxt_reads_the_market(venue):
    async with ccxt_client(venue) as client:
        markets = await client.load_markets()
        market = markets["BTC/USDT"]
        assert (market["precision"]["amount"], market["precision"]["price"]) == (0.00001, 0.01)
        assert market["limits"]["cost"]["min"] == 5
        assert set(client.currencies) >= {"BTC", "ETH", "USDT"}
        fee = await client.fetch_trading_fee("BTC/USDT")
        assert (fee["maker"], fee["taker"]) == (0.001, 0.001)
        book = await client.fetch_order_book("BTC/USDT")
        assert (book["bids"][0], book["asks"][0]) == ([49_990, 1], [50_010, 1])
        ticker = await client.fetch_ticker("BTC/USDT")
        assert (ticker["last"], ticker["bid"], ticker["ask"]) == (50_000, 49_990, 50_010)
        assert [trade["price"] for trade in await client.fetch_trades("BTC/USDT")] == [50_000]
        candles = await client.fetch_ohlcv("BTC/USDT", "1m")
        assert candles[-1][1:5] == [50_000] * 4
    assert not venue.server.counts.refused


async def test_ccxt_trades(venue):
    async with ccxt_client(venue) as client:
        placed = await client.create_order("BTC/USDT", "limit", "buy", 0.5, 49_000)
        assert (placed["status"], placed["filled"], placed["remaining"]) == ("open", 0, 0.5)
        (found,) = await client.fetch_open_orders("BTC/USDT")
        assert found["id"] == placed["id"]
        balance = await client.fetch_balance()
        assert balance["USDT"]["used"] == 24_524.5
        canceled = await client.cancel_order(placed["id"], "BTC/USDT")
        assert canceled["status"] == "canceled"
        assert (await client.fetch_order(placed["id"], "BTC/USDT"))["status"] == "canceled"
        bought = await client.create_order("BTC/USDT", "market", "buy", 0.1)
        assert (bought["status"], bought["average"]) == ("closed", 50_010)
        assert bought["fee"] == {"cost": 5.001, "currency": "USDT"}
        (trade,) = await client.fetch_my_trades("BTC/USDT")
        assert (trade["order"], trade["takerOrMaker"]) == (bought["id"], "taker")
        spent = await client.create_market_buy_order_with_cost("BTC/USDT", 1000.2)
        assert spent["filled"] == 0.02
        stop = await client.create_order(
            "BTC/USDT", "limit", "sell", 0.1, 45_000, {"stopLossPrice": 46_000}
        )
        assert stop["status"] == "open"
        edited = await client.edit_order(stop["id"], "BTC/USDT", "limit", "sell", 0.2, 60_000)
        assert (edited["amount"], edited["price"]) == (0.2, 60_000)
        assert len(await client.cancel_all_orders("BTC/USDT")) == 1
        assert len(await client.fetch_orders("BTC/USDT")) == 5
    assert not venue.server.counts.refused
    assert not venue.server.counts.violations


async def test_ccxt_is_refused_by_the_errors_it_knows(venue):
    ccxt = pytest.importorskip("ccxt")
    async with ccxt_client(venue) as client:
        with pytest.raises(ccxt.InsufficientFunds):
            await client.create_order("BTC/USDT", "limit", "buy", 100, 49_000)
        post_only = {"postOnly": True}
        with pytest.raises(ccxt.OrderImmediatelyFillable):
            await client.create_order("BTC/USDT", "limit", "buy", 1, 50_010, post_only)
        with pytest.raises(ccxt.OrderNotFound):
            await client.cancel_order("999999", "BTC/USDT")
        client.secret = "wrong"
        with pytest.raises(ccxt.AuthenticationError):
            await client.fetch_balance()


async def test_ccxt_watches_its_orders_trades_and_balance(venue):
    async with ccxt_client(venue) as client:
        await client.load_markets()
        watched = asyncio.create_task(client.watch_orders("BTC/USDT"))
        balance = asyncio.create_task(client.watch_balance())
        trades = asyncio.create_task(client.watch_my_trades("BTC/USDT"))
        while not venue.server.counts.requests or not venue.subscribed():
            await asyncio.sleep(0.005)
        placed = await client.create_order("BTC/USDT", "limit", "buy", 0.5, 50_005)
        (order,) = await watched
        assert (order["id"], order["status"]) == (placed["id"], "open")
        assert (await balance)["USDT"]["used"] == 25_027.5025
        watched = asyncio.create_task(client.watch_orders("BTC/USDT"))
        venue.quote(Side.SELL, 50_005, 0.5, tif=Tif.IOC)
        venue.step()
        orders = await watched
        assert (orders[-1]["id"], orders[-1]["status"]) == (placed["id"], "closed")
        (trade,) = await trades
        assert (trade["order"], trade["takerOrMaker"]) == (placed["id"], "maker")


async def test_ccxt_places_orders_over_the_websocket(venue):
    async with ccxt_client(venue) as client:
        placed = await client.create_order_ws("BTC/USDT", "limit", "buy", 0.5, 49_000)
        assert placed["status"] == "open"
        (found,) = await client.fetch_open_orders_ws("BTC/USDT")
        assert found["id"] == placed["id"]
        canceled = await client.cancel_order_ws(placed["id"], "BTC/USDT")
        assert canceled["status"] == "canceled"
        bought = await client.create_order_ws("BTC/USDT", "market", "buy", 0.1)
        assert bought["status"] == "closed"
        (trade,) = await client.fetch_my_trades_ws("BTC/USDT")
        assert (trade["order"], trade["price"]) == (bought["id"], 50_010)


async def test_ccxt_ends_with_the_book_of_the_venue(venue):
    async with ccxt_client(venue) as client:
        number = 0
        while number < 5:
            book = await client.watch_order_book("BTC/USDT")
            number += 1
            venue.quote(Side.BUY, 49_900 + number, number / 100)
        last_id = venue.exchange.book("BTC-USDT.BINANCE").update_id
        while book["nonce"] < last_id:
            book = await client.watch_order_book("BTC/USDT")
        _, depth, _ = await venue.request("GET", "depth", "symbol=BTCUSDT&limit=5000")
        assert depth["lastUpdateId"] == book["nonce"] == last_id
        for side in ("bids", "asks"):
            assert [tuple(map(float, row)) for row in depth[side]] == [
                tuple(row) for row in book[side]
            ]
    assert not venue.server.counts.violations


@asynccontextmanager
async def binance_client(venue, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        binance = pytest.importorskip(
            "binance", reason="python-binance is not installed (extra 'clients')"
        )
    monkeypatch.setattr(binance.AsyncClient, "API_URL", f"{venue.server.http_url}/api")
    monkeypatch.setattr(binance.AsyncClient, "WS_API_URL", f"{venue.server.ws_url}/ws-api/v3")
    async with within():
        client = await binance.AsyncClient.create(KEY, SECRET)
        try:
            yield client, binance
        finally:
            # It waits for one more frame on each socket before it lets go of it.
            closing = asyncio.create_task(client.close_connection())
            while not closing.done():
                venue.server.announce_shutdown()
                await asyncio.sleep(0.01)
            await closing


async def test_python_binance_trades(venue, monkeypatch):
    async with binance_client(venue, monkeypatch) as (client, binance):
        info = await client.get_symbol_info("BTCUSDT")
        assert info["filters"][0]["tickSize"] == "0.01000000"
        placed = await client.order_limit_buy(symbol="BTCUSDT", quantity="0.5", price="49000")
        assert placed["status"] == "NEW"
        (found,) = await client.get_open_orders(symbol="BTCUSDT")
        assert found["orderId"] == placed["orderId"]
        await client.cancel_order(symbol="BTCUSDT", orderId=placed["orderId"])
        bought = await client.order_market_buy(symbol="BTCUSDT", quantity="0.1")
        assert bought["status"] == "FILLED"
        assert (await client.get_asset_balance("BTC"))["free"] == "10.10000000"
        (trade,) = await client.get_my_trades(symbol="BTCUSDT")
        assert trade["orderId"] == bought["orderId"]
        await client.create_test_order(symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.1")
        with pytest.raises(binance.exceptions.BinanceAPIException) as refusal:
            await client.order_limit_buy(symbol="BTCUSDT", quantity="0.5", price="0.001")
        assert refusal.value.code == -1013
        placed = await client.ws_order_limit_buy(symbol="BTCUSDT", quantity="0.5", price="49000")
        assert placed["status"] == "NEW"
        canceled = await client.ws_cancel_order(symbol="BTCUSDT", orderId=placed["orderId"])
        assert canceled["status"] == "CANCELED"


async def test_python_binance_hears_of_its_orders(venue, monkeypatch):
    async with binance_client(venue, monkeypatch) as (client, binance):
        manager = binance.BinanceSocketManager(client)
        manager.STREAM_URL = f"{venue.server.ws_url}/"
        async with manager.user_socket() as socket:
            placed = await client.order_limit_buy(symbol="BTCUSDT", quantity="0.5", price="50005")
            event = await socket.recv()
            assert (event["e"], event["i"], event["X"]) == (
                "executionReport",
                placed["orderId"],
                "NEW",
            )
            assert (await socket.recv())["e"] == "outboundAccountPosition"
            venue.quote(Side.SELL, 50_005, 0.5, tif=Tif.IOC)
            venue.step()
            event = await socket.recv()
            assert (event["X"], event["m"]) == ("FILLED", True)
