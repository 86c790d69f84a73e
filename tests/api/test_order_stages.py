"""Orders are measured from check to answer, and rejections counted by a bounded set of names."""

from dataclasses import dataclass

import pytest

from api.order_stages import ORDER_STAGES, REASONS_MAX, OrderStages
from arb.orders.order import End, OwnOrder, Purpose
from arb.orders.store import Fill
from arb.risk.reason import RiskReason
from arb.risk.ticket import Ticket
from market.order import Side, Tif, Type


@dataclass
class Listed:
    venue: str


class Hands:
    """A clock that stands where it is put; `stamp` is what the other clock says."""

    def __init__(self):
        self.ns = 1_000
        self.stamp = 0

    def __call__(self):
        return self.ns


@pytest.fixture
def clock():
    return Hands()


@pytest.fixture
def stages(clock):
    return OrderStages([Listed("binance"), Listed("coinbase")], lambda: clock.stamp, clock)


def order(number=1, slot=0, created_ns=0):
    return OwnOrder(
        number, slot, Side.BUY, Type.LIMIT, Tif.GTC, 100, 5, Purpose.QUOTE, "maker", created_ns
    )


def seen(stages, venue):
    rows = dict(zip(ORDER_STAGES, stages.venues[venue], strict=True))
    return {name: (row.count, row.sum) for name, row in rows.items() if row.count}


def test_checks_sending_and_acknowledgement_are_timed_at_the_orders_venue(stages, clock):
    ticket = Ticket(1, Side.BUY, 100, 5, Purpose.QUOTE, "maker")
    stages.intended("w", ticket)
    clock.ns += 30
    stages.checked("w", ticket, RiskReason.OK)
    clock.stamp = 5_700
    stages.placed("w", order(slot=1, created_ns=5_000))
    clock.ns += 2_000
    stages.arrived("w", order(slot=1))
    assert seen(stages, "coinbase") == {
        "risk": (1, 30),
        "sent": (1, 700),
        "acknowledged": (1, 2_000),
    }
    assert stages.waiting == 0


@pytest.mark.parametrize("answer", ["arrived", "filled", "ended"])
def test_the_first_answer_of_any_kind_acknowledges(stages, clock, answer):
    """What comes after it, such as the answer to a replace, is not measured again."""
    one = order()
    stages.placed("w", one)
    clock.ns += 500
    said = Fill(one, 100, 5, 0, "USDT", True, 0, "1") if answer == "filled" else one
    getattr(stages, answer)("w", said)
    clock.ns += 500
    stages.arrived("w", one)
    assert seen(stages, "binance")["acknowledged"] == (1, 500)


def test_orders_of_two_worlds_with_one_number_are_two(stages, clock):
    stages.placed("a", order())
    clock.ns += 100
    stages.placed("b", order())
    assert stages.waiting == 2
    stages.arrived("a", order())
    assert stages.waiting == 1


def test_rejections_are_counted_by_name_and_any_text_makes_few_of_them(stages):
    """Names are words of what a venue said; beyond a bound they are `other`."""
    for number in range(REASONS_MAX + 10):
        one = order(number)
        one.end, one.reason = End.REJECTED, f"Filter failure: {number}"
        stages.ended("w", one)
    assert stages.rejects["w", "filter_failure_0"] == 1
    assert stages.rejects["w", "other"] == 10
    assert len(stages.rejects) == REASONS_MAX + 1


@pytest.mark.parametrize(
    ("text", "name"),
    [("", "unnamed"), ('a"\n{b}', "a_b"), ("x" * 1_000, "x" * 40), ("ü", "unnamed")],
)
def test_a_rejections_name_is_plain(stages, text, name):
    one = order()
    one.end, one.reason = End.REJECTED, text
    stages.ended("w", one)
    assert list(stages.rejects) == [("w", name)]


def test_other_ends_are_no_rejections(stages):
    one = order()
    one.end = End.CANCELED
    stages.ended("w", one)
    assert stages.rejects == {}
