"""The line that shows how far long work has come."""

import io
import os
import pty
import subprocess
import sys
import threading

import pytest

from cli.progress import FilesRead, Progress, Reading, line


class Terminal(io.StringIO):
    """A stream that says it is a terminal, and tells when something was drawn."""

    def __init__(self):
        super().__init__()
        self.drawn = threading.Event()

    def isatty(self):
        return True

    def flush(self):
        self.drawn.set()


@pytest.mark.parametrize(
    ("reading", "elapsed", "expected"),
    [
        (Reading(0, 200, "no seed"), 0.0, "[............................]   0%  no seed  0:00"),
        (
            Reading(50, 200, "50 seeds"),
            30.0,
            "[#######.....................]  25%  50 seeds  0:30, 1:30 left",
        ),
        (Reading(200, 200, "all"), 90.0, "[############################] 100%  all  1:30"),
        (Reading(300, 200, "more"), 3700.0, f"[{'#' * 28}] 100%  more  1:01:40"),
        (Reading(7, 0, "7 inputs"), 2.0, "7 inputs  0:02"),
    ],
)
def test_a_reading_is_a_bar_a_share_and_the_time_that_is_left(reading, elapsed, expected):
    assert line(reading, elapsed) == expected


def test_on_a_terminal_a_line_is_drawn_and_erased():
    terminal = Terminal()
    with Progress(lambda: Reading(1, 2, "half"), stream=terminal):
        assert terminal.drawn.wait(30)
    shown = terminal.getvalue()
    assert " 50%  half" in shown
    assert shown.endswith("\r\x1b[K")
    assert "\n" not in shown


@pytest.mark.parametrize("options", [{"stream": io.StringIO()}, {"quiet": True}])
def test_elsewhere_nothing_is_looked_at_or_drawn(options):
    stream = options.get("stream") or Terminal()

    def look():
        raise AssertionError

    with Progress(look, **{"stream": stream, **options}):
        pass
    assert stream.getvalue() == ""


def test_a_failure_of_the_work_passes_and_the_line_is_erased():
    terminal = Terminal()
    with pytest.raises(ZeroDivisionError), Progress(lambda: Reading(1, 2, ""), stream=terminal):
        _ = 1 / 0
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_bytes_read_follow_the_open_files_and_stay_when_they_are_closed(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"x" * 100)
    second.write_bytes(b"y" * 50)
    files = FilesRead([first, second])
    assert (files.total, files.done()) == (150, 0)
    with first.open("rb", buffering=0) as opened:
        opened.read(40)
        assert files.done() == 40
    assert files.done() == 100
    with second.open("rb", buffering=0) as opened:
        opened.read(10)
        assert files.done() == 110


def test_a_replay_shows_its_progress_on_a_terminal_only(tmp_path):
    demo = [sys.executable, "-m", "cli.main", "sim", "--write", str(tmp_path), "--for", "30"]
    subprocess.run(demo, check=True, capture_output=True)
    words = ["replay", "--source", f"binance={tmp_path / 'BINANCE.jsonl.zst'}", "--json"]
    command = [sys.executable, "-c", _SLOWLY, *words]
    plain = subprocess.run(command, check=True, capture_output=True)
    assert plain.stderr == b""
    ours, theirs = pty.openpty()
    shown = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    drawn = os.read(ours, 65_536)
    os.close(ours)
    assert b" inputs  0:0" in drawn
    assert drawn.endswith(b"\r\x1b[K")
    assert shown.stdout.startswith(b"{")


#: So short a recording is over before the first look: here a look comes at once.
_SLOWLY = """
import sys
from cli import progress
progress._EVERY_S = 0.02
from cli.main import main
sys.exit(main(sys.argv[1:]))
"""
