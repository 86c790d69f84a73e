"""A network that is not there: it knows to which hosts a connection was wanted."""

import copy

import aiohttp
import ccxt

from connectors.hosts import ForbiddenHostError

MARKET = {
    "id": "BTCUSDT", "symbol": "BTC/USDT", "base": "BTC", "quote": "USDT", "baseId": "BTC",
    "quoteId": "USDT", "type": "spot", "spot": True, "margin": False, "swap": False,
    "future": False, "option": False, "contract": False, "active": True,
    "precision": {"amount": 1e-5, "price": 0.01},
    "limits": {"amount": {}, "price": {}, "cost": {}},
    "info": {"orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"]},
}  # fmt: skip


class Wire:
    """Stands in for every connection of aiohttp."""

    def __init__(self, monkeypatch):
        self.hosts = []
        wire = self

        async def connect(_self, req, traces, timeout):
            wire.hosts.append(req.url.host)
            raise aiohttp.ClientConnectionError("there is no network here")

        monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect)


def with_market(exchange):
    """Give an exchange a market, so that it asks for none."""
    exchange.set_markets([copy.deepcopy(MARKET)])
    return exchange


async def one_order(exchange):
    """Place an order; returns the error."""
    try:
        await exchange.create_order("BTC/USDT", "limit", "buy", "1", "100")
    except (ForbiddenHostError, ccxt.BaseError) as error:
        return error
    return None
