"""What must hold of any state, computed from the naive twin."""

from collections import defaultdict

from engine.code import Side, State, Type


def check_invariants(engine):
    check_books(engine)
    check_money(engine)


def check_books(engine):
    for book in engine.books:
        bids, asks = ([lv for lv in book.levels(side) if lv.orders] for side in Side)
        if book.state == State.OPEN and bids and asks:
            assert bids[0].price < asks[0].price, "an open book is not crossed"
        for level in bids + asks:
            for order in level.orders:
                assert 0 < order.visible <= order.open
                assert not order.peak or order.visible <= order.peak
                assert 0 <= order.ahead <= level.external
            ahead = [order.ahead for order in level.orders]
            assert ahead == sorted(ahead), "who stands behind has no fewer lots ahead"
            assert level.taken >= 0
            assert level.printed >= 0
            assert level.external >= 0
        for order in book.stops.values():
            assert order.waiting
            assert book.state != State.OPEN or not engine.stop_holds(book, order)
    assert not engine.reached


def check_money(engine):
    reserved = defaultdict(int)
    for order in engine.orders.values():
        rules = engine.books[order.instrument].rules
        price = order.stop_price if order.type == Type.STOP else order.price
        asset, amount = engine.ledger.need(rules, order, price, order.open)
        reserved[order.account, asset] += amount
    held = {key: value for key, value in engine.ledger.reserved.items() if value}
    assert held == {key: value for key, value in reserved.items() if value}


def sum_of(engine, asset):
    """All balances of an asset, the outside's included."""
    return sum(total for (_, of), total in engine.ledger.total.items() if of == asset)
