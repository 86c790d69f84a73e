"""The API under load, beside a daemon that follows a feed: clients, answers, memory."""

import pytest
import uvloop

from bench.api import FRAMES_MIN, Load, clients, run_api
from bench.live import Arrivals, venue
from bench.measure import percentile
from bench.recorded import BenchError
from cli.api_bench import follow

RATE = 10_000


def load(tmp_path, frames, rate, count, deaf):
    """Return what came of one run."""
    arrivals = Arrivals(frames, frames // 3)
    with venue(rate, frames) as (pipe, _, ws, rest), clients() as theirs:
        pipe.send(1)
        return uvloop.run(
            follow(ws, rest, tmp_path, arrivals, theirs, Load(count, deaf, asked=True))
        )


def test_clients_get_what_changes_while_the_daemon_follows_every_frame(tmp_path):
    run = load(tmp_path, 1_500, 1_000, 5, 0)
    assert run.messages > 5 * 10
    assert (run.lost, run.dropped) == (0, 0)
    assert run.answers


def test_the_bench_has_every_figure():
    result = run_api(follow, rounds=1, rate=1_000, seconds=0.5, count=3)
    assert result["messages"] > 0
    assert all(result[part]["p99_us"] > 0 for part in ("without", "with", "asked"))
    assert result["asked"]["answer_p99_us"] > 0
    assert result["p99_ratio"] > 0


def test_a_run_of_too_few_frames_is_refused():
    with pytest.raises(BenchError, match=f"{FRAMES_MIN - 1} frames"):
        run_api(follow, rate=FRAMES_MIN - 1, seconds=1.0)


@pytest.mark.slow
def test_at_full_rate_answers_are_quick_deaf_clients_go_and_memory_stays(tmp_path):
    """40 s of 10,000 frames a second with 100 clients, 10 of which never read."""
    run = load(tmp_path, 40 * RATE, RATE, 100, 10)
    assert percentile(run.answers, 0.99) < 5_000_000
    assert run.dropped == 10
    assert run.lost <= 10
    # Each frame's arrival is noted in eight bytes; what is more would be somebody's queue.
    assert run.own_last_mb - run.own_first_mb < 8.0
