"""What the stream sends of markets is spelled byte for byte as the API's rows are."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.market_text import MarketText
from api.plain_market_text import PlainMarketText
from books.grade import Grade
from market.grid import Grid
from tests.trading_world import trading_node

from .node_host import NodeHost


@pytest.fixture(scope="module")
def host():
    return NodeHost(trading_node()).go_on(300)


def same(node, now, levels):
    """Compare every text of a node with its plain twin's; returns the quotes."""
    ours, plain = MarketText(node), PlainMarketText(node)
    quotes = []
    for slot in range(len(node.books)):
        quotes.append(ours.quote(slot, now))
        assert quotes[-1] == plain.quote(slot, now)
        assert ours.depth(slot, levels, now) == plain.depth(slot, levels, now)
        prints = node.tape.since(0, slot, levels)
        assert ours.trades(prints, levels) == plain.trades(prints, levels)
    return [orjson.loads(one) for one in quotes]


def test_a_node_is_spelled_alike_while_its_market_moves(host):
    seen = set()
    for step in range(40):
        quotes = same(host.node, host.node.now, step)
        seen.update(one["state"] for one in quotes)
        host.go_on(25)
    assert seen == {"live"}
    # Long after the last frame every quote is silent.
    quotes = same(host.node, host.node.now + 10**12, 5)
    assert all("silent" in one["grade"] for one in quotes)


def test_a_thing_has_moved_once_and_is_then_as_it_was():
    host = NodeHost(trading_node()).go_on(300)
    node = host.node
    ours, plain = MarketText(node), PlainMarketText(node)
    seen = set()
    for step in range(60):
        for slot in range(len(node.books)):
            for name in ("quote_moved", "depth_moved"):
                found = [getattr(one, name)(slot, node.now) for one in (ours, plain)]
                assert found[0] == found[1]
                assert not getattr(ours, name)(slot, node.now)
                seen.add((name, found[0]))
        host.go_on(step % 4)
    assert len(seen) == 4
    # Nothing came, but now it is silent.
    assert ours.quote_moved(0, node.now + 10**12)
    assert ours.depth_moved(0, node.now + 10**12)


def test_a_book_that_is_not_live_has_no_numbers():
    node = NodeHost(trading_node()).go_on(300).node
    for book in node.books:
        if book.live:
            book.disconnect("gone")
            node.l1.put(book)
    quotes = same(node, node.now, 10)
    assert all(one["bid"] is None for one in quotes)
    assert all(not one["usable"] for one in quotes)


def test_names_and_grids_are_read_anew_when_an_instrument_changed(host):
    node = host.node
    text = MarketText(node)
    before = text.quote(0, node.now)
    text.quote_moved(0, node.now)
    old = node.instruments[0]
    node.instruments[0] = old.with_grids(Grid(old.price.decimals + 2), old.size)
    try:
        assert text.quote(0, node.now) == PlainMarketText(node).quote(0, node.now) != before
        assert text.quote_moved(0, node.now)
    finally:
        node.instruments[0] = old


@given(
    st.lists(
        st.tuples(
            st.integers(1, 2**62),
            st.just(0),
            st.integers(0, 10**9),
            st.integers(0, 10**9),
            st.integers(-(2**63), 2**63 - 1),
            st.integers(0, 2**63 - 1),
            st.booleans(),
        ),
        max_size=30,
    ),
    st.integers(-(2**63), 2**63 - 1),
)
def test_any_numbers_are_spelled_as_orjson_does(host, prints, left_out):
    node = host.node
    ours, plain = MarketText(node), PlainMarketText(node)
    assert ours.trades(prints, left_out) == plain.trades(prints, left_out)


def test_a_slot_that_is_not_there_is_refused(host):
    text = MarketText(host.node)
    for slot in (-1, len(host.node.books)):
        for spell in (
            lambda slot=slot: text.quote(slot, 0),
            lambda slot=slot: text.depth(slot, 1, 0),
            lambda slot=slot: text.trades([(1, slot, 1, 1, 1, 1, True)], 0),
        ):
            with pytest.raises(IndexError):
                spell()


def test_more_text_than_is_ever_sent_is_refused(host):
    row = (2**62, 0, 10**9, 10**9, 2**62, 2**62, True)
    with pytest.raises(OverflowError, match="longer than any"):
        MarketText(host.node).trades([row] * 20_000, 0)
    with pytest.raises(ValueError, match="levels are 0 to 1000"):
        MarketText(host.node).depth(0, 1_001, 0)


def test_every_grade_has_its_words(host):
    node, plain = host.node, PlainMarketText(host.node)
    text = MarketText(node)
    slot = next(i for i, book in enumerate(node.books) if book.live)
    kept = node.l1.dump()
    for bit in Grade:
        state = node.l1.dump()
        state["rows"][slot][7] = int(bit)
        node.l1.load(state)
        assert text.quote(slot, node.now) == plain.quote(slot, node.now)
    node.l1.load(kept)
