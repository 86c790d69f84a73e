"""Whatever is lost on the way to a venue and back, in the end both sides say the same."""

from hypothesis import given, settings
from hypothesis import strategies as st

import checkpoint
from arb.live import RESTARTED
from arb.orders.order import Purpose
from arb.risk.reason import Cause
from market.amount import amount_of
from market.inputs import NO_ANSWER, NOT_SENT, InputKind
from market.order import Side, Tif
from tests.effort import examples
from tests.live_world import MS, PREFIX, SECOND, LiveRun

METHODS = ("order.place", "order.cancel", "order.status", "myTrades", "openOrders.status")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.sampled_from(Side), st.integers(1, 3)),
        st.tuples(st.just("rest"), st.sampled_from(Side), st.integers(1, 3)),
        st.tuples(st.just("cross"), st.integers(0, 1), st.integers(1, 4)),
        st.tuples(st.just("unheard"), st.integers(0, 1), st.integers(1, 4)),
        st.tuples(st.just("deaf"), st.booleans()),
        st.tuples(st.just("lose"), st.sets(st.sampled_from(METHODS))),
        st.tuples(st.just("unsent"), st.sampled_from([NOT_SENT, NO_ANSWER])),
        st.tuples(st.just("cancel")),
        st.tuples(st.just("cut")),
        st.tuples(st.just("restart")),
        st.tuples(st.just("wait"), st.integers(1, 40)),
    ),
    min_size=6,
    max_size=25,
)
LOTS = 20_000


class Story:
    """A run in which things go wrong, step by step."""

    def __init__(self):
        self.run = LiveRun().begin()
        self.steps = {
            "take": lambda side, size: self._send(side, size, Tif.IOC),
            "rest": lambda side, size: self._send(side, size, Tif.GTC),
            "cross": self._cross,
            "unheard": self._unheard,
            "deaf": lambda deaf: setattr(self.run.venue, "deaf", deaf),
            "lose": self._lose,
            "unsent": self._unsent,
            "cancel": lambda: self._command("cancel-all"),
            "cut": self._cut,
            "restart": self._restart,
            "wait": lambda quarters: self.run.wait(quarters * SECOND // 4),
        }
        for side in Side:
            self._send(side, 2, Tif.GTC)

    def _send(self, side, size, tif):
        price = 0
        if tif is Tif.GTC:
            price = 5_000_000 if side is Side.BUY else 7_000_000
        self.run.send(side, price, size * LOTS, Purpose.FLATTEN, tif)
        self.run.settle()

    def _cross(self, which, quarters):
        resting = self.run.venue._open({})
        if which < len(resting):
            order = resting[which]
            left = round((float(order["origQty"]) - float(order["executedQty"])) * 10**5)
            lots = max(1, left * quarters // 4)
            self.run.venue.cross(order["clientOrderId"], f"{lots}e-5")
            self.run.settle()

    def _unheard(self, which, quarters):
        before, self.run.venue.deaf = self.run.venue.deaf, True
        self._cross(which, quarters)
        self.run.venue.deaf = before

    def _lose(self, methods):
        self.run.venue.lost = lambda request: request.method in methods

    def _unsent(self, number):
        """The door says of the newest request that it never left, or that nobody knows."""
        venue = self.run.venue
        before, venue.lost = venue.lost, lambda request: True
        order = self.run.send(Side.BUY, 0, LOTS, Purpose.FLATTEN)
        venue.lost = before
        if order is not None:
            self.run.report(b"why", f"place{order.id}", number, "binance.orders")

    def _command(self, name):
        self.run.tell(self.run.node.now + MS, InputKind.COMMAND, "user", b"", name)
        self.run.settle()

    def _cut(self):
        self.run.venue.frames.clear()
        self.run.close()
        self.run.wait(SECOND // 2)
        self.run.open()

    def _restart(self):
        """The process is killed: what is on its way is gone, the node is what was recorded."""
        run = self.run
        run.venue.frames.clear()
        run.node = checkpoint.load(checkpoint.dump(run.node))
        source = f"binance.orders#{run.opens}"
        run.tell(run.node.now, InputKind.CLOSE, source, note=RESTARTED)
        run.tell(run.node.now + 3 * SECOND, InputKind.COMMAND, "user", b"cqnew", "run")
        run.opens = 0
        run.open()

    def heal(self):
        """Nothing is lost any more, and time passes."""
        self.run.venue.deaf = False
        self.run.venue.lost = lambda request: False
        self._cut()
        self.run.wait(30 * SECOND)


@settings(max_examples=examples(0.4))
@given(STEPS)
def test_in_the_end_orders_and_balances_are_as_the_venue_says(steps):
    story = Story()
    for name, *arguments in steps:
        story.steps[name](*arguments)
    story.heal()
    run = story.run
    theirs = {one["clientOrderId"]: one["executedQty"] for one in run.venue._open({})}
    ours = {f"{PREFIX}-{one.id}": one for one in run.trader.store.open.values()}
    assert ours.keys() == theirs.keys()
    for client_id, order in ours.items():
        assert order.filled == round(float(theirs[client_id]) * 10**5)
    for asset, amount in run.venue.balances.items():
        assert run.trader.portfolio.balance("binance", asset) == amount_of(f"{amount:f}")
    assert run.check.differences == {}
    assert Cause.RECONCILIATION not in run.trader.switch.causes
    assert run.trader.store.totals.overfills == 0
    assert run.channel.ready
    story._command("cancel-all")
    run.wait(2 * SECOND)
    assert run.trader.store.open == {}
    assert run.venue._open({}) == []
