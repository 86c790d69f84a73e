"""Generated events, for properties: two instruments, books that live and are lost."""

from hypothesis import strategies as st

from replay.convert.event import Event, EventKind

START = 1_700_000_000_000_000_000
MARKETS = (("binance", "BTCUSDT"), ("coinbase-exchange", "BTC-USD"))

prices = (
    st.integers(1, 40)
    .map(lambda ticks: f"{100 + ticks // 4}.{ticks % 4 * 25:02d}")
    .map(lambda text: text.rstrip("0").rstrip("."))
)
sizes = st.sampled_from(["0.001", "1", "2.5", "30", "0.00000001"])
levels = st.dictionaries(prices, sizes, max_size=5).map(lambda one: tuple(one.items()))
changes = st.dictionaries(prices, sizes | st.just("0"), max_size=5).map(
    lambda one: tuple(one.items())
)


@st.composite
def streams(draw, markets=MARKETS, kinds=tuple(EventKind), *, whole_us=False):
    """Return events in order of time; `whole_us`: at times of their own, in whole µs."""
    unit = 1000 if whole_us else 1
    now, live, events = START, set(), []
    for _ in range(draw(st.integers(0, 25))):
        market = draw(st.sampled_from(markets))
        now += unit * draw(st.integers(int(whole_us), 3_000_000))
        ts_event = now - unit * draw(st.integers(1, 5_000))
        kind = draw(st.sampled_from(kinds))
        if kind in (EventKind.UPDATE, EventKind.LOST) and market not in live:
            kind = EventKind.SNAPSHOT
        event = Event(kind, *market, now, ts_event)
        if kind is EventKind.SNAPSHOT:
            live.add(market)
            event = event._replace(bids=draw(levels), asks=draw(levels))
        elif kind is EventKind.UPDATE:
            last = draw(st.integers(0, 2**62))
            ids = {"first": last, "last": last + 3, "prev": draw(st.sampled_from([-1, 7]))}
            event = event._replace(bids=draw(changes), asks=draw(changes), **ids)
        elif kind is EventKind.LOST:
            live.discard(market)
            event = event._replace(ts_event=0, text=draw(st.sampled_from(["gap", "crossed"])))
        elif kind is EventKind.QUOTE:
            sides = [draw(levels)[:1] for _ in range(2)]
            event = event._replace(bids=sides[0], asks=sides[1], last=draw(st.integers(-1, 9)))
        else:
            event = event._replace(
                bids=((draw(prices), draw(sizes)),),
                side=draw(st.sampled_from(["buy", "sell", "unknown"])),
                text=draw(st.sampled_from(["", "17", "a-b"])),
            )
        events.append(event)
    return events
