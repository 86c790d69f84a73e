"""The naive twin's single-price auction."""

from collections.abc import Iterable

from .code import Side, State
from .naive_book import Book, Order
from .naive_match import Matcher


def uncross_price(
    bids: Iterable[tuple[int, int]], asks: Iterable[tuple[int, int]], last: int
) -> tuple[int, int]:
    """Return (price, volume) of the uncross of (price, lots) on both sides; (0, 0) for none.

    Most volume, then least surplus, then the end of the range on the side of the surplus, then
    nearest to the last trade, then the lower price. Every tick is a candidate; it is enough to
    try the limits, their neighbours and the last trade, since volume is constant between.
    """
    bids, asks = list(bids), list(asks)
    if not bids or not asks:
        return 0, 0
    low, high = min(price for price, _ in asks), max(price for price, _ in bids)
    if low > high:
        return 0, 0
    limits = [price for price, _ in bids + asks]
    tried = {price + step for price in limits for step in (-1, 0, 1)} | {last}
    scored = []
    for price in sorted(price for price in tried if low <= price <= high):
        demand = sum(lots for limit, lots in bids if limit >= price)
        supply = sum(lots for limit, lots in asks if limit <= price)
        scored.append((min(demand, supply), demand - supply, price))
    volume = max(score[0] for score in scored)
    scored = [score for score in scored if score[0] == volume]
    least = min(abs(score[1]) for score in scored)
    scored = [score for score in scored if abs(score[1]) == least]
    surpluses = [score[1] for score in scored]
    prices = [score[2] for score in scored]
    if min(surpluses) > 0:
        return max(prices), volume
    if max(surpluses) < 0 or not last:
        return min(prices), volume
    return min(prices, key=lambda price: (abs(price - last), price)), volume


class Auctioneer(Matcher):
    """Matching, and what happens when a book becomes open."""

    def uncross(self, instrument: int) -> None:
        """Trade a crossed book at one price, in price then queue order, with full quantities."""
        book = self.books[instrument]
        sides = []
        for side in Side:
            levels = [level for level in book.levels(side) if level.orders]
            sides.append([(lv.price, sum(order.open for order in lv.orders)) for lv in levels])
        price, volume = uncross_price(sides[Side.BUY], sides[Side.SELL], book.last)
        while volume:
            volume -= self.uncross_pair(book, price, volume)

    def uncross_pair(self, book: Book, price: int, volume: int) -> int:
        """Trade the first bid with the first ask; returns the lots."""
        bid, ask = self.front(book, Side.BUY), self.front(book, Side.SELL)
        maker, taker = (bid, ask) if bid.entry < ask.entry else (ask, bid)
        qty = min(bid.open, ask.open, volume)
        self.trade(taker, maker, price, qty, flags=1)
        for order in (maker, taker):
            order.show()
            if order.open:
                self.book_event(order, order.visible)
            else:
                self.end(order)
        return qty

    @staticmethod
    def front(book: Book, side: int) -> Order:
        """Return the first order of a side that has one."""
        return next(level.orders[0] for level in book.levels(side) if level.orders)

    def open_book(self, instrument: int) -> None:
        """Open a book: uncross it, then let the stops in that the last trade reaches."""
        book = self.books[instrument]
        self.set_book_state(instrument, State.OPEN)
        self.uncross(instrument)
        if book.last:
            self.print_trade(book, book.last)
