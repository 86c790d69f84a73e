"""The order desk behind both simulated Coinbase products: accounts, venue rules, orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.code import RATE_ONE, Reason, Side, State, Tif, Type
from sim.exchange.exchange import Exchange
from sim.exchange.order import Execution, Order, Refused, Report, Request
from sim.feed.coinbase_product import Product, Products
from sim.market.event import Side as BookSide
from sim.market.listing import Listing
from sim.wire.coinbase import funds_min, size_max
from sim.wire.coinbase_id import order_number
from sim.wire.coinbase_order import Note, note_of

from .coinbase_refusal import OF_REASON, OrderRefusedError, Refusal
from .keys import ApiKey, KeyRing

_HALTED = {
    State.HALTED: Refusal.DISABLED,
    State.CANCEL_ONLY: Refusal.CANCEL_ONLY,
}


@dataclass(frozen=True, slots=True)
class Walk:
    """What taking from a book comes to: lots, and ticks times lots."""

    lots: int
    notional: int
    worst: int  # price of the last level reached, in ticks


class CoinbaseDesk:
    """Opens the accounts of the keys, and enters orders that keep the venue's rules."""

    def __init__(self, exchange: Exchange, products: Products, keys: KeyRing) -> None:
        self.exchange = exchange
        self.products = products
        self._accounts: dict[str, int] = {}
        for name in dict.fromkeys(key.account for key in keys):
            # Several keys may open one account: what the first of them with funds says holds.
            funds = [key.balances for key in keys if key.account == name and key.balances]
            self._accounts[name] = self._open(name, funds[0] if funds else {})

    def _open(self, name: str, funds: Mapping[str, str]) -> int:
        try:
            account = self.exchange.account_of(name)
        except KeyError:
            account = self.exchange.open_account(name, funds)
        # Whoever watches later sees the count of fills as it is after this report.
        self.exchange.watch(account, _count_fill)
        return account

    @property
    def accounts(self) -> Sequence[int]:
        """The number of every account that has a key."""
        return list(self._accounts.values())

    def account(self, key: ApiKey) -> int:
        """Return the account that a key opens."""
        return self._accounts[key.account]

    def of(self, key: ApiKey | None) -> int:
        """Return the account of a signed request."""
        assert key is not None, "a private route lets nobody in without a key"
        return self.account(key)

    def find(self, account: int, uuid: object) -> Order | None:
        """Return an order of the account by the venue's spelling of its id."""
        number = order_number(uuid) if isinstance(uuid, str) else None
        return self.exchange.order(account, number) if number else None

    def product(self, product_id: object) -> Product:
        """Return a product by its id; OrderRefusedError if unknown."""
        found = self.products.by_id.get(product_id) if isinstance(product_id, str) else None
        if found is None:
            raise OrderRefusedError(Refusal.PRODUCT)
        return found

    def listing(self, order: Order) -> Listing:
        """Return what an order is about."""
        return self.exchange.listing(order.listing)

    def fees(self, order: Order) -> Decimal:
        """Return what an order has paid, in the quote asset."""
        return self.exchange.fee_amount(order.listing, order.fee)

    def place(self, account: int, request: Request) -> Order:
        """Enter an order; OrderRefusedError where it breaks a rule or cannot be paid for."""
        self.check(request)
        try:
            return self.exchange.place(account, request)
        except Refused as refused:
            raise _translated(refused.reason) from None

    def replace(self, account: int, order: Order, price: int | None, qty_open: int) -> Order:
        """Change an order; OrderRefusedError as for a new one."""
        product = self.product_of(order.listing)
        self._check_state(product, order.type)
        self._check_size(product.listing, order.filled + qty_open)
        self._check_funds(product.listing, (price or order.price) * qty_open)
        try:
            return self.exchange.replace(account, order.id, price, qty_open)
        except Refused as refused:
            raise _translated(refused.reason) from None

    def check(self, request: Request) -> None:
        """Apply the rules of the venue, which come before those of the market."""
        product = self.product_of(request.listing)
        self._check_state(product, request.type)
        self._check_size(product.listing, request.qty)
        if request.type is Type.MARKET:
            walk = self.walk(product, request.side, lots=request.qty)
            if not walk.lots:
                raise OrderRefusedError(Refusal.LIQUIDITY)
            price = walk.notional // walk.lots
        else:
            price = request.price or request.stop_price
            if not product.listing.price_min <= price <= product.listing.price_max:
                raise OrderRefusedError(Refusal.PRICE_RANGE)
        self._check_funds(product.listing, price * request.qty)
        if request.stop_price:
            self._check_stop(product, request)

    def _check_state(self, product: Product, kind: Type) -> None:
        state = product.state
        if state in _HALTED:
            raise OrderRefusedError(_HALTED[state])
        if state is State.AUCTION and kind is Type.MARKET:
            raise OrderRefusedError(Refusal.LIMIT_ONLY)

    def _check_size(self, listing: Listing, lots: int) -> None:
        if lots < listing.qty_min:
            raise OrderRefusedError(Refusal.SIZE_SMALL)
        if lots > size_max(listing):
            raise OrderRefusedError(Refusal.SIZE_LARGE)

    def _check_funds(self, listing: Listing, notional: int) -> None:
        if notional < funds_min(listing):
            raise OrderRefusedError(Refusal.FUNDS_SMALL)

    def _check_stop(self, product: Product, request: Request) -> None:
        """A stop has to lie beyond the last trade, and its limit beyond the stop."""
        buys = request.side is Side.BUY
        if request.price and buys and request.stop_price > request.price:
            raise OrderRefusedError(Refusal.STOP_ABOVE_LIMIT)
        if request.price and not buys and request.stop_price < request.price:
            raise OrderRefusedError(Refusal.STOP_BELOW_LIMIT)
        last = self.exchange.last_price(product.listing.id)
        if last and buys and request.stop_price <= last:
            raise OrderRefusedError(Refusal.STOP_BELOW_LAST)
        if last and not buys and request.stop_price >= last:
            raise OrderRefusedError(Refusal.STOP_ABOVE_LAST)

    def walk(
        self, product: Product, side: Side, *, lots: int | None = None, budget: int | None = None
    ) -> Walk:
        """Take from the book as it is, up to `lots` or to `budget` in ticks times lots."""
        taken = notional = worst = 0
        opposite = BookSide.ASK if side is Side.BUY else BookSide.BID
        for price, shown in product.book.side(opposite).levels():
            part = shown if lots is None else min(shown, lots - taken)
            if budget is not None:
                part = min(part, (budget - notional) // price)
            if not part:
                break
            taken, notional, worst = taken + part, notional + part * price, price
        return Walk(taken, notional, worst)

    def lots_for(self, product: Product, side: Side, funds: Decimal) -> int:
        """Return the lots that money buys now, or that have to be sold for it, fees included."""
        rate = self.taker_rate(product)
        whole = funds.scaleb(product.listing.price_decimals + product.listing.size_decimals)
        budget = int(whole / (1 + rate if side is Side.BUY else 1))
        return self.walk(product, side, budget=budget).lots

    def taker_rate(self, product: Product) -> Decimal:
        """Return the taker's fee as a part of one."""
        return Decimal(self.exchange.fee_rates(product.listing.id)[1]) / RATE_ONE

    def product_of(self, listing: str) -> Product:
        """Return the product of an instrument id."""
        return self.product(self.exchange.listing(listing).pair)


def market_request(product: Product, side: Side, lots: int, client_id: str, funds: str) -> Request:
    """Return an order that takes what it can at once."""
    return Request(
        product.listing.id,
        side,
        Type.MARKET,
        lots,
        tif=Tif.IOC,
        client_id=client_id,
        tag=Note(funds),
    )


def _count_fill(report: Report) -> None:
    if report.execution is Execution.TRADE:
        report.order.tag = note = note_of(report.order)
        note.fills += 1


def _translated(reason: Reason) -> OrderRefusedError:
    refusal = OF_REASON.get(reason)
    if refusal is None:
        raise AssertionError(f"the desk asked for what makes no sense: {reason.name}")
    return OrderRefusedError(refusal)
