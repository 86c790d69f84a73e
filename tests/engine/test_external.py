"""Mirrored liquidity: lots ahead, prints, decreases and what our own takers took."""

import pytest

from engine.code import Kind, QueueModel
from engine.core import Engine
from engine.naive import NaiveEngine
from engine.record import read_events
from engine.rules import BookRules

BUY, SELL = 0, 1


@pytest.fixture(params=[NaiveEngine, Engine])
def make(request):
    def build(**rules):
        engine = request.param()
        engine.add_instrument(BookRules(**rules))
        return engine

    return build


def trades(engine):
    """Return (maker, taker, price, lots) of the pending trades."""
    return [
        (event.id, event.other, event.price, event.qty)
        for event in read_events(engine.drain())
        if event.kind == Kind.TRADE
    ]


def ahead(engine):
    """Return the lots ahead of each open order."""
    return {row[0]: row[14] for row in engine.open_orders()}


def test_an_order_joins_behind_what_is_shown(make):
    engine = make()
    engine.external_set(0, BUY, 100, 7)
    engine.new(0, 1, 1, BUY, 100, 5)
    engine.external_set(0, BUY, 100, 20)
    engine.new(0, 2, 1, BUY, 100, 5)
    assert ahead(engine) == {1: 7, 2: 20}


def test_a_print_uses_up_the_lots_ahead_before_it_fills_ours(make):
    engine = make()
    engine.external_set(0, BUY, 100, 7)
    engine.new(0, 1, 1, BUY, 100, 5)
    engine.external_print(0, BUY, 100, 6)
    assert trades(engine) == []
    assert ahead(engine) == {1: 1}
    engine.external_print(0, BUY, 100, 4)
    assert trades(engine) == [(1, 0, 100, 3)]


def test_a_print_through_our_price_fills_ours_first_at_our_price(make):
    engine = make()
    engine.new(0, 1, 1, BUY, 101, 5)
    engine.new(0, 2, 1, BUY, 100, 5)
    engine.external_print(0, BUY, 100, 8)
    assert trades(engine) == [(1, 0, 101, 5), (2, 0, 100, 3)]
    assert engine.state(0) == (0, 100)


def test_a_print_reaches_stops(make):
    engine = make()
    engine.new(0, 1, 1, BUY, 90, 5)
    engine.new(0, 2, 2, SELL, 0, 2, 2, 0, 0, 0, 0, 95)
    engine.external_print(0, SELL, 95, 1)
    assert trades(engine) == [(1, 2, 90, 2)]


def test_a_decrease_that_a_print_explained_moves_nothing_again(make):
    engine = make(queue_model=QueueModel.OPTIMISTIC)
    engine.external_set(0, BUY, 100, 10)
    engine.new(0, 1, 1, BUY, 100, 5)
    engine.external_print(0, BUY, 100, 4)
    assert ahead(engine) == {1: 6}
    engine.external_set(0, BUY, 100, 6)
    assert ahead(engine) == {1: 6}
    engine.external_set(0, BUY, 100, 5)
    assert ahead(engine) == {1: 5}


@pytest.mark.parametrize(
    ("model", "left"),
    [(QueueModel.PESSIMISTIC, 10), (QueueModel.PROPORTIONAL, 7), (QueueModel.OPTIMISTIC, 4)],
)
def test_a_decrease_moves_the_queue_by_the_model(make, model, left):
    """Ten of twenty lots stand ahead when six of the twenty go."""
    engine = make(queue_model=model)
    engine.external_set(0, BUY, 100, 10)
    engine.new(0, 1, 1, BUY, 100, 5)
    engine.external_set(0, BUY, 100, 20)
    engine.external_set(0, BUY, 100, 14)
    assert ahead(engine) == {1: left}


def test_no_order_keeps_more_ahead_than_is_left(make):
    engine = make(queue_model=QueueModel.PESSIMISTIC)
    engine.external_set(0, BUY, 100, 10)
    engine.new(0, 1, 1, BUY, 100, 5)
    engine.external_set(0, BUY, 100, 3)
    assert ahead(engine) == {1: 3}
    engine.external_set(0, BUY, 100, 0)
    assert ahead(engine) == {1: 0}


def test_what_we_take_stays_taken_until_the_outside_shrinks_or_is_cleared(make):
    engine = make()
    engine.external_set(0, SELL, 100, 10)
    engine.new(0, 1, 1, BUY, 100, 8, 0, 1)
    assert trades(engine) == [(0, 1, 100, 8)]
    engine.external_set(0, SELL, 100, 10)
    engine.new(0, 2, 1, BUY, 100, 8, 0, 1)
    assert trades(engine) == [(0, 2, 100, 2)]
    engine.external_set(0, SELL, 100, 7)
    engine.new(0, 3, 1, BUY, 100, 8, 0, 1)
    assert trades(engine) == []
    engine.external_clear(0, SELL, 100)
    engine.new(0, 4, 1, BUY, 100, 8, 0, 1)
    assert trades(engine) == [(0, 4, 100, 7)]


def test_a_print_first_passes_over_what_we_had_taken(make):
    engine = make()
    engine.external_set(0, SELL, 100, 10)
    engine.new(0, 1, 1, BUY, 100, 4, 0, 1)
    engine.new(0, 2, 2, SELL, 100, 5)
    assert ahead(engine) == {2: 6}
    engine.external_print(0, SELL, 100, 4)
    assert ahead(engine) == {2: 6}
    engine.external_print(0, SELL, 100, 4)
    assert ahead(engine) == {2: 2}


def test_a_taker_meets_outside_and_ours_in_queue_order(make):
    engine = make()
    engine.external_set(0, SELL, 100, 3)
    engine.new(0, 1, 1, SELL, 100, 2)
    engine.external_set(0, SELL, 100, 8)
    engine.drain()
    engine.new(0, 2, 2, BUY, 100, 9, 0, 1)
    assert trades(engine) == [(0, 2, 100, 3), (1, 2, 100, 2), (0, 2, 100, 4)]


def test_in_pro_rata_the_outside_is_the_last_participant(make):
    engine = make(allocation=1)
    engine.external_set(0, SELL, 100, 6)
    engine.new(0, 1, 1, SELL, 100, 3)
    engine.drain()
    engine.new(0, 2, 2, BUY, 100, 4, 0, 1)
    assert trades(engine) == [(1, 2, 100, 2), (0, 2, 100, 2)]


def test_outside_lots_alone_never_trade_and_have_no_depth(make):
    engine = make()
    engine.new(0, 1, 1, BUY, 100, 5)
    engine.external_set(0, SELL, 99, 5)
    assert trades(engine) == []
    assert engine.depth(0, SELL, 10) == []
    assert engine.new(0, 2, 1, BUY, 99, 1, 0, 0, 0, 1) == 1
