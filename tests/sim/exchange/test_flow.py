"""What holds of an exchange after any orders, and the tape against its plain twin."""

from collections import Counter
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.code import Op, State
from engine.core import Engine
from engine.record import Command
from engine.rules import BookRules
from sim.exchange.news import LINES_MAX
from sim.exchange.order import Refused
from sim.exchange.plain_tape import PlainTape
from sim.exchange.tape import Tape
from sim.market.event import LevelChange, Print
from sim.market.event import Side as BookSide
from tests.effort import examples

from .venue import BTC, DOGE, START, Side, Stp, Tif, Type, request, venue

NAMES = (BTC.id, DOGE.id)
PLACES = st.fixed_dictionaries(
    {
        "side": st.sampled_from(["buy", "sell"]),
        "qty": st.integers(1, 30),
        "price": st.integers(95, 105),
        "listing": st.sampled_from(NAMES),
        "tif": st.sampled_from([Tif.GTC, Tif.GTC, Tif.IOC, Tif.FOK]),
        "stp": st.sampled_from(Stp),
    }
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("place"), st.integers(0, 2), PLACES),
        st.tuples(st.just("stop"), st.integers(0, 2), PLACES),
        st.tuples(st.just("cancel"), st.integers(0, 2), st.integers(0, 40)),
        st.tuples(st.just("replace"), st.integers(0, 2), st.integers(0, 40)),
        st.tuples(st.just("state"), st.sampled_from(NAMES), st.sampled_from(State)),
        st.tuples(st.just("advance"), st.integers(0, 5), st.none()),
    ),
    max_size=60,
)


def run(exchange, accounts, steps):
    """Do the steps; returns every order that was accepted."""
    orders = []
    for kind, who, what in steps:
        try:
            if kind == "place":
                orders.append(exchange.place(accounts[who], request(**what)))
            elif kind == "stop":
                plain = {"type": Type.STOP_LIMIT, "stop_price": what["price"], "tif": Tif.GTC}
                orders.append(exchange.place(accounts[who], request(**{**what, **plain})))
            elif kind == "state":
                exchange.set_state(who, what)
            elif kind == "advance":
                exchange.advance(exchange.now_ns + who)
            elif orders:
                order = orders[what % len(orders)]
                if kind == "cancel":
                    exchange.cancel(order.account, order.id)
                else:
                    exchange.replace(order.account, order.id, 95 + what % 11, 1 + what % 7)
        except Refused:
            pass
    return orders


@settings(max_examples=examples(0.8))
@given(steps=STEPS)
def test_what_is_public_and_what_is_private_agree(steps):
    """Events rebuild the engine's book; ids have no gap; fills and balances add up."""
    exchange = venue(first_ids={BTC.id: (10, 20)})
    balances = {"BTC": "0.01", "DOGE": "200", "USDT": "1"}
    accounts = [exchange.open_account(name, balances) for name in "abc"]
    reports = []
    for account in accounts:
        exchange.watch(account, lambda report: reports.append(report.id))
    orders = run(exchange, accounts, steps)

    books = {name: ({}, {}) for name in NAMES}
    ids = {BTC.id: [10, 20], DOGE.id: [0, 0]}
    lots, touch = Counter(), dict.fromkeys(NAMES)
    for event in exchange.take_events():
        ids[event.listing][isinstance(event, Print)] += 1
        if isinstance(event, Print):
            assert event.trade_id == ids[event.listing][1]
            lots[event.listing] += event.lots
            continue
        assert isinstance(event, LevelChange)
        assert event.update_id == ids[event.listing][0]
        side = books[event.listing][event.side]
        side[event.price] = event.lots
        if not event.lots:
            del side[event.price]
        touch[event.listing] = event.touch or touch[event.listing]
    for name in NAMES:
        book = exchange.book(name)
        assert (book.update_id, exchange.last_trade_id(name)) == tuple(ids[name])
        for side in BookSide:
            levels = sorted(books[name][side].items(), reverse=side is BookSide.BID)
            assert book.side(side).levels() == levels
            shown = Counter()
            for price, size, _ in book.orders(side):
                shown[price] += size
            assert shown == dict(levels)
        if book.touch is not None:
            assert touch[name] == book.touch

    assert reports == sorted(reports)
    fills = [fill for account in accounts for fill in exchange.fills(account, limit=10**6)]
    for name in NAMES:
        assert sum(fill.lots for fill in fills if fill.listing == name) == 2 * lots[name]
    for order in orders:
        own = [fill for fill in fills if fill.order_id == order.id]
        assert order.filled == sum(fill.lots for fill in own) <= order.qty
        assert order.notional == sum(fill.lots * fill.price for fill in own)
        assert order.fee == sum(fill.fee for fill in own)
        assert order.open == exchange.engine.is_open(order.id)
    check_money(exchange, accounts, fills, balances)


def check_money(exchange, accounts, fills, balances):
    """Each account holds its deposits, what it traded and its fees, to the last unit."""
    listings = {listing.id: listing for listing in exchange.listings}
    for account in accounts:
        expected = {asset: Decimal(amount) for asset, amount in balances.items()}
        for fill in fills:
            if fill.account != account:
                continue
            listing = listings[fill.listing]
            base = Decimal(fill.lots).scaleb(-listing.size_decimals)
            quote = Decimal(fill.price).scaleb(-listing.price_decimals) * base
            sign = 1 if fill.side is Side.BUY else -1
            expected[listing.base] += sign * base
            expected[listing.quote] -= sign * quote + exchange.fee_amount(listing.id, fill.fee)
        held = exchange.balances(account)
        for asset, amount in expected.items():
            assert held[asset].free + held[asset].locked == amount
            assert held[asset].free >= 0
            assert held[asset].locked >= 0


COMMANDS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(1, 40),
        st.integers(1, 2),
        st.integers(0, 1),
        st.integers(10, 20),
        st.integers(1, 9),
        st.sampled_from(["new", "new", "new", "cancel", "replace", "state", "read", "advance"]),
    ),
    max_size=60,
)


@settings(max_examples=examples(0.8))
@given(commands=COMMANDS)
def test_the_tape_and_its_plain_twin_say_the_same(commands):
    tapes, engines = [], []
    for kind in (Tape, PlainTape):
        engine = Engine()
        engine.add_instrument(BookRules())
        engine.add_instrument(BookRules(allocation=1))
        engine.advance(START)
        engines.append(engine)
        tapes.append(kind(engine, NAMES, [5, 6], [7, 8]))
    for instrument, order_id, account, side, price, qty, kind in commands:
        for engine, tape in zip(engines, tapes, strict=True):
            if kind == "new":
                tif = qty % 2 * 4  # half of them until a time
                until = START + price if tif else 0
                engine.new(
                    instrument, order_id, account, side, price, qty, 0, tif, 0, 0, 0, 0, until
                )
            elif kind == "cancel":
                engine.cancel(order_id)
            elif kind == "replace":
                engine.replace(order_id, price, qty)
            elif kind == "state":
                engine.set_state(instrument, qty % 4)
            elif kind == "advance":
                engine.advance(START + price)
            else:
                tape.read()
    for tape in tapes:
        tape.read()
    compiled, plain = tapes
    assert compiled.pending == plain.pending
    assert compiled.take() == plain.take()
    assert compiled.take_news() == plain.take_news()
    assert compiled.pending == plain.pending == 0
    for listing in (0, 1):
        assert compiled.update_id(listing) == plain.update_id(listing)
        assert compiled.trade_id(listing) == plain.trade_id(listing)
    assert [compiled.tracked_id() for _ in range(3)] == [plain.tracked_id() for _ in range(3)]


def test_public_events_that_nobody_takes_are_dropped_at_the_limit_and_counted():
    engine = Engine()
    engine.add_instrument(BookRules())
    tape = Tape(engine, [BTC.id], [0], [0])
    both = [
        Command(op=Op.NEW, account=1, id=2, price=10, qty=1, tif=Tif.GTC),
        Command(op=Op.CANCEL, id=2),
    ]
    batch = b"".join(command.pack() for command in both) * 2048
    rounds = LINES_MAX // 4096
    for _ in range(rounds - 1):
        engine.batch(batch)
        tape.read()
    assert (tape.pending, tape.dropped) == (LINES_MAX - 4096, 0)
    engine.batch(batch)
    tape.read()
    assert (tape.pending, tape.dropped) == (0, LINES_MAX)
    assert tape.update_id(0) == LINES_MAX
