"""The naive twin's money: balances, reservations and fees, exact to the last unit."""

from collections import defaultdict

from .code import OUTSIDE, RATE_ONE, Side, Type
from .naive_book import Order
from .rules import BookRules


def fee(amount: int, rate: int) -> int:
    """Return the fee on an amount of quote units, rounded towards zero."""
    part = amount * abs(rate) // RATE_ONE
    return part if rate >= 0 else -part


class Ledger:
    """Totals and reserved amounts by (account, asset).

    Rounding fees towards zero keeps the sum of the fees of parts at most the fee of the whole, so
    that a reservation always covers the trades made from it.
    """

    def __init__(self) -> None:
        self.total: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.reserved: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.funded: set[int] = set()

    def deposit(self, account: int, asset: int, amount: int) -> None:
        """Credit an account; from then on it can spend only what it has."""
        self.funded.add(account)
        self.total[account, asset] += amount

    def available(self, account: int, asset: int) -> int:
        """Return what an account can still spend."""
        return self.total[account, asset] - self.reserved[account, asset]

    def covers(self, account: int, asset: int, amount: int) -> bool:
        """Whether an account can spend an amount more; without a deposit it always can."""
        return account not in self.funded or self.available(account, asset) >= amount

    @staticmethod
    def buy_cost(rules: BookRules, amount: int) -> int:
        """Return quote units that a purchase for `amount` ticks times lots may take, fee too."""
        units = amount * rules.quote_unit
        return units + fee(units, max(rules.maker_fee, rules.taker_fee, 0))

    def need(self, rules: BookRules, order: Order, price: int, qty: int) -> tuple[int, int]:
        """Return (asset, amount) that an order with this limit and open quantity reserves."""
        if order.side == Side.SELL:
            return rules.base, qty * rules.base_unit
        if order.type == Type.MARKET:
            return rules.quote, 0
        return rules.quote, self.buy_cost(rules, qty * price)

    def hold(self, rules: BookRules, order: Order, sign: int) -> None:
        """Add (sign 1) or take off (sign -1) the reservation of an order as it stands now."""
        price = order.stop_price if order.type == Type.STOP else order.price
        asset, amount = self.need(rules, order, price, order.open)
        self.reserved[order.account, asset] += sign * amount

    def settle(
        self, rules: BookRules, maker: int, taker: int, aggressor: int, amount: int, qty: int
    ) -> None:
        """Move base and quote between the accounts of a trade, and their fees to account 0."""
        buyer, seller = (taker, maker) if aggressor == Side.BUY else (maker, taker)
        units = amount * rules.quote_unit
        self.total[buyer, rules.base] += qty * rules.base_unit
        self.total[seller, rules.base] -= qty * rules.base_unit
        self.total[buyer, rules.quote] -= units
        self.total[seller, rules.quote] += units
        for account, rate in ((maker, rules.maker_fee), (taker, rules.taker_fee)):
            if account != OUTSIDE:
                self.total[account, rules.quote] -= fee(units, rate)
                self.total[OUTSIDE, rules.quote] += fee(units, rate)
