"""Ctrl-C ends a verb with one line and exit code 130, and leaves nothing half done."""

import importlib
import signal
import subprocess
import sys

import pytest

from cli import trading_verb
from cli.main import INTERRUPTED, main
from node import Node
from replay.convert.tardis_out import TardisWriter
from sim.children import uninterrupted
from sim.recording import write_recording
from sim.simtest.stage import Stage
from tests.api.fake_view import FakeView, serving

from .door_verbs import run_beside


@pytest.fixture(scope="module")
def feed(tmp_path_factory):
    """Two seconds of two simulated venues."""
    folder = tmp_path_factory.mktemp("feed")
    write_recording(folder, 7, 2)
    return folder


class Interrupt:
    """Stands in for a method, and is interrupted when it is called once more than `calls`."""

    def __init__(self, monkeypatch, owner, name, calls=0):
        self.calls = calls
        method = getattr(owner, name)

        def stand_in(*args, **kwargs):
            self.calls -= 1
            if self.calls < 0:
                raise KeyboardInterrupt
            return method(*args, **kwargs)

        monkeypatch.setattr(owner, name, stand_in)


def said(capsys):
    told = capsys.readouterr()
    assert told.out == ""
    return told.err


@pytest.mark.parametrize("verb", ["convert", "engine", "doctor", "bench", "watch", "run", "sim"])
def test_whatever_a_verb_is_doing_it_ends_with_one_line(monkeypatch, capsys, verb):
    words = {"convert": ["x", "--to", "native", "out"], "bench": ["engine"]}
    Interrupt(monkeypatch, importlib.import_module(f"cli.{verb}"), "run")
    assert main([verb, *words.get(verb, [])]) == INTERRUPTED == 130
    assert said(capsys) == f"crossquote {verb}: interrupted\n"


def test_while_a_verb_is_still_being_loaded_it_is_no_different(monkeypatch, capsys):
    Interrupt(monkeypatch, importlib.import_module("cli.replay"), "configure")
    assert main(["replay", "--source", "binance=x"]) == INTERRUPTED
    assert said(capsys) == "crossquote replay: interrupted\n"


def test_an_interrupted_conversion_leaves_nothing_behind(monkeypatch, capsys, feed, tmp_path):
    Interrupt(monkeypatch, TardisWriter, "take", calls=10)
    out = tmp_path / "csv"
    words = ["convert", f"binance={feed / 'BINANCE.jsonl.zst'}", "--to", "tardis", str(out)]
    assert main(words) == INTERRUPTED
    assert said(capsys) == "crossquote convert: interrupted\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["replay", "backtest"])
def test_a_replay_is_interrupted_between_two_inputs(monkeypatch, capsys, feed, verb):
    Interrupt(monkeypatch, Node, "handle", calls=10)
    words = ["--strategy", "glft"] if verb == "backtest" else []
    assert main([verb, "--source", f"binance={feed / 'BINANCE.jsonl.zst'}", *words]) == INTERRUPTED
    assert said(capsys) == f"crossquote {verb}: interrupted\n"


def test_tasks_of_an_interrupted_simulation_are_ended_before_its_loop(monkeypatch, capsys):
    """One that is left complains when it is collected, which is an error here."""
    Interrupt(monkeypatch, Stage, "_look_for_calm", calls=5)
    assert main(["simtest", "--seeds", "2..2"]) == INTERRUPTED
    assert said(capsys) == "crossquote simtest: interrupted\n"


async def test_an_act_that_was_given_is_said_to_stand(monkeypatch, capsys, tmp_path):
    class Slow(FakeView):
        def command(self, name, argument):
            self.commands.append((name, argument))
            return {"accepted": True, "reason": ""}

        def risk(self):
            return {"worlds": {"live": {"state": "ACTIVE", "open_orders": 3}}}

    Interrupt(monkeypatch, trading_verb.time, "sleep")
    async with serving(tmp_path / "s", Slow()) as view:
        with pytest.raises(KeyboardInterrupt, match="the daemon was told all the same"):
            await run_beside("halt", "--socket", tmp_path / "s")
    assert view.commands == [("halt", "")]


def test_what_a_verb_says_of_its_interruption_stands_on_the_same_line(monkeypatch, capsys):
    def run(_args):
        raise KeyboardInterrupt("the daemon was told all the same")

    monkeypatch.setattr(importlib.import_module("cli.halt"), "run", run)
    assert main(["halt"]) == INTERRUPTED
    assert said(capsys) == "crossquote halt: interrupted: the daemon was told all the same\n"


def test_a_process_that_is_started_uninterrupted_does_not_hear_of_ctrl_c():
    before = signal.getsignal(signal.SIGINT)
    code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
    with uninterrupted():
        child = subprocess.Popen([sys.executable, "-S", "-c", code], stdout=subprocess.PIPE)
    assert child.communicate()[0] == b"True\n"
    assert signal.getsignal(signal.SIGINT) is before
