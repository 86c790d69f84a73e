"""What clients ask of the wallet of Binance while they load markets: fees, assets, margin pairs."""

from sim.wire.binance_order import ZERO, Fields, amount_text, rate_text
from sim.wire.binance_symbol import symbol_of

from .binance_call import Call, Endpoint, Security
from .binance_desk import Desk
from .binance_market import MarketData

PREFIX = "/sapi/v1/"


class Wallet:
    """Answers below `/sapi/v1/`, by path: REST only."""

    def __init__(self, desk: Desk, market: MarketData) -> None:
        self._desk = desk
        self._market = market

    def endpoints(self) -> dict[str, Endpoint]:
        """Return every endpoint by its path."""
        signed = Security.SIGNED
        return {
            f"{PREFIX}asset/tradeFee": Endpoint(self._fees, 1, signed),
            f"{PREFIX}capital/config/getall": Endpoint(self._assets, 10, signed),
            f"{PREFIX}margin/allPairs": Endpoint(_no_pairs),
            f"{PREFIX}margin/isolated/allPairs": Endpoint(_no_pairs, 10, signed),
        }

    def _fees(self, call: Call) -> object:
        exchange = self._desk.exchange
        named = [self._market.listing(call.params)] if "symbol" in call.params else None
        call.done()
        rows = []
        for listing in named or exchange.listings:
            maker, taker = map(rate_text, exchange.fee_rates(listing.id))
            names = {"symbol": symbol_of(listing)}
            rows.append({**names, "makerCommission": maker, "takerCommission": taker})
        return rows

    def _assets(self, call: Call) -> object:
        call.done()
        funds = {asset: (free, locked) for asset, free, locked in self._desk.funds(call.account)}
        rows: list[Fields] = []
        for asset in self._desk.exchange.assets.names:
            free, locked = (amount_text(amount) for amount in funds.get(asset, (ZERO, ZERO)))
            rows.append(
                {
                    "coin": asset,
                    "name": asset,
                    "depositAllEnable": False,
                    "withdrawAllEnable": False,
                    "trading": True,
                    "isLegalMoney": False,
                    "free": free,
                    "locked": locked,
                    "freeze": "0",
                    "withdrawing": "0",
                    "ipoing": "0",
                    "ipoable": "0",
                    "storage": "0",
                    "networkList": [],
                }
            )
        return rows


def _no_pairs(call: Call) -> object:
    call.done()
    return []
