"""A small venue for tests: two listings of one quote asset on different grids."""

from engine.code import Side, Stp, Tif, Type
from market.fees import Fees
from sim.exchange.exchange import Exchange
from sim.exchange.order import Request
from sim.market.listing import Listing

START = 1_700_000_000 * 10**9
BTC = Listing("BINANCE", "BTC", "USDT", price_decimals=2, size_decimals=5)
DOGE = Listing("BINANCE", "DOGE", "USDT", price_decimals=5, size_decimals=0)
FEES = Fees(maker_ppb=-100_000, taker_ppb=1_000_000)


def venue(fees=FEES, **options):
    return Exchange("BINANCE", [BTC, DOGE], fees, START, **options)


def request(side="buy", qty=10, price=100, **fields):
    """Return a limit order, or a market order where the price is 0."""
    fields.setdefault("listing", BTC.id)
    fields.setdefault("type", Type.LIMIT if price else Type.MARKET)
    return Request(side=Side[side.upper()], qty=qty, price=price, **fields)


def news(exchange, account):
    """Return a list that fills with (execution, order id, status, filled) of each report."""
    heard = []
    exchange.watch(
        account,
        lambda r: heard.append(
            (r.execution.value, r.order.id, r.order.status.value, r.order.filled)
        ),
    )
    return heard


__all__ = ["BTC", "DOGE", "START", "Side", "Stp", "Tif", "Type", "news", "request", "venue"]
