"""The verbs that ask something of trading: what they send, what they wait for, what they say."""

import json

import pytest

from arb.schedule.request import ACTS
from cli import schedule
from cli.live import LiveView
from cli.settings.load import build
from cli.settings.yaml_file import read_text
from daemon import Daemon, Options
from tests.api.fake_view import FakeView, serving

from .door_verbs import run_beside, run_verb


class Trading(FakeView):
    """A view whose worlds do as they are told after some looks."""

    def __init__(self, looks=2):
        super().__init__()
        self.looks = looks
        self.name = ""

    def command(self, name, argument):
        self.commands.append((name, argument))
        self.name = name
        return {"accepted": True, "reason": ""}

    def risk(self):
        self.looks -= bool(self.name)
        halted = self.name in ("halt", "flatten") and self.looks < 0
        causes = {"user": {"state": "HALT", "detail": "test"}}
        row = {
            "state": "HALT" if halted else "ACTIVE",
            "open_orders": 0 if halted else 3,
            "causes": {} if self.name == "resume" and self.looks < 0 else causes,
            "flatten": {"active": not halted, "outcome": "flat" if halted else "", "sent": 2},
        }
        return {"worlds": {"pessimistic": row}}

    def schedules(self):
        self.looks -= bool(self.name)
        done = bool(self.name) and self.looks < 0
        asked = self.commands[-1][1].partition(" ")[0] if done else ""
        state = {"pause": "paused", "cancel": "cancelled", "resume": "halted"}.get(asked, "")
        was = "paused" if self.commands and self.commands[-1][1].startswith("res") else "working"
        row = {"schedule": "twap", "state": state or was, "open": "0" if done else "0.01"}
        return {"worlds": {"pessimistic": {"schedules": [row]}}}

    def orders(self):
        self.looks -= bool(self.name)
        gone = bool(self.name) and self.looks < 0
        held = [] if gone and self.name == "approve" else [{"number": 7}]
        return {"pessimistic": {"open": [{"id": 9 if gone else 1}], "held": held}}


@pytest.mark.parametrize(
    ("verb", "words", "command", "said"),
    [
        ("halt", ["--reason", "why"], ("halt", "why"), "halted, no order is open"),
        ("resume", [], ("resume", ""), "resumed"),
        ("resume", ["user", "price-jump"], ("resume", "user,price_jump"), "resumed"),
        ("cancel-all", [], ("cancel-all", ""), "every order that was open is gone"),
        ("flatten", [], ("flatten", ""), "halted and flat"),
        ("approve", [7], ("approve", "7"), "order 7 was sent"),
        ("approve", [7, "--world", "pessimistic"], ("approve", "7 pessimistic"), "order 7"),
        ("schedule", ["pause", "twap"], ("schedule", "pause twap"), "twap is paused, none of its"),
        ("schedule", ["resume", "twap"], ("schedule", "resume twap"), "twap is not paused any"),
        (
            *("schedule", ["cancel", "twap", "--world", "pessimistic"]),
            *(("schedule", "cancel twap pessimistic"), "twap is cancelled"),
        ),
    ],
)
async def test_a_verb_gives_its_command_and_waits_until_it_is_so(
    tmp_path, capsys, verb, words, command, said
):
    async with serving(tmp_path / "s", Trading()) as view:
        assert await run_beside(verb, *words, "--socket", tmp_path / "s") == 0
    assert view.commands == [command]
    assert view.looks < 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["halt", "resume", "cancel-all", "flatten", "schedule pause twap"])
async def test_what_is_not_confirmed_in_time_fails_and_says_what_is_left(tmp_path, capsys, verb):
    async with serving(tmp_path / "s", Trading(looks=10**9)):
        words = ("--wait", "0", "--json", "--socket", tmp_path / "s")
        assert await run_beside(*verb.split(), *words) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["confirmed"] is False
    assert told["left"][0].startswith("pessimistic: ")


async def test_an_order_that_does_not_wait_cannot_be_approved(tmp_path, capsys):
    async with serving(tmp_path / "s", Trading()) as view:
        assert await run_beside("approve", "8", "--socket", tmp_path / "s") == 1
    assert view.commands == []
    assert "no order 8 waits" in capsys.readouterr().err


async def test_a_refused_command_fails_with_the_reason(tmp_path, capsys):
    async with serving(tmp_path / "s", FakeView()):
        assert await run_beside("halt", "--socket", tmp_path / "s") == 1
    assert "unknown command halt" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["orders", "positions", "pnl", "risk", "schedule"])
async def test_where_nothing_trades_the_verbs_say_so(tmp_path, capsys, verb):
    async with serving(tmp_path / "s", FakeView()):
        assert await run_beside(verb, "--socket", tmp_path / "s") == 1
    assert "nothing trades there" in capsys.readouterr().err


async def test_edges_show_both_directions_with_what_blocks_them(tmp_path, capsys):
    async with serving(tmp_path / "s", FakeView()):
        assert await run_beside("edges", "--socket", tmp_path / "s") == 0
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 5
    assert "observe only" in out
    assert "+3.10" in out


@pytest.mark.parametrize("verb", ["orders", "halt", "approve"])
def test_without_a_daemon_it_says_how_to_start_one(tmp_path, capsys, verb):
    words = ["1"] if verb == "approve" else []
    assert run_verb(verb, *words, "--socket", tmp_path / "s") == 1
    assert "start one with: crossquote run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pause",), "pause takes the NAME of one schedule"),
        (("pause", "two words"), "pause takes the NAME"),
        (("cancel", "twap", "--world", "a b"), "cancel takes the NAME"),
        (("list", "twap"), "list takes no NAME"),
        (("--world", "live"), "list takes no NAME and no --world"),
    ],
)
def test_an_act_on_a_schedule_needs_its_name_and_the_list_takes_none(capsys, words, said):
    assert run_verb("schedule", *words) == 2
    assert said in capsys.readouterr().err


def test_the_acts_on_a_schedule_are_those_that_the_node_knows():
    assert tuple(schedule._DONE) == ACTS


@pytest.mark.parametrize("wait", ["-1", "x", "4000"])
def test_a_wait_out_of_bounds_is_wrong_usage(wait):
    with pytest.raises(SystemExit) as ended:
        run_verb("halt", "--wait", wait)
    assert ended.value.code == 2


# --- the daemon's own view -----------------------------------------------------------------------


def view_of(text):
    """Return the view of a daemon that has connected to nothing."""
    settings, _, wrong = build(read_text(f"version: 1\nmode: paper\n{text}", "c"))
    assert wrong == []
    daemon = Daemon(settings, Options({}))
    daemon.build()
    return LiveView(daemon)


def test_where_nothing_trades_no_command_is_taken_and_the_routes_are_empty():
    view = view_of("")
    assert "trading.strategies" in view.command("halt", "")["reason"]
    assert view.orders() == view.positions() == view.risk() == view.pnl() == view.schedules() == {}
    assert view.status()["trading"] is None


def test_a_command_that_means_nothing_is_refused_with_what_was_expected():
    view = view_of("trading: {strategies: [{name: xemm}]}")
    assert "known: resync, halt" in view.command("sell", "")["reason"]
    assert "there are: user" in view.command("resume", "weather")["reason"]
    assert "expected the number" in view.command("approve", "one")["reason"]
    assert view.command("schedule", "pause twap") == {
        "accepted": False,
        "reason": "no schedule 'twap'; there are: none",
    }
    assert view.status()["trading"]["strategies"] == ["xemm"]
