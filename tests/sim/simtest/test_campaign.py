"""Many seeds of the whole node under faults, and the file that lets a campaign go on."""

import json

import pytest

from sim.simtest.campaign import ResumeError, campaign, known, row_of
from sim.simtest.course import INPUTS_MIN, course_of
from sim.simtest.faults import FAULTS_MIN
from sim.simtest.summary import summary


@pytest.mark.parametrize("first", range(1, 201, 25))
def test_every_promise_is_kept_under_the_faults_of_twenty_five_seeds(first):
    """200 seeds in all; a failure prints the command that runs its seed again."""
    rows = campaign(range(first, first + 25), 1, None, lambda row: None)
    total = summary(rows)
    assert not total["failures"], json.dumps(total["failures"], indent=1)
    assert total["inputs_least"] >= INPUTS_MIN
    assert all(len(row["crashes"]) >= 1 for row in rows)
    # A fault of single frames may meet none in its time; all were there.
    assert all(len(course_of(row["seed"]).faults) >= FAULTS_MIN for row in rows)


def test_the_same_seed_gives_the_same_run():
    """Whatever else the process did before."""
    assert row_of(7) == row_of(7)


def test_a_campaign_goes_on_where_its_file_ends(tmp_path):
    """Rows that are there are not run again, and a torn last line is."""
    path = tmp_path / "rows.jsonl"
    ran: list[int] = []
    first = campaign(range(1, 3), 1, path, lambda row: ran.append(row["seed"]))
    with path.open("a", encoding="utf-8") as file:
        file.write('{"seed": 3, "inp')
    both = campaign(range(1, 4), 1, path, lambda row: ran.append(row["seed"]))
    assert ran == [1, 2, 3]
    assert both[:2] == first
    assert set(known(path)) == {1, 2, 3}


def test_results_of_another_build_are_refused(tmp_path, monkeypatch):
    """They would say nothing about this one."""
    path = tmp_path / "rows.jsonl"
    campaign(range(1, 2), 1, path, lambda row: None)
    monkeypatch.setattr("sim.simtest.campaign.identity", lambda: "another")
    with pytest.raises(ResumeError, match="another build"):
        campaign(range(1, 2), 1, path, lambda row: None)


def test_a_file_that_is_something_else_is_refused(tmp_path):
    """It is left as it is."""
    path = tmp_path / "notes.txt"
    path.write_text("one\ntwo\n", encoding="utf-8")
    with pytest.raises(ResumeError):
        campaign(range(1, 2), 1, path, lambda row: None)
    assert path.read_text(encoding="utf-8") == "one\ntwo\n"
