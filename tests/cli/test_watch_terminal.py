"""`crossquote watch` in a real terminal: it draws, it leaves, and the terminal is as before."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest

from cli.watch_keys import LEAVE, Keys

from .door_verbs import run_verb

ROOT = Path(__file__).parents[2]
RUN = "import sys; from tests.cli.door_verbs import run_verb; sys.exit(run_verb(*sys.argv[1:]))"
DEADLINE_S = 60.0
LEAVE_SCREEN = b"\x1b[?1049l"


class Terminal:
    """A terminal of 80 x 24 in which the verb runs; everything it draws is kept."""

    def __init__(self, socket, **environment):
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.keyboard = theirs
        self.before = termios.tcgetattr(theirs)
        self.drawn = b""
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, "watch", "--socket", str(socket)],
            stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", **environment},
        )  # fmt: skip
        self.watchdog = threading.Timer(DEADLINE_S, self.process.kill)
        self.watchdog.start()

    def until(self, wanted):
        """Read until something was drawn; a verb that never draws it is killed, and fails."""
        while wanted not in self.drawn:
            assert self.process.poll() is None, self.drawn[-500:]
            self.read(0.1)

    def press(self, keys, wanted):
        """Press keys and read until something was drawn."""
        os.write(self.ours, keys)
        self.until(wanted)

    def read(self, seconds):
        if select.select([self.ours], [], [], seconds)[0]:
            self.drawn += os.read(self.ours, 65_536)

    def end(self):
        """Return the exit code, having read the rest."""
        while self.process.poll() is None:
            self.read(0.05)
        self.read(0.0)
        return self.process.returncode

    def close(self):
        self.process.kill()
        self.process.wait()
        self.watchdog.cancel()
        os.close(self.ours)
        os.close(self.keyboard)


@pytest.fixture
def terminal(tmp_path):
    opened = Terminal(tmp_path / "s")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "leave",
    [
        lambda terminal: os.write(terminal.ours, b"q"),
        lambda terminal: terminal.process.send_signal(signal.SIGINT),
        lambda terminal: terminal.process.send_signal(signal.SIGTERM),
    ],
    ids=["q", "interrupt", "terminate"],
)
def test_leaving_restores_the_terminal(terminal, leave):
    terminal.until(b"waiting for the daemon")
    assert not termios.tcgetattr(terminal.keyboard)[3] & termios.ICANON
    leave(terminal)
    assert terminal.end() == 0
    assert LEAVE_SCREEN in terminal.drawn
    assert termios.tcgetattr(terminal.keyboard) == terminal.before
    assert b"Traceback" not in terminal.drawn


def test_a_terminal_that_goes_away_ends_it_with_one(terminal):
    terminal.until(b"waiting for the daemon")
    os.close(terminal.keyboard)
    os.close(terminal.ours)
    terminal.ours, terminal.keyboard = os.pipe()
    assert terminal.process.wait(DEADLINE_S) == 1


def test_without_a_terminal_it_is_wrong_usage_and_says_what_else_there_is(tmp_path, capsys):
    assert run_verb("watch", "--socket", tmp_path / "s") == 2
    assert "crossquote books --json" in capsys.readouterr().err


def test_a_path_that_is_too_long_is_wrong_usage(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run_verb("watch", "--socket", "x" * 108) == 2
    assert "--socket: " in capsys.readouterr().err


def test_a_keyboard_that_hangs_up_is_a_wish_to_leave():
    reader, writer = os.pipe()
    os.close(writer)
    with Keys() as keys, os.fdopen(reader) as hung_up:
        keys._handles.append(hung_up.fileno())
        assert keys.pressed(until=time.monotonic() + DEADLINE_S) == LEAVE


def test_nobody_who_wants_to_leave_is_waited_for_until_the_time_given():
    before = signal.getsignal(signal.SIGTERM)
    with Keys() as keys:
        assert keys.pressed(until=0.0) == ""
        signal.raise_signal(signal.SIGTERM)
        assert keys.pressed(until=0.0) == LEAVE
    assert signal.getsignal(signal.SIGTERM) is before
