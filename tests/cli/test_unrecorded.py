"""What is said of a recording that could not be begun, and when it is tried again."""

from pathlib import Path

import pytest

from cli.unrecorded import Unrecorded, explained
from replay.segment_errors import Corrupt, DiskFull, UnsupportedVersion, WriterLocked

S = 1_000_000_000


def test_it_is_tried_again_ever_more_rarely_and_at_least_once_a_minute():
    missing, pauses = Unrecorded("why"), []
    for _ in range(9):
        missing.failed("why", 0)
        pauses.append(next(s for s in range(100) if missing.due(s * S)))
        assert not missing.due(pauses[-1] * S - 1)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert missing.tries == 9


def test_the_latest_reason_is_kept():
    missing = Unrecorded("one")
    missing.failed("other", 0)
    assert missing.reason == "other"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (WriterLocked("x has a writer"), "stop the daemon that records there"),
        (DiskFull("no room"), "make room there"),
        (Corrupt(Path("a.seg"), 1, 2, 3, "bad"), "move that recording away"),
        (UnsupportedVersion("9"), "another version wrote it"),
        (NotADirectoryError(20, "Not a directory", "/x"), "a file stands in the way"),
        (PermissionError(13, "Permission denied", "/x"), "that this user may write to"),
    ],
)
def test_each_reason_comes_with_what_to_do_about_it(error, words):
    text = explained(error, "here")
    assert text.startswith("cannot record into here: ")
    assert words in text
