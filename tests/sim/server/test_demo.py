"""The demo accounts work as they are printed, with clients that nobody here wrote."""

import ccxt.async_support as ccxt
import pytest

from sim.server.demo import CDP_KEY, PASSPHRASE, demo_keys, demo_private_pem
from sim.server.world import SimulatedWorld

from .helpers import within


@pytest.fixture
async def demo():
    async with SimulatedWorld(seed=3, warm_up_ns=3 * 10**9, keys=demo_keys()) as served:
        yield served


def binance(served):
    key = demo_keys()[0]
    exchange = ccxt.binance(
        {
            "apiKey": key.key,
            "secret": key.secret,
            "options": {
                "defaultType": "spot",
                "fetchMarkets": {"types": ["spot"]},
                "fetchCurrencies": False,
                "fetchMargins": False,
            },
        }
    )
    for kind in ("public", "private"):
        exchange.urls["api"][kind] = f"{served.binance.http_url}/api/v3"
    return exchange, "BTC/USDT"


def advanced(served):
    exchange = ccxt.coinbase(
        {
            "apiKey": CDP_KEY,
            "secret": demo_private_pem(),
            "options": {"fetchBalance": "v3PrivateGetBrokerageAccounts"},
        }
    )
    exchange.urls["api"]["rest"] = served.coinbase.http_url
    return exchange, "BTC/USD"


def exchange(served):
    key = demo_keys()[2]
    made = ccxt.coinbaseexchange({"apiKey": key.key, "secret": key.secret, "password": PASSPHRASE})
    made.urls["api"].update(public=served.coinbase.http_url, private=served.coinbase.http_url)
    return made, "BTC/USD"


@pytest.mark.parametrize("connect", [binance, advanced, exchange])
async def test_the_demo_account_holds_funds_and_trades(demo, connect):
    client, symbol = connect(demo)
    try:
        async with within():
            before = await client.fetch_balance()
            assert before["BTC"]["free"] == 10
            bid = (await client.fetch_order_book(symbol, 5))["bids"][0][0]
            await client.create_order(symbol, "limit", "sell", 0.01, round(bid * 0.95, 2))
            after = await client.fetch_balance()
            assert after["BTC"]["total"] == pytest.approx(9.99)
    finally:
        await client.close()
