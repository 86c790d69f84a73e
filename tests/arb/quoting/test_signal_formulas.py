"""Each signal equals a plain computation over the same small stream."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.quoting.signals import Signals

S = 1_000_000_000
LIFE = 2.0
touches = st.tuples(st.integers(90, 100), st.integers(1, 50), st.integers(1, 9), st.integers(1, 50))
streams = st.lists(st.tuples(touches, st.integers(0, 3 * S)), min_size=1, max_size=12)


def heard(stream) -> tuple[Signals, list[tuple[int, tuple[int, int, int, int]]]]:
    """Return the signals after a stream and what was told when."""
    signals, now, told = Signals(LIFE), S, []
    for (bid, bid_lots, spread, ask_lots), pause in stream:
        now += pause
        touch = (bid, bid_lots, bid + spread, ask_lots)
        signals.on_touch(touch, now)
        told.append((now, touch))
    return signals, told


def vpin_of(bucket: float, buckets: int):
    vpin = Signals(LIFE, bucket).vpin
    vpin.buckets = buckets
    return vpin


def weight(at: int, now: int, life: float = LIFE) -> float:
    return 0.5 ** ((now - at) / S / life)


@given(streams)
def test_imbalance_and_microprice_are_of_the_last_touch(stream):
    signals, told = heard(stream)
    bid, bid_lots, ask, ask_lots = told[-1][1]
    assert signals.mid == (bid + ask) / 2
    assert signals.imbalance == (bid_lots - ask_lots) / (bid_lots + ask_lots)
    expected = bid + (ask - bid) * bid_lots / (bid_lots + ask_lots)
    assert signals.microprice == pytest.approx(expected)


@given(streams, st.integers(1, 5 * S))
def test_volatility_is_the_decayed_mean_square_of_mid_changes(stream, pause):
    signals, told = heard(stream)
    now = told[-1][0] + pause
    squares = sum(
        ((new[0] + new[2] - old[0] - old[2]) / 2) ** 2 * weight(at, now)
        for (_, old), (at, new) in itertools.pairwise(told)
    )
    elapsed = (now - told[0][0]) / S
    spread_over = (1 - 0.5 ** (elapsed / LIFE)) * LIFE / math.log(2)
    assert signals.volatility(now) == pytest.approx(math.sqrt(squares / spread_over))


def test_volatility_is_zero_before_time_passes_and_while_nothing_moves():
    signals, _ = heard([((100, 1, 2, 1), 0)])
    assert signals.volatility(S) == 0.0
    assert signals.volatility(9 * S) == 0.0


@given(streams, st.integers(0, 5 * S))
def test_order_flow_sums_what_joined_and_left_the_touch(stream, pause):
    """Bids count up, asks down; a better price counts its whole size, a worse one the old size."""
    signals, told = heard(stream)
    now = told[-1][0] + pause
    total = 0.0
    for (_, old), (at, new) in itertools.pairwise(told):
        if new[0] > old[0]:
            bid = new[1]
        elif new[0] == old[0]:
            bid = new[1] - old[1]
        else:
            bid = -old[1]
        if new[2] < old[2]:
            ask = new[3]
        elif new[2] == old[2]:
            ask = new[3] - old[3]
        else:
            ask = -old[3]
        total += (bid - ask) * weight(at, now, 1.0)
    assert signals.order_flow(now) == pytest.approx(total, abs=1e-9)


def test_intensity_is_the_rate_of_a_side_and_the_inverse_mean_reach():
    signals, _ = heard([((100, 5, 2, 5), 0)])
    reaches = [(103, True, 2.0), (98, False, 3.0), (101, True, 0.5), (101, False, 0.5)]
    for at, (price, buyer, _) in enumerate(reaches):
        assert signals.intensity(S + at * S) is None
        signals.on_trade(price, 1, S + at * S, buyer=buyer)
    now = S + 4 * S
    weights = [weight(S + at * S, now) for at in range(4)]
    assert sum(weights) < 3.0
    assert signals.intensity(now) is None, "too few to say anything"
    for _ in range(4):
        signals.on_trade(103, 1, now, buyer=True)
    weights += [1.0] * 4
    reach = [one for *_, one in reaches] + [2.0] * 4
    spread_over = (1 - 0.5 ** (4 / LIFE)) * LIFE / math.log(2)
    rate, k = signals.intensity(now)
    assert rate == pytest.approx(sum(weights) / spread_over / 2)
    mean = sum(a * b for a, b in zip(weights, reach, strict=True)) / sum(weights)
    assert k == pytest.approx(1 / mean)


def test_vpin_is_the_mean_imbalance_of_full_buckets():
    vpin = vpin_of(10.0, 2)
    vpin.add(6.0, buyer=True)
    assert vpin.value is None
    vpin.add(7.0, buyer=False)
    assert vpin.value == pytest.approx(0.2), "6 bought, 4 sold"
    vpin.add(27.0, buyer=False)
    assert vpin.value == 1.0, "the last two buckets were sold whole"


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=30), st.integers(1, 12))
def test_vpin_equals_the_split_into_buckets_lot_by_lot(trades, bucket):
    vpin = vpin_of(float(bucket), 5)
    signs = [1 if buyer else -1 for lots, buyer in trades for _ in range(lots)]
    for lots, buyer in trades:
        vpin.add(float(lots), buyer=buyer)
    full = [signs[at : at + bucket] for at in range(0, len(signs) - bucket + 1, bucket)][-5:]
    if not full:
        assert vpin.value is None
    elif max((lots for lots, _ in trades), default=0) <= bucket * 6:
        expected = sum(abs(sum(one)) / bucket for one in full) / len(full)
        assert vpin.value == pytest.approx(expected)


def test_time_never_runs_back():
    signals, _ = heard([((100, 5, 2, 5), 0), ((100, 9, 2, 5), 2 * S)])
    later = signals.order_flow(9 * S)
    assert later == pytest.approx(4 * weight(3 * S, 9 * S, 1.0))
    assert signals.order_flow(5 * S) == later


@given(streams, st.integers(1, 10), st.integers(1, 10))
def test_finer_grids_change_the_units_and_nothing_else(stream, price, size):
    signals, told = heard(stream)
    other, _ = heard(stream)
    now = told[-1][0] + S
    for one in (signals, other):
        for _ in range(5):
            one.on_trade(told[-1][1][2] + 3, 2, now, buyer=True)
    other.rescale(price, size)
    assert other.microprice == pytest.approx(signals.microprice * price)
    assert other.imbalance == pytest.approx(signals.imbalance)
    assert other.volatility(now) == pytest.approx(signals.volatility(now) * price)
    assert other.order_flow(now) == pytest.approx(signals.order_flow(now) * size)
    mine, theirs = signals.intensity(now), other.intensity(now)
    assert theirs[0] == pytest.approx(mine[0])
    assert theirs[1] == pytest.approx(mine[1] / price)
