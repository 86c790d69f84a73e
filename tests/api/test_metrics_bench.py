"""The benchmark of metrics prints what it promises; its figures are for people to judge."""

from types import SimpleNamespace

from bench import metrics


def test_it_compares_with_and_without_a_probe_on_the_same_frames(monkeypatch):
    monkeypatch.setattr(metrics, "SECONDS", 2)
    # The heap of all the tests before this one is not the benchmark's to look through.
    monkeypatch.setattr(metrics, "gc", SimpleNamespace(collect=lambda: 0))
    result = metrics.run_metrics([], rounds=2)
    assert set(result["ns_per_frame"]) == {"none", "none again", "every 17", "every frame"}
    assert set(result["added_ns_per_frame"]) == {"none again", "every 17", "every frame"}
    assert result["frames"] > 100
    assert result["answer"]["samples"] > 300
    told = metrics.text(result)
    assert "every 17" in told
    assert "/metrics" in told
