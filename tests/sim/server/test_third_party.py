"""Clients that others wrote connect unmodified and agree with the market's truth."""

import warnings

import pytest

from .helpers import until, within


def decimals(pairs):
    return {(float(price), float(size)) for price, size in pairs}


async def test_ccxt_keeps_the_binance_book(told):
    """Each book it returns is the market's at the update id that it names."""
    pro = pytest.importorskip("ccxt.pro")
    world, truth = told
    client = pro.binance(
        {
            "apiKey": "k",
            "secret": "s",
            "options": {
                "defaultType": "spot",
                "fetchMarkets": {"types": ["spot"]},
                "fetchCurrencies": False,
                "fetchMargins": False,
            },
        }
    )
    for name in ("public", "private"):
        client.urls["api"][name] = f"{world.binance.http_url}/api/v3"
    client.urls["api"]["ws"]["spot"] = f"{world.binance.ws_url}/stream/ws"
    try:
        async with within():
            for symbol in ("BTC/USDT", "ETH/USDT"):
                for _ in range(5):
                    book = await client.watch_order_book(symbol)
                    listing = symbol.replace("/", "-") + ".BINANCE"
                    bids, asks = truth.book_at(listing, book["nonce"])
                    assert decimals(book["bids"]) == decimals(bids.items())
                    assert decimals(book["asks"]) == decimals(asks.items())
    finally:
        await client.close()
    assert not world.binance.counts.violations
    assert not world.binance.counts.refused


async def test_ccxt_keeps_the_coinbase_book(told):
    """Each book it returns is one that the market was in, later each time."""
    pro = pytest.importorskip("ccxt.pro")
    world, truth = told
    client = pro.coinbase()
    client.urls["api"]["rest"] = world.coinbase.http_url
    client.urls["api"]["ws"] = f"{world.coinbase.ws_url}/ws"
    seen = []
    try:
        async with within():
            for _ in range(5):
                book = await client.watch_order_book("BTC/USD")
                seen.append((decimals(book["bids"]), decimals(book["asks"])))
    finally:
        await client.close()
    states = truth.books("BTC-USD.COINBASE")
    held = None
    for bids, asks in seen:
        # The same book may be returned twice; the market is asked only for what is new.
        assert (bids, asks) == held or any(
            (decimals(b.items()), decimals(a.items())) == (bids, asks)
            for _, b, a in states
            if len(b) == len(bids)
        )
        held = bids, asks
    assert not world.coinbase.counts.violations


async def test_python_binance_keeps_the_depth_cache(told, monkeypatch):
    """Its cache is the market's at some update id, later each time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        binance = pytest.importorskip(
            "binance", reason="python-binance is not installed (extra 'clients')"
        )
    world, truth = told
    monkeypatch.setattr(binance.AsyncClient, "API_URL", f"{world.binance.http_url}/api")
    client = await binance.AsyncClient.create()
    manager = binance.BinanceSocketManager(client)
    manager.STREAM_URL = f"{world.binance.ws_url}/"
    depth = binance.DepthCacheManager(client, symbol="BTCUSDT", bm=manager)
    seen = []
    try:
        async with within(), depth as socket:
            for _ in range(3):
                cache = await socket.recv()
                seen.append((decimals(cache.get_bids()), decimals(cache.get_asks())))
    finally:
        await client.close_connection()
    states = truth.books("BTC-USDT.BINANCE")
    for bids, asks in seen:
        # It asks for 500 levels a side, and so holds all of them.
        assert any(
            (decimals(b.items()), decimals(a.items())) == (bids, asks)
            for _, b, a in states
            if len(b) == len(bids)
        )
    assert not world.binance.counts.violations
    await until(lambda: not world.binance.clients)
