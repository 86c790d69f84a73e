"""Buckets that fill steadily."""

from sim.server.coinbase_rate import Buckets, Rate


def test_a_burst_is_allowed_and_then_the_rate():
    buckets = Buckets(Rate(per_s=2.0, burst=3))
    assert [buckets.take("a", 0.0) for _ in range(4)] == [2, 1, 0, -1]
    assert buckets.take("a", 0.5) == 0
    assert buckets.take("a", 0.5) == -1
    assert buckets.take("a", 100.0) == 2


def test_callers_do_not_share_a_bucket():
    buckets = Buckets(Rate(per_s=1.0, burst=1))
    assert [buckets.take(name, 0.0) for name in "aba"] == [0, 0, -1]


def test_only_so_many_callers_are_remembered():
    buckets = Buckets(Rate(per_s=1.0, burst=1))
    for number in range(1025):
        buckets.take(str(number), 0.0)
    assert buckets.take("1024", 0.0) == -1
    assert buckets.take("0", 0.0) == 0


def test_a_slow_rate_takes_its_time():
    assert Buckets(Rate(per_s=0.4, burst=1)).reset_s() == 3
