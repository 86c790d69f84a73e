"""A market at another pace is the same market, seen through another clock."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cli.main import main
from cli.settings import Settings
from cli.simulated import simulated
from sim.market.scenario import CALM
from sim.market.world import World
from sim.server.paced_market import PacedMarket
from tests.effort import examples

START = 1_700_000_000 * 10**9
SPEEDS = [Fraction(1, 100), Fraction(1, 3), Fraction(1), Fraction(5, 2), Fraction(40)]


def events(market, ends):
    """Return what happens up to each of the times."""
    return [event for end in ends for event in market.advance(end)]


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_same_things_happen_at_their_own_time_of_the_clock(speed):
    plain = events(World(CALM, 3, START), [START + 300_000_000])
    paced = PacedMarket(World(CALM, 3, START), speed)
    seen = events(paced, [START + int(300_000_000 / speed) + 1])
    assert len(plain) > 50
    assert [one._replace(ts_ns=0) for one in seen[: len(plain)]] == [
        one._replace(ts_ns=0) for one in plain
    ]
    for one, other in zip(plain, seen, strict=False):
        assert 0 <= (other.ts_ns - START) - (one.ts_ns - START) / speed < 1


@settings(max_examples=examples(0.3))
@given(
    speed=st.sampled_from(SPEEDS),
    steps=st.lists(st.integers(0, 20_000_000), min_size=1, max_size=12),
)
def test_no_event_comes_before_its_time_or_after_it_was_due(speed, steps):
    paced = PacedMarket(World(CALM, 3, START), speed)
    before = START
    for step in steps:
        after = before + step
        stamps = [event.ts_ns for event in paced.advance(after)]
        assert stamps == sorted(stamps)
        assert all(before < stamp <= after for stamp in stamps)
        assert paced.now_ns == after
        before = after


def test_a_market_cannot_stand_still_or_go_back():
    for speed in (Fraction(0), Fraction(-1)):
        with pytest.raises(ValueError, match="speed"):
            PacedMarket(World(CALM, 3, START), speed)


@pytest.mark.parametrize("text", ["0", "0.009", "1001", "1/0", "1e9", "-1", "fast", ".", ""])
def test_the_verb_refuses_a_speed_outside_its_bounds(text, capsys):
    assert main(["sim", f"--speed={text}"]) == 2
    assert "--speed" in capsys.readouterr().err


async def test_the_simulated_venues_are_started_at_the_speed_that_is_set(monkeypatch, tmp_path):
    """The child process gets the speed among its arguments, as it was written."""
    given_arguments = []

    async def refuse(*arguments, **_):
        given_arguments.extend(arguments)
        raise OSError("not started")

    monkeypatch.setattr("asyncio.create_subprocess_exec", refuse)
    wanted = replace(Settings(version=1).sim, speed="2.5")
    with pytest.raises(OSError, match="not started"):
        async with simulated(wanted, None, tmp_path / "s.sock"):
            raise AssertionError("it cannot be there")
    at = given_arguments.index("--speed")
    assert given_arguments[at + 1] == "2.5"
