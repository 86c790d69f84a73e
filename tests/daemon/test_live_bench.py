"""`crossquote bench live` measures what it says, on a short run."""

import pytest

from bench.live import Arrivals, run_live
from bench.recorded import BenchError
from cli.live_bench import follow

FIGURES = {
    "frames_per_second",
    "latency_p50_us",
    "latency_p99_us",
    "bare_p50_us",
    "bare_p99_us",
    "cpu_us_per_frame",
    "bare_cpu_us_per_frame",
    "rss_mb",
}


def test_each_transport_has_every_figure_evenly_and_in_bursts():
    result = run_live(follow, rounds=1, rate=1000, seconds=0.3, libraries=["websockets"])
    assert result["frames"] == 200
    for part in ("transports", "in_bursts_of_10"):
        assert set(result[part]) == {"websockets"}
        row = result[part]["websockets"]
        assert set(row) >= FIGURES
        assert all(row[name] > 0 for name in FIGURES)


def test_a_run_of_too_few_frames_is_refused():
    with pytest.raises(BenchError, match="99 frames"):
        run_live(follow, rate=99, seconds=1.0)


def test_delays_are_taken_from_the_frames_after_the_first_ones():
    arrivals = Arrivals(total=4, first=2, times=[10_000, 20_000, 31_000, 43_000], cpu_ns=6_000)
    figures = arrivals.figures([0, 0, 30_000, 40_000])
    assert figures["p50_us"] == 3.0
    assert figures["cpu_us_per_frame"] == 3.0
    assert figures["frames_per_second"] == pytest.approx(1 / 12e-6)
