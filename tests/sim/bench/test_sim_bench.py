"""The benchmark of the simulated market measures what it says, on a small load."""

from bench.sim_market import measure


def test_the_same_orders_are_sent_whatever_is_made_of_the_events():
    figures = measure(4, 50.0, rounds=1)
    plain, binance, both = (figures[name] for name in ("market", "market_binance", "market_both"))
    assert plain["orders_per_second"] == both["orders_per_second"] > 100
    assert plain["frames_per_second"] == 0
    assert 0 < binance["frames_per_second"] < both["frames_per_second"]
    assert plain["cpu_share"] > 0
