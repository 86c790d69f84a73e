"""A daemon that is killed at random moments of its life, again and again: nothing is lost.

It trades against venues in another process, which go on while it is gone: what rests there is
filled then. Moments are drawn by a seed, as a number of recorded inputs or of the process's own
events (files, sockets, parts of a checkpoint), so that a kill falls into restoring, into the
opening of a segment, into connecting and into trading.
"""

import random
from time import sleep

import pytest

from .killed import (
    INPUTS,
    Journal,
    Lives,
    Venues,
    assert_as_at,
    assert_balances,
    lose_tail,
    paper_lines,
    sim_lines,
    wait,
)
from .nursery import Nursery
from .running import verify


@pytest.fixture(scope="module")
def nursery():
    with Nursery() as made:
        yield made


@pytest.fixture
def venues(nursery, tmp_path):
    """Venues of a test's own: so many starts cost requests, and a venue bans who asks too much."""
    made = Venues(nursery, tmp_path / "venues")
    yield made
    made.close()


def live_and_die(lives, instants, kills):
    """Spend lives until so many were ended by a kill."""
    while lives.kills < kills:
        if lives.halted:
            lives.resumed()
        else:
            lives.perish(instants)
        # Meanwhile the venues fill what rests there.
        sleep(instants.choice((0, 0, 0.2)))


def kill_often(nursery, venues, folder, seed, kills):
    """Check that after so many kills in mode sim everything is as at the venues."""
    lives = Lives(nursery, folder, sim_lines(venues, folder))
    live_and_die(lives, random.Random(seed), kills)
    lives.halt()
    balances = lives.door.positions()["live"]["balances"]
    lives.stop()
    verify(lives.recordings, open_ends=lives.kills)
    journal = Journal(lives.recordings)
    journal.assert_kept(lives.told)
    assert not journal.adjusted
    assert_as_at(venues, journal, balances)
    return journal


def kill_often_on_paper(nursery, venues, folder, seed, kills):
    """Check that so many kills in mode paper lose nothing; no order ever leaves."""
    orders = venues.accounts.orders()
    lives = Lives(nursery, folder, paper_lines(venues, folder))
    live_and_die(lives, random.Random(seed), kills)
    lives.halt()
    lives.stop()
    verify(lives.recordings, open_ends=lives.kills)
    journal = Journal(lives.recordings)
    journal.assert_kept(lives.told)
    assert venues.accounts.orders() == orders
    return journal


def test_after_kills_at_any_moment_everything_is_as_at_the_venues(nursery, venues, tmp_path):
    journal = kill_often(nursery, venues, tmp_path / "run", 1, 15)
    assert journal.fills["live"]
    assert journal.segments > journal.lives > 1


def test_after_kills_at_any_moment_paper_trading_goes_on_where_it_was(nursery, venues, tmp_path):
    journal = kill_often_on_paper(nursery, venues, tmp_path / "run", 2, 10)
    assert set(journal.fills) == {"pessimistic", "proportional", "optimistic"}


def lose_power(nursery, venues, folder, seed, times):
    """Check that with `sync: disk` not even the loss of all that was not synced loses anything."""
    instants = random.Random(seed)
    lives = Lives(nursery, folder, sim_lines(venues, folder), sync="disk")
    lost = 0
    for _ in range(times):
        lives.start()
        lives.grown(instants.randrange(1, 2 * INPUTS))
        lives.kill()
        lost += lose_tail(lives.recordings, instants)
    lives.halt()
    balances = lives.door.positions()["live"]["balances"]
    lives.stop()
    journal = Journal(lives.recordings)
    assert not journal.adjusted
    assert_as_at(venues, journal, balances)
    return lost


def test_with_sync_disk_a_loss_of_power_loses_nothing_that_an_order_followed_from(
    nursery, venues, tmp_path
):
    assert lose_power(nursery, venues, tmp_path / "run", 3, 5)


def test_what_was_traded_while_the_disk_was_full_is_found_or_told_and_never_silent(
    nursery, venues, tmp_path
):
    lives = Lives(nursery, tmp_path / "run", sim_lines(venues, tmp_path / "run"))
    lives.start()
    lives.grown(INPUTS)
    lives.fill_disk()
    wait(lambda: lives.door.risk()["worlds"]["live"]["state"] != "ACTIVE", "reduced risk")
    lives.kill()
    settle(venues, lives)


def test_a_tail_that_was_not_promised_to_last_is_found_or_told_and_never_silent(
    nursery, venues, tmp_path
):
    lose_what_was_not_promised(nursery, venues, tmp_path / "run", 4)


def lose_what_was_not_promised(nursery, venues, folder, seed):
    """Check a loss of power with `sync: process`, of anything in the newest segment."""
    instants = random.Random(seed)
    lives = Lives(nursery, folder, sim_lines(venues, folder))
    lives.start()
    lives.grown(instants.randrange(INPUTS, 2 * INPUTS))
    lives.kill()
    lose_tail(lives.recordings, instants)
    settle(venues, lives)


def settle(venues, lives):
    """Check that a last life agrees with the venues, or halts and tells what it takes on resume."""
    told = lives.settle()
    balances = lives.door.positions()["live"]["balances"]
    lives.stop()
    assert bool(Journal(lives.recordings).adjusted) == told
    assert_balances(venues, balances)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 30))
@pytest.mark.parametrize(("check", "kills"), [(kill_often, 15), (kill_often_on_paper, 10)])
def test_many_kills_lose_nothing(nursery, venues, tmp_path, check, kills, seed):
    check(nursery, venues, tmp_path / "run", seed, kills)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 30))
def test_many_losses_of_power_lose_nothing_silently(nursery, venues, tmp_path, seed):
    lose_power(nursery, venues, tmp_path / "disk", seed, 5)
    lose_what_was_not_promised(nursery, venues, tmp_path / "process", seed)
