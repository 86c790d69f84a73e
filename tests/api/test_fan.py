"""Sending to many sockets at once: what fits goes, and nobody is waited for."""

import os
import select
import socket
import threading
from array import array

import pytest

from api.fan import Fan
from api.plain_fan import PlainFan

DEADLINE_MS = 20_000


@pytest.fixture
def pairs():
    made = [socket.socketpair() for _ in range(5)]
    yield made
    for ends in made:
        for end in ends:
            end.close()


@pytest.fixture(params=[Fan, PlainFan])
def fan(request):
    made = request.param()
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    yield made
    made.close()
    thread.join()


def packed(numbers):
    return array("i", numbers).tobytes()


def sent(fan, parcels):
    """Return what was not taken whole, after waiting as an event loop waits."""
    fan.send([(data, packed(numbers)) for data, numbers in parcels])
    poll = select.poll()
    poll.register(fan.done, select.POLLIN)
    assert poll.poll(DEADLINE_MS)
    found = fan.take()
    assert not poll.poll(0)
    return found


def test_each_socket_gets_what_its_parcel_holds(pairs, fan):
    numbers = [ours.fileno() for ours, _ in pairs]
    assert sent(fan, [(b"", numbers[:1]), (b"a" * 1_000, numbers[1:4]), (b"d", [])]) == []
    assert sent(fan, [(b"bb", numbers[3:])]) == []
    assert [theirs.recv(2_000) for _, theirs in pairs[1:]] == [
        b"a" * 1_000,
        b"a" * 1_000,
        b"a" * 1_000 + b"bb",
        b"bb",
    ]


def test_a_full_socket_takes_a_part_then_nothing_and_holds_up_no_other(pairs, fan):
    (full, _), (free, theirs) = pairs[:2]
    data = b"x" * (4 << 20)
    parcels = [(b"y", [free.fileno()]), (data, [full.fileno()])]
    ((parcel, place, count),) = sent(fan, parcels)
    assert (parcel, place) == (1, 0)
    assert 0 < count < len(data)
    while sent(fan, parcels)[0][2]:
        pass
    assert sent(fan, parcels) == [(1, 0, 0)]
    assert set(theirs.recv(1 << 16)) == {ord("y")}


def test_a_connection_that_is_over_is_told_without_a_signal(pairs, fan):
    (ours, theirs), (other, _) = pairs[:2]
    theirs.close()
    gone = os.dup(other.fileno())
    os.close(gone)
    numbers = [ours.fileno(), gone, other.fileno()]
    assert sent(fan, [(b"a", numbers)]) == [(0, 0, -1), (0, 1, -1)]


@pytest.mark.parametrize("wrong", ["text", bytearray(b"no")])
def test_what_is_not_bytes_is_refused_and_nothing_is_sent(pairs, fan, wrong):
    ours, theirs = pairs[0]
    mine = packed([ours.fileno()])
    with pytest.raises(TypeError, match="xpected bytes"):
        fan.send([(b"ok", mine), (wrong, mine)])
    with pytest.raises(TypeError, match="xpected bytes"):
        fan.send([(b"ok", [ours.fileno()])])
    with pytest.raises(ValueError, match="numbers of its sockets"):
        fan.send([(b"ok", mine), (b"ok", mine[:-1])])
    assert sent(fan, [(b"x", [ours.fileno()])]) == []
    assert theirs.recv(10) == b"x"


def test_there_is_one_job_at_a_time(pairs, fan):
    number = pairs[0][0].fileno()
    with pytest.raises(RuntimeError, match="no job"):
        fan.take()
    fan.send([(b"a", packed([number]))])
    with pytest.raises(RuntimeError, match="one job"):
        fan.send([(b"b", packed([number]))])
    assert fan.take() == []


def test_the_end_waits_for_what_is_being_sent(pairs, fan):
    ours, theirs = pairs[0]
    fan.send([(b"a", packed([ours.fileno()]))])
    fan.close()
    fan.close()
    assert theirs.recv(10) == b"a"
    with pytest.raises(RuntimeError, match="none after the end"):
        fan.send([(b"b", packed([ours.fileno()]))])
