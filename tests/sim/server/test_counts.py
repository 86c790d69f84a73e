"""The sliding window behind the rules on rates."""

from hypothesis import given
from hypothesis import strategies as st

from sim.server.counts import RateWindow


@given(
    limit=st.integers(1, 5),
    gaps=st.lists(st.integers(0, 8), max_size=40),
)
def test_an_attempt_is_allowed_where_fewer_than_the_limit_came_before_it_in_the_period(limit, gaps):
    window, times, now = RateWindow(limit, 10.0), [], 0
    for gap in gaps:
        now += gap
        recent = [time for time in times if time > now - 10]
        assert window.allow(float(now)) == (len(recent) < limit)
        times.append(now)
