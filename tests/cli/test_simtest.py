"""`crossquote simtest` on the command line."""

import json

import pytest

from cli.main import main
from sim.simtest.course import Result
from sim.simtest.soak import LONG_HOURS, SLOPE_MAX, Sample, Soak, slope


def test_seeds_that_keep_every_promise_end_with_zero(capsys):
    """And say what was done."""
    assert main(["simtest", "--seeds", "1..2"]) == 0
    printed = capsys.readouterr().out
    assert "2 seeds" in printed
    assert "every promise was kept" in printed


def test_the_result_can_be_read_by_programs(capsys):
    """With counts of faults, inputs and crashes."""
    assert main(["simtest", "--seeds", "3..3", "--json"]) == 0
    total = json.loads(capsys.readouterr().out)
    assert total["ok"]
    assert total["seeds"] == 1
    assert total["inputs"] >= 2000
    assert sum(total["faults"].values()) >= 5
    assert total["crashes"] == 2
    assert total["failures"] == []


def test_a_failing_seed_ends_with_one_and_the_command_that_repeats_it(capsys, monkeypatch):
    """Named by the first input after which a promise was broken."""
    monkeypatch.setattr("sim.simtest.bound_checks.TIMERS_MAX", 1)
    seeds = "1..2"
    assert main(["simtest", "--seeds", seeds, "--json"]) == 1
    failure = json.loads(capsys.readouterr().out)["failures"][0]
    seed = failure["seed"]
    assert failure["reproduce"] == f"crossquote simtest --seeds {seed}..{seed}"
    assert main(failure["reproduce"].split()[1:]) == 1
    printed = capsys.readouterr().out
    assert f"seed {seed}: {failure['rule']}: {failure['text']}" in printed
    assert f"after input {failure['number']}," in printed
    assert failure["reproduce"] in printed


@pytest.mark.parametrize("seeds", ["", "a..b", "5..4", "-1..2", "1..99999999", "1.5"])
def test_a_range_that_is_none_is_wrong_usage(seeds, capsys):
    """Exit code 2, with what was expected."""
    with pytest.raises(SystemExit) as ended:
        main(["simtest", f"--seeds={seeds}"])
    assert ended.value.code == 2
    assert "expected" in capsys.readouterr().err


def test_a_file_that_is_something_else_is_refused(tmp_path, capsys):
    """Exit code 2, and it is left as it is."""
    path = tmp_path / "notes.txt"
    path.write_text("one\ntwo\n", encoding="utf-8")
    assert main(["simtest", "--seeds", "1..1", "--resume", str(path)]) == 2
    assert "not a file of results" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "one\ntwo\n"


def test_a_short_soak_says_what_it_held_and_judges_no_slope(capsys, monkeypatch):
    """An hour is the shortest that can be asked for; here it has twenty seconds."""
    monkeypatch.setattr("cli.simtest.HOUR_NS", 20_000_000_000)
    assert main(["simtest", "--soak", "--hours", "1", "--json"]) == 0
    total = json.loads(capsys.readouterr().out)
    assert total["ok"]
    assert not total["long"]
    assert total["inputs"] > 25 * 20
    assert len(total["samples"]) == 4
    assert main(["simtest", "--soak", "--hours", "1"]) == 0
    printed = capsys.readouterr().out
    assert "too short for a slope to be judged" in printed


def test_the_slope_of_a_line_is_its_own():
    """And that of a point is none."""
    assert slope([(hour, 5 + 3 * hour) for hour in range(10)]) == pytest.approx(3)
    assert slope([(1.0, 7)]) == 0


def test_a_leak_fails_a_long_soak_only():
    """Over a short one, filling histories would look the same."""
    for hours, ok in ((1, True), (LONG_HOURS, False)):
        samples = [Sample(hour, 0, 0, 0) for hour in range(hours + 1)]
        assert Soak(Result(1), samples, SLOPE_MAX + 1.0, 0.0).ok is ok
