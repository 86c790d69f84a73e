"""The ledger counts, bounds and values opportunities; shares weigh time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb import ledger as ledger_module
from arb import outcomes as outcomes_module
from arb.ledger import OUTCOME_DELAYS_MS, Ledger, Rule
from arb.share import Share
from market.effects import EffectKind
from market.fees import Fees, FeeSchedule
from node import NodeConfig
from tests.node_world import DEPTH_URL, World, depth_reply, diff

MS = 1_000_000


def test_totals_go_on_where_kept_entries_end(monkeypatch):
    monkeypatch.setattr(ledger_module, "ENTRIES_MAX", 3)
    ledger = Ledger()
    for number in range(10):
        entry = ledger.enter("a>b", Rule.FEES, number, 1, number, number, "")
        ledger.close(entry, number + 5)
    assert len(ledger.closed) == 3
    total = ledger.totals["a>b", Rule.FEES]
    assert (total.count, total.open_ns, total.best_profit, total.best_net) == (10, 50, 9, 9)


def test_the_best_net_of_losses_is_the_smallest_loss():
    ledger = Ledger()
    for net in (-9, -3, -7):
        ledger.close(ledger.enter("a>b", Rule.FEES, 0, 1, 0, net, ""), 1)
    assert ledger.totals["a>b", Rule.FEES].best_net == -3


def test_an_outcome_that_could_not_be_valued_is_no_zero():
    ledger = Ledger()
    entry = ledger.enter("a>b", Rule.FEES, 0, 1, 0, 0, "")
    ledger.value(entry, 50, None)
    ledger.value(entry, 200, -7)
    assert entry.outcomes == {50: None, 200: -7}
    assert ledger.totals["a>b", Rule.FEES].outcomes == {200: [1, -7]}


def test_the_numbers_of_rules_never_change():
    assert {rule.value: rule.label for rule in Rule} == {
        1: "fees",
        2: "margin",
        3: "conversion",
        4: "grade",
        5: "stale",
        6: "minimum",
        7: "observe only",
        8: "late",
    }


# --- outcomes through the node -------------------------------------------------------------------


def crossing() -> World:
    """Return a world in which Binance bids 110 for two and Binance.US offers at 100."""
    free = Fees(0, 0)
    fees = FeeSchedule({"binance": free, "binance-us": free})
    world = World(NodeConfig(discover=True, fees=fees))
    for venue, bid, ask in (("binance", "110", "112"), ("binance-us", "99", "100")):
        world.open(f"{venue}.ws.1")
        world.frame(f"{venue}.ws.1", diff("BTCUSDT", 1, 2))
        body = depth_reply(2, [(bid, "2")], [(ask, "2")])
        world.reply(venue, DEPTH_URL.format("BTCUSDT"), body)
    return world


def outcomes(world: World) -> list[tuple[int, str]]:
    return [(effect.fields[1], effect.subject) for effect in world.of(EffectKind.OUTCOME)]


def test_an_opportunity_is_valued_after_50_200_and_1000_ms_at_the_books_of_that_time():
    world = crossing()
    (opened,) = world.of(EffectKind.OPPORTUNITY)
    assert (opened.subject, opened.fields[2]) == ("observe only", "20")
    world.tick(50 * MS)
    assert outcomes(world) == [(50, "20")]
    world.frame("binance.ws.1", diff("BTCUSDT", 3, 3, [("110", "0"), ("104", "2")]))
    world.tick(149 * MS)
    assert outcomes(world) == [(50, "20")]
    world.tick(MS)
    assert outcomes(world) == [(50, "20"), (200, "8")]
    world.frame("binance.ws.1", diff("BTCUSDT", 4, 4, [("104", "0"), ("95", "2")]))
    world.tick(800 * MS)
    assert outcomes(world) == [(50, "20"), (200, "8"), (1000, "-10")]
    assert OUTCOME_DELAYS_MS == (50, 200, 1000)


def test_an_outcome_fires_at_its_own_time_before_a_later_input_changes_the_book():
    world = crossing()
    late = diff("BTCUSDT", 3, 3, [("110", "0"), ("95", "2")])
    world.frame("binance.ws.1", late, wait=60 * MS)
    assert outcomes(world) == [(50, "20")]


def test_a_book_that_is_gone_by_then_gives_an_unknown_outcome():
    world = crossing()
    world.close("binance-us.ws.1")
    world.tick(50 * MS)
    assert outcomes(world) == [(50, "unknown")]


def test_depth_that_no_longer_holds_the_size_gives_an_unknown_outcome():
    world = crossing()
    world.frame("binance.ws.1", diff("BTCUSDT", 3, 3, [("110", "1")]))
    world.tick(50 * MS)
    assert outcomes(world) == [(50, "unknown")]


def test_beyond_the_bound_entries_are_kept_but_not_valued(monkeypatch):
    monkeypatch.setattr(outcomes_module, "AWAITING_MAX", 1)
    world = crossing()
    for number in range(4):
        gone = [("110", "0" if number % 2 == 0 else "2")]
        world.frame("binance.ws.1", diff("BTCUSDT", 3 + number, 3 + number, gone))
    assert world.node.ledger.opened == 3
    assert world.node.outcomes.unvalued == 2
    world.tick(2000 * MS)
    assert len(outcomes(world)) == 3


def test_the_end_of_a_run_closes_what_is_open():
    world = crossing()
    world.tick(5 * MS)
    world.node.finish()
    assert world.node.ledger.open == {}
    (entry,) = world.node.ledger.closed
    assert entry.closed_ns - entry.opened_ns == 5 * MS


# --- shares --------------------------------------------------------------------------------------


def test_what_could_never_be_told_has_no_share():
    share = Share()
    share.set(False, False, 10)
    assert share.share(100) is None


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 50)), max_size=30))
def test_a_share_weighs_the_time_in_which_the_condition_was_known(steps):
    share, now, on_ns, known_ns = Share(), 1000, 0, 0
    for known, on, lasted in steps:
        share.set(known, on, now)
        now += lasted
        known_ns += lasted if known else 0
        on_ns += lasted if known and on else 0
    expected = on_ns / known_ns if known_ns else None
    assert share.share(now) == pytest.approx(expected) if expected is not None else True
    assert (share.on_ns, share.known_ns) == (on_ns, known_ns)


def test_looking_twice_counts_time_once():
    share = Share()
    share.set(True, True, 0)
    assert share.share(10) == 1.0
    share.set(True, False, 10)
    assert share.share(20) == share.share(20) == 0.5
