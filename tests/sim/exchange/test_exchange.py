"""One venue's orders, accounts and reports."""

from decimal import Decimal

import pytest

from engine.code import Reason, State
from engine.rules import ASSETS_MAX
from market.fees import Fees
from sim.exchange.account import CLOSED_MAX, Account
from sim.exchange.order import Order, Refused
from sim.market.event import LevelChange, Print, Touch
from sim.market.event import Side as BookSide
from sim.market.listing import Listing

from .venue import BTC, DOGE, START, Side, Stp, Tif, Type, news, request, venue


def account(exchange, name="a", **balances):
    return exchange.open_account(name, balances or None)


def test_an_order_rests_trades_and_ends_with_a_report_of_each_step():
    exchange = venue()
    maker, taker = account(exchange), account(exchange, "b")
    heard, other = news(exchange, maker), news(exchange, taker)
    rests = exchange.place(maker, request("sell", 10, 100, client_id="mine"))
    takes = exchange.place(taker, request("buy", 4, 0))
    exchange.place(taker, request("buy", 6, 101))
    assert (rests.status, rests.filled, rests.notional, rests.remaining) == ("FILLED", 10, 1000, 0)
    assert (takes.status, takes.filled) == ("FILLED", 4)
    assert heard == [
        ("NEW", rests.id, "NEW", 0),
        ("TRADE", rests.id, "PARTIALLY_FILLED", 4),
        ("TRADE", rests.id, "FILLED", 10),
    ]
    assert other[:2] == [("NEW", takes.id, "NEW", 0), ("TRADE", takes.id, "FILLED", 4)]
    assert takes.id > rests.id
    assert exchange.order(maker, rests.id) is rests
    assert exchange.order_by_client_id(maker, None, "mine") is rests
    assert exchange.order_by_client_id(maker, DOGE.id, "mine") is None
    assert exchange.open_orders(maker) == []
    assert exchange.last_price(BTC.id) == 100


def test_public_events_tell_prints_then_changes_and_name_the_touch_where_it_moved():
    exchange = venue(first_ids={BTC.id: (500, 70)})
    trader = account(exchange)
    exchange.place(trader, request("buy", 5, 90))
    low = exchange.place(trader, request("sell", 5, 100))
    exchange.place(trader, request("sell", 5, 101))
    takes = exchange.place(trader, request("buy", 8, 101))
    assert exchange.take_events() == [
        LevelChange(START, BTC.id, 501, BookSide.BID, 90, 5, None),
        LevelChange(START, BTC.id, 502, BookSide.ASK, 100, 5, Touch(90, 5, 100, 5)),
        LevelChange(START, BTC.id, 503, BookSide.ASK, 101, 5, None),
        Print(START, BTC.id, 71, 100, 5, True, low.id, takes.id),
        LevelChange(START, BTC.id, 504, BookSide.ASK, 100, 0, None),
        Print(START, BTC.id, 72, 101, 3, True, low.id + 2, takes.id),
        LevelChange(START, BTC.id, 505, BookSide.ASK, 101, 2, Touch(90, 5, 101, 2)),
    ]
    assert exchange.take_events() == []
    book = exchange.book(BTC.id)
    assert (book.update_id, exchange.last_trade_id(BTC.id)) == (505, 72)
    assert book.touch == Touch(90, 5, 101, 2)
    assert book.orders(BookSide.ASK) == [(101, 2, low.id + 2)]


def test_a_book_with_an_empty_side_has_no_touch():
    exchange = venue()
    assert exchange.book(BTC.id).touch is None
    exchange.place(account(exchange), request("buy", 5, 90))
    assert exchange.book(BTC.id).touch is None
    assert exchange.book(BTC.id).side(BookSide.BID).levels() == [(90, 5)]
    assert len(exchange.book(BTC.id).side(BookSide.ASK)) == 0


def test_balances_and_fees_are_exact():
    """10 lots of 1e-5 BTC at 100 ticks of 0.01: 0.0001 USDT, and a rebate and a fee on it."""
    exchange = venue(Fees(maker_ppb=-100_000_000, taker_ppb=200_000_000))
    maker = account(exchange, BTC="1", USDT="0")
    taker = account(exchange, "b", BTC="0", USDT="5")
    sold = exchange.place(maker, request("sell", 10, 100))
    assert exchange.balances(maker)["BTC"].locked == Decimal("0.0001")
    bought = exchange.place(taker, request("buy", 10, 100))
    assert exchange.fee_amount(BTC.id, bought.fee) == Decimal("0.00002")
    assert exchange.fee_amount(BTC.id, sold.fee) == Decimal("-0.00001")
    free = exchange.balances(taker)
    assert free["USDT"].free == Decimal(5) - Decimal("0.0001") - Decimal("0.00002")
    assert free["BTC"].free == Decimal("0.0001")
    assert exchange.balances(maker)["USDT"].free == Decimal("0.0001") + Decimal("0.00001")


def test_an_account_can_spend_only_what_it_has_even_when_that_is_nothing():
    exchange = venue()
    poor = exchange.open_account("poor", {})
    with pytest.raises(Refused) as refused:
        exchange.place(poor, request("buy"))
    assert refused.value.reason is Reason.INSUFFICIENT_BALANCE
    assert exchange.balances(poor) == {}
    assert exchange.history(poor) == []


@pytest.mark.parametrize(
    ("name", "balances", "error"),
    [
        ("a", None, ValueError),
        ("b", {"USDT": "-1"}, ValueError),
        ("b", {"USDT": "0.000000001"}, ValueError),
        ("b", {"USDT": "1e12"}, ValueError),
        ("b", {"XYZ": "1"}, KeyError),
    ],
)
def test_an_account_that_cannot_be_opened_is_refused(name, balances, error):
    exchange = venue()
    account(exchange)
    with pytest.raises(error):
        exchange.open_account(name, balances)
    assert exchange.open_account("b2", {}) == 2
    assert exchange.account_of("b2") == 2


def test_what_is_not_ones_own_cannot_be_touched():
    exchange = venue()
    mine, other = account(exchange), account(exchange, "b")
    order = exchange.place(mine, request())
    for act in (
        lambda: exchange.cancel(other, order.id),
        lambda: exchange.replace(other, order.id, 99, None),
        lambda: exchange.cancel(mine, order.id + 2),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.reason is Reason.UNKNOWN_ORDER
    assert exchange.order(other, order.id) is None
    with pytest.raises(Refused) as refused:
        exchange.place(9, request())
    assert refused.value.reason is Reason.BAD_ACCOUNT
    with pytest.raises(Refused) as refused:
        exchange.place(mine, request(listing="X-Y.Z"))
    assert refused.value.reason is Reason.BAD_INSTRUMENT


def test_cancel_and_cancel_all_end_orders_and_say_which():
    exchange = venue()
    trader = account(exchange)
    heard = news(exchange, trader)
    first, second = exchange.place(trader, request()), exchange.place(trader, request(price=99))
    far = exchange.place(trader, request(listing=DOGE.id))
    assert exchange.cancel(trader, first.id) is first
    assert first.status == "CANCELED"
    assert heard[-1] == ("CANCELED", first.id, "CANCELED", 0)
    assert exchange.cancel_all(trader, BTC.id) == [second]
    third = exchange.place(trader, request())
    assert exchange.cancel_all(trader, None) == [far, third]
    assert exchange.history(trader) == [first, second, far, third]
    assert exchange.history(trader, BTC.id, limit=2) == [second, third]
    assert exchange.history(trader, limit=0) == exchange.fills(trader, limit=0) == []


def test_replace_changes_price_and_open_quantity_and_may_trade():
    exchange = venue()
    trader, other = account(exchange), account(exchange, "b")
    heard = news(exchange, trader)
    order = exchange.place(trader, request("buy", 10, 90))
    exchange.place(other, request("sell", 4, 90))
    exchange.place(other, request("sell", 3, 95))
    assert exchange.replace(trader, order.id, None, 5) is order
    assert (order.qty, order.price, order.filled) == (9, 90, 4)
    exchange.replace(trader, order.id, 95, 6)
    assert (order.qty, order.price, order.filled) == (10, 95, 7)
    assert [row[0] for row in heard] == ["NEW", "TRADE", "REPLACED", "REPLACED", "TRADE"]
    with pytest.raises(Refused) as refused:
        exchange.replace(trader, order.id, None, 0)
    assert refused.value.reason is Reason.BAD_QTY


def test_a_stop_is_new_but_not_working_until_it_is_triggered():
    exchange = venue()
    trader, other = account(exchange), account(exchange, "b")
    heard = news(exchange, trader)
    stop = exchange.place(
        trader, request("buy", 3, 0, type=Type.STOP, stop_price=100, client_id="s")
    )
    assert (stop.status, stop.working, stop.working_ns) == ("NEW", False, 0)
    exchange.advance(START + 5)
    exchange.place(other, request("sell", 5, 100))
    exchange.place(other, request("buy", 1, 100))
    assert [row[0] for row in heard] == ["NEW", "TRIGGERED", "TRADE"]
    assert (stop.status, stop.working_ns, stop.filled) == ("FILLED", START + 5, 3)


def test_a_stop_that_cannot_be_paid_for_when_reached_is_rejected():
    exchange = venue()
    poor, other = account(exchange, USDT="0.0002"), account(exchange, "b")
    stop = exchange.place(poor, request("buy", 10, 0, type=Type.STOP, stop_price=100))
    exchange.place(other, request("sell", 1, 150))
    exchange.place(other, request("sell", 50, 400))
    exchange.place(other, request("buy", 1, 150))
    assert (stop.status, stop.reason) == ("REJECTED", Reason.INSUFFICIENT_BALANCE)


def test_what_cannot_fill_at_once_expires_for_lack_of_liquidity_and_gtd_by_time():
    exchange = venue()
    trader = account(exchange)
    ioc = exchange.place(trader, request("buy", 5, 100, tif=Tif.IOC))
    fok = exchange.place(trader, request("buy", 5, 100, tif=Tif.FOK))
    gtd = exchange.place(
        trader, request("buy", 5, 100, tif=Tif.GTD, expire_at_ns=START + 10, display=2)
    )
    day = exchange.place(trader, request("buy", 5, 100, tif=Tif.DAY))
    assert exchange.book(BTC.id).orders(BookSide.BID) == [(100, 2, gtd.id), (100, 5, day.id)]
    exchange.advance(START + 10)
    exchange.end_of_day(BTC.id)
    for order in (ioc, fok):
        assert (order.status, order.reason) == ("EXPIRED", Reason.INSUFFICIENT_LIQUIDITY)
    for order in (gtd, day):
        assert (order.status, order.reason) == ("EXPIRED", Reason.OK)
    assert gtd.updated_ns == START + 10


@pytest.mark.parametrize(
    ("mode", "maker", "taker"),
    [
        (Stp.CANCEL_TAKER, ("NEW", 10), ("EXPIRED_IN_MATCH", 4)),
        (Stp.CANCEL_MAKER, ("EXPIRED_IN_MATCH", 10), ("NEW", 4)),
        (Stp.CANCEL_BOTH, ("EXPIRED_IN_MATCH", 10), ("EXPIRED_IN_MATCH", 4)),
        (Stp.DECREMENT, ("NEW", 6), ("EXPIRED_IN_MATCH", 4)),
    ],
)
def test_self_trade_prevention_ends_or_shrinks_without_a_trade(mode, maker, taker):
    exchange = venue()
    trader = account(exchange)
    heard = news(exchange, trader)
    rests = exchange.place(trader, request("sell", 10, 100))
    takes = exchange.place(trader, request("buy", 4, 100, stp=mode))
    assert (rests.status, rests.qty) == maker
    assert (takes.status, takes.qty) == taker
    assert exchange.fills(trader) == []
    assert "TRADE_PREVENTION" in [row[0] for row in heard]


def test_a_halted_listing_takes_nothing_and_reopens_through_an_auction():
    exchange = venue()
    trader, other = account(exchange), account(exchange, "b")
    order = exchange.place(trader, request("buy", 5, 90))
    exchange.set_state(BTC.id, State.HALTED)
    for act in (
        lambda: exchange.place(trader, request()),
        lambda: exchange.cancel(trader, order.id),
        lambda: exchange.cancel_all(trader, BTC.id),
        lambda: exchange.replace(trader, order.id, 91, None),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.reason is Reason.HALTED
    assert exchange.cancel_all(trader, None) == []
    exchange.set_state(BTC.id, State.AUCTION)
    crosses = exchange.place(other, request("sell", 3, 80))
    assert (exchange.state(BTC.id), crosses.filled) == (State.AUCTION, 0)
    exchange.set_state(BTC.id, State.OPEN)
    assert (crosses.status, order.filled) == ("FILLED", 3)
    assert [fill.maker for fill in exchange.fills(trader)] == [True]


def test_both_sides_of_a_trade_have_a_fill_of_the_same_trade_id():
    exchange = venue()
    maker, taker = account(exchange), account(exchange, "b")
    exchange.place(maker, request("sell", 5, 100))
    exchange.place(taker, request("buy", 5, 100))
    (sold,), (bought,) = exchange.fills(maker), exchange.fills(taker)
    assert sold.trade_id == bought.trade_id == exchange.last_trade_id(BTC.id)
    assert (sold.maker, bought.maker) == (True, False)
    assert (sold.side, bought.side) == (Side.SELL, Side.BUY)
    assert exchange.fills(maker, DOGE.id) == []


def test_a_listener_hears_no_more_once_it_has_left_and_may_not_trade():
    exchange = venue()
    trader = account(exchange)
    unwatch = exchange.watch(trader, lambda report: exchange.cancel(trader, report.order.id))
    with pytest.raises(RuntimeError, match="may not trade"):
        exchange.place(trader, request())
    unwatch()
    assert exchange.place(trader, request()).open


def test_closed_orders_beyond_the_limit_are_forgotten_with_their_client_ids():
    def order(number, client_id):
        return Order(
            number, 1, client_id, BTC.id, Side.BUY, Type.LIMIT, Tif.GTC, Stp.NONE, False,
            1, 0, 1, 0, 0, 0, 0,
        )  # fmt: skip

    owner = Account(1, "a", False)
    orders = [
        order(1, "first"),
        order(2, "same"),
        *(order(i, "") for i in range(3, CLOSED_MAX + 3)),
    ]
    newest = order(CLOSED_MAX + 9, "same")
    for one in [*orders, newest]:
        owner.add(one)
    for one in orders:
        owner.close(one)
    assert owner.order(1) is None
    assert owner.by_client_id(None, "first") is None
    assert owner.order(2) is None
    assert owner.by_client_id(BTC.id, "same") is newest
    assert len(owner.closed) == CLOSED_MAX


def test_listings_that_no_venue_could_hold_are_refused():
    """Two of one id, grids of one asset that lie too far apart, more assets than there is room."""
    with pytest.raises(ValueError, match="same id"):
        type(venue())("X", [BTC, BTC], Fees(0, 0), START)
    far = Listing("BINANCE", "PEPE", "USDT", price_decimals=12, size_decimals=2)
    with pytest.raises(ValueError, match="too far apart"):
        type(venue())("X", [DOGE, far], Fees(0, 0), START)
    many = [Listing("BINANCE", f"C{i}", "USDT", 2, 2) for i in range(ASSETS_MAX)]
    with pytest.raises(ValueError, match=f"at most {ASSETS_MAX - 1} assets"):
        type(venue())("X", many, Fees(0, 0), START)
