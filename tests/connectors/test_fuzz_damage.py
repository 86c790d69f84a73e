"""Frames damaged at every byte: refused, or read as a strict reader would read what is used."""

import random

import pytest

from tests.connectors.decode_twins import twins
from tests.connectors.sample_frames import CASES, FRAMES

INSERTS = (b"\x00", b"\xff", b'"', b"\\", b"{", b"]", b"-", b"0", b" ", b",")


def sample(case):
    venue, name = case
    return twins(venue), FRAMES[venue][name]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_whole_frame_is_read_like_its_twin_reads_it(case):
    """Each sample is accepted with the twin's events."""
    pair, data = sample(case)
    assert isinstance(pair.agree(data), list)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_frame_cut_at_any_byte_is_refused(case):
    """A frame without its end is refused, wherever it ends."""
    pair, data = sample(case)
    for size in range(len(data)):
        assert pair.outcome(data[:size]) < 0


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_flipped_bit_never_changes_what_is_read(case):
    """Any single flipped bit leaves the frame refused, or read as its bytes then say."""
    pair, data = sample(case)
    for at in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[at] ^= 1 << bit
            pair.hold(bytes(damaged))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_inserted_byte_never_changes_what_is_read(case):
    """A stray byte at any place leaves the frame refused, or read as its bytes then say."""
    pair, data = sample(case)
    for at in range(len(data) + 1):
        for stray in INSERTS:
            pair.hold(data[:at] + stray + data[at:])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_lost_byte_never_changes_what_is_read(case):
    """A byte missing at any place leaves the frame refused, or read as its bytes then say."""
    pair, data = sample(case)
    for at in range(len(data)):
        pair.hold(data[:at] + data[at + 1 :])


@pytest.mark.parametrize("venue", FRAMES)
def test_spliced_and_scrambled_frames_never_change_what_is_read(venue):
    """Pieces of several frames joined at random, then damaged, are refused or read strictly."""
    pair = twins(venue)
    rng = random.Random(f"splice {venue}")
    pool = list(FRAMES[venue].values())
    for _ in range(2500):
        first, second = rng.choice(pool), rng.choice(pool)
        data = bytearray(first[: rng.randrange(len(first))] + second[rng.randrange(len(second)) :])
        for _ in range(rng.randrange(3)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        pair.hold(bytes(data))


@pytest.mark.parametrize("venue", FRAMES)
def test_bytes_that_are_no_frame_are_refused(venue):
    """Nothing, white space, other JSON and binary rubbish are refused."""
    pair = twins(venue)
    rng = random.Random(f"rubbish {venue}")
    for data in (b"", b" ", b"\x00", b"[]", b"null", b'"x"', b"1", b"{", b"[" * 9999, b"{}"):
        assert pair.outcome(data) < 0
    for _ in range(500):
        assert pair.outcome(rng.randbytes(rng.randrange(200))) < 0
