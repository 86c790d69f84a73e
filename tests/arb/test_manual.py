"""Orders by hand: words to orders, past risk, in the worlds that are meant, and in the digest."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

import checkpoint
from arb import manual
from arb.command import CommandError, check
from arb.manual import ManualError, parse
from arb.orders.order import Purpose
from market.effects import EffectKind
from market.inputs import InputKind
from market.order import Side, Tif
from tests.recorded_world import feed
from tests.trading_world import trading_node

BOOK = "BTC-USDT.BINANCE"
INPUTS = 600


def traded():
    """Return a node that has traded for some seconds."""
    node = trading_node(orders_per_second=0, volume_permille=0)
    for one in feed(7, 3)[:INPUTS]:
        node.handle(*one)
    return node


#: One for all examples of a property.
shared = cache(traded)


@pytest.fixture
def node():
    return traded()


def tell(node, name, argument, after_ns=0):
    """Return what each world told of a command, by its name."""
    done = node.handle(node.now + after_ns, InputKind.COMMAND, "user", argument.encode(), name)
    return {
        one.target: one.fields
        for one in done
        if one.kind is EffectKind.TRADING and one.subject == manual.EVENT
    }


def bid(node):
    slot = node.slot_of(BOOK)
    return node.instruments[slot].price.format(node.l1.read(slot, node.now).bid_price)


def place(node, **words):
    given = {"instrument": BOOK, "side": "buy", "size": "0.01", "price": bid(node)} | words
    return tell(node, "place", " ".join(f"{key}={value}" for key, value in given.items()))


def go_on(node, seconds=1):
    end = node.now + seconds * 1_000_000_000
    for one in feed(7, 3)[INPUTS:]:
        if node.now < one.ts_recv <= end:
            node.handle(*one)


def test_an_order_belongs_to_the_strategy_manual_in_each_world(node):
    told = place(node, post_only="1")
    assert set(told) == set(node.desk.worlds)
    for name, (what, number, reason) in told.items():
        order = node.desk.worlds[name].trader.store.open[number]
        assert (what, reason) == ("place", "ok")
        assert (order.strategy, order.purpose) == ("manual", Purpose.MANUAL)
        assert (order.side, order.tif, order.post_only) == (Side.BUY, Tif.GTC, True)


def test_an_order_for_one_world_reaches_no_other(node):
    assert set(place(node, world="optimistic")) == {"optimistic"}
    assert place(node, world="nowhere") == {}


def test_what_it_is_filled_is_a_position_of_its_own(node):
    ask = str(int(bid(node).partition(".")[0]) + 50)
    place(node, tif="ioc", price=ask)
    go_on(node)
    slot = node.slot_of(BOOK)
    for world in node.desk.worlds.values():
        assert world.trader.portfolio.positions[slot, "manual"].base > 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"instrument": "NO-SUCH.BINANCE"}, "not_traded"),
        ({"size": "0.000000001"}, "off_lot"),
        ({"size": "0"}, "off_lot"),
        ({"price": "0.001"}, "off_tick"),
        ({"price": "9" * 30}, "off_tick"),
        ({"size": "9" * 30}, "off_lot"),
        ({"size": "0.00001"}, "below_minimum"),
        ({"price": "99999999", "side": "buy"}, "price_collar"),
        ({"size": "5000"}, "notional_max"),
    ],
)
def test_risk_refuses_an_order_by_hand_as_any_other(node, words, reason):
    told = place(node, **words)
    assert {fields[2] for fields in told.values()} == {reason}
    assert {fields[1] for fields in told.values()} == {0}


def test_in_a_halt_nothing_is_sent_by_hand_either(node):
    node.handle(node.now, InputKind.COMMAND, "user", b"", "halt")
    assert {fields[2] for fields in place(node).values()} == {"halted"}


def test_an_order_that_is_too_much_of_the_volume_waits_for_approval():
    node = trading_node(orders_per_second=0, volume_permille=1)
    for one in feed(7, 3)[:INPUTS]:
        node.handle(*one)
    what, ticket, reason = place(node, world="optimistic", size="0.05")["optimistic"]
    assert (what, reason) == ("place", "held")
    assert node.desk.worlds["optimistic"].trader.risk.held[ticket].strategy == "manual"


def test_an_order_is_amended_and_cancelled_in_its_world_only(node):
    low = int(bid(node).partition(".")[0]) - 200
    number = place(node, price=str(low))["optimistic"][1]
    go_on(node)
    price = str(low - 1)
    change = f"order={number} size=0.02 price={price} world=optimistic"
    assert tell(node, "amend", change) == {"optimistic": ("amend", number, "ok")}
    go_on(node)
    trader = node.desk.worlds["optimistic"].trader
    order = trader.store.open[number]
    assert trader.market.instruments[order.slot].price.format(order.price) == price
    cancel = f"order={number} world=optimistic"
    assert tell(node, "cancel", cancel) == {"optimistic": ("cancel", number, "ok")}
    go_on(node)
    assert number not in trader.store.open
    assert tell(node, "cancel", cancel)["optimistic"][2] == "unknown_order"
    assert tell(node, "amend", change)["optimistic"][2] == "unknown_order"


def test_an_amendment_that_cannot_be_says_why(node):
    number = place(node, world="optimistic", price="60000")["optimistic"][1]
    words = f"order={number} world=optimistic"

    def amended(size, price):
        told = tell(node, "amend", f"{words} size={size} price={price}")
        return told["optimistic"][2]

    # Nobody has said yet that it arrived.
    assert amended("0.02", "60001") == "not_now"
    go_on(node)
    assert amended("0.000000001", "60001") == "off_lot"
    assert amended("0.02", "60001.0001") == "off_tick"
    assert amended("0", "60001") == "filled_already"
    assert amended("0.02", "99999999") == "price_collar"
    trader = node.desk.worlds["optimistic"].trader
    other = next(one for one in trader.store.open.values() if one.purpose is not Purpose.MANUAL)
    told = tell(node, "amend", f"order={other.id} size=1 price=1 world=optimistic")
    assert told["optimistic"][2] == "not_by_hand"


def test_no_more_orders_are_placed_than_a_world_holds(monkeypatch):
    node = trading_node(orders_per_second=0, volume_permille=0, open_orders_max=0)
    for one in feed(7, 3)[:INPUTS]:
        node.handle(*one)
    held = len(node.desk.worlds["optimistic"].trader.store.open)
    monkeypatch.setattr(manual, "OPEN_MAX", held)
    assert place(node, world="optimistic")["optimistic"][2] == "open_orders"


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("place", "", "key=value"),
        ("place", "side=buy", "instrument is missing"),
        ("place", f"instrument={BOOK} side=up size=1 price=1", "buy or sell"),
        ("place", f"instrument={BOOK} side=buy size=-1 price=1", "size: "),
        ("place", f"instrument={BOOK} side=buy size=1 price=1e3", "price: "),
        ("place", f"instrument={BOOK} side=buy size=1 price=1 tif=gtd", "gtc or ioc or fok"),
        ("place", f"instrument={BOOK} side=buy size=1 price=1 post_only=yes", "0 or 1"),
        ("place", f"instrument={BOOK} side=buy size=1 price=1 colour=red", "'colour'"),
        ("place", f"instrument={BOOK} side=buy side=buy size=1 price=1", "each key once"),
        ("amend", "order=x size=1 price=1 world=optimistic", "a number"),
        ("amend", "order=1 size=1 price=1", "world is missing"),
        ("cancel", "order=1", "world is missing"),
        ("cancel", "order=" + "9" * 30 + " world=optimistic", "a number"),
    ],
)
def test_words_that_make_no_order_are_refused_by_name(name, words, said):
    with pytest.raises(ManualError, match=said.replace("(", "\\(")):
        parse(name, words)
    with pytest.raises(CommandError):
        check(name, words)


KEYS = st.sampled_from(
    ["instrument", "side", "size", "price", "tif", "post_only", "world", "order"]
)
VALUES = st.one_of(
    st.sampled_from(
        [BOOK, "buy", "sell", "0.01", "60000", "ioc", "1", "optimistic", "99999999999"]
    ),
    st.text(max_size=12),
)
WORDS = st.dictionaries(KEYS, VALUES, max_size=8).map(
    lambda found: " ".join(f"{key}={value}" for key, value in found.items())
)


@given(st.sampled_from(manual.MANUAL), st.one_of(WORDS, st.text(max_size=80)))
def test_whatever_is_asked_by_hand_stops_no_node(name, words):
    node = shared()
    node.handle(node.now, InputKind.COMMAND, "user", words.encode("utf-8", "replace"), name)
    for world in node.desk.worlds.values():
        assert not world.trader.violations


def test_orders_by_hand_replay_to_the_same_digest_also_from_a_checkpoint():
    def run(restart):
        node = traded()
        place(node)
        number = place(node, tif="ioc", side="sell", price="50000")["optimistic"][1]
        if restart:
            node = checkpoint.load(checkpoint.dump(node))
        tell(node, "cancel", f"order={number - 1} world=optimistic", after_ns=5)
        go_on(node)
        return int(node.digest), checkpoint.state_hash(node)

    assert run(restart=False) == run(restart=True)
