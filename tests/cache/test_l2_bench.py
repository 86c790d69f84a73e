"""The benchmark's own checks work: it counts what it says, and would see a torn value."""

import pytest

from bench.quotes import NAMES, Tally, expected, main, run_quotes
from cache.l2_quote import Miss, Quote, Reason


def test_a_short_run_gives_every_figure_and_no_torn_value(tmp_path):
    figures = run_quotes(l1_read=lambda: None, reads=2_000, directory=str(tmp_path))
    assert figures["l2_reads"] == 2_000
    assert (figures["l2_torn"], figures["l2_plain_torn"]) == (0, 0)
    assert figures["l1_read_ns"] > 0
    assert figures["l2_writer_updates_per_s"] > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("field", range(2, 15))
def test_a_value_mixed_from_two_updates_is_counted_as_torn(field):
    tally = Tally()
    old, new = expected(NAMES[0], 1000), expected(NAMES[0], 2000)
    tally.count(NAMES[0], Quote._make(old))
    assert tally.torn == 0
    tally.count(NAMES[0], Quote._make((*old[:field], new[field], *old[field + 1 :])))
    assert tally.torn == 1


def test_misses_are_counted_by_reason():
    tally = Tally()
    tally.count(NAMES[0], Miss(Reason.BUSY, NAMES[0], ""))
    assert (tally.reads, tally.torn, tally.misses[Reason.BUSY]) == (1, 0, 1)


def test_too_few_reads_are_wrong_usage(capsys):
    with pytest.raises(SystemExit) as error:
        main(["--reads", "9"])
    assert error.value.code == 2
    assert "expected 10 or more" in capsys.readouterr().err
