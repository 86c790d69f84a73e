"""The order of REST requests, in given time."""

from connectors.transport.budget import Budget, BudgetParameters
from connectors.transport.limits import spot_weight
from connectors.transport.schedule import Schedule, ScheduleParameters, Verdict

S = 1_000_000_000
DEAR = "/api/v3/depth?symbol=BTCUSDT&limit=5000"
CHEAP = "/api/v3/time"


def schedule(burst=250, in_flight=2, **parameters):
    budget = Budget(BudgetParameters(burst=burst, per_second=50.0))
    return Schedule(ScheduleParameters(**parameters), budget, spot_weight, in_flight), budget


def test_the_first_asked_for_goes_first_and_a_cheap_one_does_not_overtake():
    queue, _ = schedule()
    for path in (DEAR, DEAR + "0", CHEAP):
        assert queue.ask(path, 0) is Verdict.QUEUED
    assert queue.take(0, 0) == DEAR
    assert queue.take(0, 0) is None
    assert queue.wait_ns(0, 0) == 5 * S
    assert queue.waiting == (DEAR + "0", CHEAP)
    assert queue.take(5 * S, 5 * S) == DEAR + "0"


def test_a_path_is_not_asked_for_twice_while_it_waits_or_is_under_way():
    queue, _ = schedule()
    assert queue.ask(CHEAP, 0) is Verdict.QUEUED
    assert queue.ask(CHEAP, 0) is Verdict.JOINED
    assert queue.take(0, 0) == CHEAP
    assert queue.ask(CHEAP, 0) is Verdict.JOINED
    assert queue.take(0, 0) is None
    queue.done(CHEAP)
    assert queue.ask(CHEAP, 0) is Verdict.QUEUED


def test_only_so_many_are_under_way():
    queue, _ = schedule(in_flight=1)
    queue.ask("/a", 0)
    queue.ask("/b", 0)
    assert queue.take(0, 0) == "/a"
    assert queue.wait_ns(0, 0) is None
    assert queue.take(0, 0) is None
    queue.done("/a")
    assert queue.take(0, 0) == "/b"


def test_a_full_queue_refuses():
    queue, _ = schedule(waiting_max=1)
    assert queue.ask("/a", 0) is Verdict.QUEUED
    assert queue.ask("/b", 0) is Verdict.FULL
    assert queue.waiting == ("/a",)


def test_what_waits_too_long_is_taken_out():
    queue, _ = schedule(wait_s_max=10.0)
    queue.ask("/a", 0)
    queue.ask("/b", 5 * S)
    assert queue.expired(10 * S) == []
    assert queue.expired(10 * S + 1) == ["/a"]
    assert queue.waiting == ("/b",)


def test_a_pause_longer_than_the_wait_is_not_waited_for():
    queue, budget = schedule(wait_s_max=10.0)
    queue.ask("/a", 0)
    budget.pause(418, 120.0, 0)
    assert queue.expired(0) == ["/a"]


def test_a_pause_shorter_than_the_wait_is_waited_for():
    queue, budget = schedule(wait_s_max=10.0)
    queue.ask("/a", 0)
    budget.pause(429, 3.0, 0)
    assert queue.expired(0) == []
    assert queue.wait_ns(0, 0) == 3 * S
    assert queue.take(3 * S, 3 * S) == "/a"
