"""What an order would come to if it were placed now: the previews of Advanced Trade."""

from decimal import Decimal
from typing import NamedTuple

from engine.code import RATE_ONE, Side
from sim.exchange.order import Request
from sim.feed.coinbase_product import Product
from sim.market.event import Side as BookSide
from sim.wire.coinbase_units import plain
from sim.wire.decimal import trimmed

from .coinbase_desk import CoinbaseDesk
from .coinbase_refusal import OrderRefusedError, Refusal

FIELDS = (
    *("best_bid", "best_ask", "order_total", "commission_total"),
    *("quote_size", "base_size", "slippage"),
)


class Taken(NamedTuple):
    """What an order would take at once: lots, and ticks times lots."""

    lots: int
    notional: int


class Estimate:
    """Works out previews from the book and the balances as they are."""

    def __init__(self, desk: CoinbaseDesk) -> None:
        self._desk = desk

    def check(self, account: int, request: Request) -> None:
        """Refuse what would be refused if it were placed; OrderRefusedError."""
        self._desk.check(request)
        listing = self._desk.exchange.listing(request.listing)
        asset = listing.quote if request.side is Side.BUY else listing.base
        held = self._desk.exchange.balances(account).get(asset)
        needed = Decimal(request.qty).scaleb(-listing.size_decimals)
        if request.side is Side.BUY:
            needed = sum(self.amounts(request), Decimal(0))
        if held is None or held.free < needed:
            raise OrderRefusedError(Refusal.FUNDS)
        if request.post_only and self.taken(request).lots:
            raise OrderRefusedError(Refusal.POST_ONLY)

    def taken(self, request: Request) -> Taken:
        """Return what an order would take from the book."""
        opposite = BookSide.ASK if request.side is Side.BUY else BookSide.BID
        lots = notional = 0
        for price, shown in self._product(request).book.side(opposite).levels():
            beyond = price > request.price if request.side is Side.BUY else price < request.price
            if lots == request.qty or (request.price and beyond) or request.stop_price:
                break
            part = min(shown, request.qty - lots)
            lots, notional = lots + part, notional + part * price
        return Taken(lots, notional)

    def amounts(self, request: Request) -> tuple[Decimal, Decimal]:
        """Return value and fees in the quote asset; what does not take rests at its limit."""
        listing = self._desk.exchange.listing(request.listing)
        taken = self.taken(request)
        rest = (request.qty - taken.lots) * request.price
        decimals = listing.price_decimals + listing.size_decimals
        maker, taker = self._desk.exchange.fee_rates(request.listing)
        value = Decimal(taken.notional + rest).scaleb(-decimals)
        fees = Decimal(taken.notional * taker + rest * maker).scaleb(-decimals) / RATE_ONE
        return value, fees

    def fields(self, request: Request) -> dict[str, object]:
        """Return the amounts of a preview, spelled."""
        product = self._product(request)
        value, fees = self.amounts(request)
        taken, touch, price = self.taken(request), product.touch, product.listing.price_decimals
        best = touch.ask if request.side is Side.BUY else touch.bid
        slip = Decimal(0)
        if taken.lots and best:
            slip = abs(Decimal(taken.notional) / taken.lots / best - 1)
        texts = (
            trimmed(touch.bid, price),
            trimmed(touch.ask, price),
            plain(value + fees if request.side is Side.BUY else value - fees),
            plain(fees),
            plain(value),
            trimmed(request.qty, product.listing.size_decimals),
            plain(slip.quantize(Decimal("1e-8"))),
        )
        return dict(zip(FIELDS, texts, strict=True))

    def _product(self, request: Request) -> Product:
        return self._desk.product_of(request.listing)
