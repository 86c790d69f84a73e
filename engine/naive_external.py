"""The naive twin's mirrored liquidity: what a feed says about lots that are not ours."""

from .code import OUTSIDE, Allocation, Kind, QueueModel, Side
from .naive_auction import Auctioneer
from .naive_book import Book, Level, Order
from .naive_match import allocate


class Mirror(Auctioneer):
    """An auctioneer whose levels also follow an outside market."""

    def set_shown(self, book: Book, side: int, price: int, shown: int) -> None:
        """Set what the outside shows at a price; a decrease moves the queue by the model.

        The part of a decrease that prints already explained moves nothing again; the rest first
        uses up what our own orders took.
        """
        level = book.level(side, price)
        drop = max(0, level.shown - shown)
        unexplained = drop - min(drop, level.printed)
        level.printed = 0
        returned = min(level.taken, unexplained)
        level.taken -= returned
        unexplained -= returned
        before = level.external
        level.shown = shown
        if not shown:
            level.taken = 0
        for order in level.orders:
            order.ahead -= self.moved_up(book, order.ahead, unexplained, before)
            order.ahead = min(order.ahead, level.external)
        book.tidy(side, level)

    @staticmethod
    def moved_up(book: Book, ahead: int, lots: int, before: int) -> int:
        """Return how many of `lots` that left a queue of `before` stood ahead of an order."""
        if book.rules.queue_model == QueueModel.OPTIMISTIC:
            return min(ahead, lots)
        if book.rules.queue_model == QueueModel.PROPORTIONAL and before:
            return min(ahead, lots * ahead // before)
        return 0

    def clear_taken(self, book: Book, side: int, price: int) -> None:
        """Forget what our orders took at a price: the outside is believed as it shows itself."""
        level = book.find(side, price)
        if level:
            level.taken = 0

    def print_outside(self, book: Book, side: int, price: int, qty: int) -> None:
        """Fill our resting orders on `side` as a print of `qty` lots at `price` would have."""
        left = qty
        for level in book.levels(side):
            better = level.price > price if side == Side.BUY else level.price < price
            if better:
                left = self.print_level(book, level, left, use_external=False)
            elif level.price == price:
                again = min(level.taken, left)
                level.taken -= again
                level.printed += again
                left = self.print_level(book, level, left - again, use_external=True)
            book.tidy(side, level)
        self.print_trade(book, price)

    def print_level(self, book: Book, level: Level, left: int, *, use_external: bool) -> int:
        """Spend a print's lots at one level; returns those left over."""
        if book.rules.allocation == Allocation.PRO_RATA:
            return self.print_pro_rata(book, level, left, use_external=use_external)
        while left and level.orders:
            head = level.orders[0]
            if use_external and head.ahead:
                left -= self.print_external(level, min(left, head.ahead))
            else:
                left = self.print_order(book, level, head, min(left, head.visible), left)
        if use_external:
            left -= self.print_external(level, min(left, level.external))
        return left

    def print_pro_rata(self, book: Book, level: Level, left: int, *, use_external: bool) -> int:
        """Spend a print's lots at one level in shares."""
        while left and (level.orders or (use_external and level.external)):
            line = list(level.orders)
            sizes = [order.visible for order in line]
            sizes.append(level.external if use_external else 0)
            top = bool(book.rules.top_order and line)
            shares = allocate(sizes, left, top_first=top, least=book.rules.min_share)
            for order, share in zip(line, shares, strict=False):
                if share:
                    left = self.print_order(book, level, order, share, left)
            left -= self.print_external(level, shares[-1])
        return left

    @staticmethod
    def print_external(level: Level, lots: int) -> int:
        """Let a print consume external lots from the front of a level."""
        level.printed += lots
        level.advance_queue(lots)
        return lots

    def print_order(self, book: Book, level: Level, order: Order, qty: int, left: int) -> int:
        """Fill one of our orders from outside; returns the print's lots left."""
        self.execute(order, qty)
        aggressor = 1 - order.side
        self.ledger.settle(book.rules, order.account, OUTSIDE, aggressor, level.price * qty, qty)
        self.emit(
            Kind.TRADE,
            order.instrument,
            id=order.id,
            price=level.price,
            qty=qty,
            remaining=order.open,
            other_remaining=left - qty,
            side=aggressor,
        )
        self.print_trade(book, level.price)
        self.after_fill(level, order)
        return left - qty
