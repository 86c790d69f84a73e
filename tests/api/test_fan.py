"""Sending to many sockets at once: what fits goes, and nobody is waited for."""

import os
import socket

import pytest

from api import fan, plain_fan

TWINS = [fan.send_each, plain_fan.send_each]


@pytest.fixture
def pairs():
    made = [socket.socketpair() for _ in range(5)]
    yield made
    for ends in made:
        for end in ends:
            end.close()


@pytest.mark.parametrize("send_each", TWINS)
def test_each_socket_gets_its_own_data(pairs, send_each):
    datas = [b"", b"a", b"bb", b"c" * 1_000, b"d"]
    assert send_each([ours.fileno() for ours, _ in pairs], datas) == [len(one) for one in datas]
    for (_, theirs), data in zip(pairs, datas, strict=True):
        assert (theirs.recv(2_000) if data else b"") == data


@pytest.mark.parametrize("send_each", TWINS)
def test_a_full_socket_takes_a_part_then_nothing_and_holds_up_no_other(pairs, send_each):
    (full, _), (free, _) = pairs[:2]
    data = b"x" * (4 << 20)
    numbers = [full.fileno(), free.fileno()]
    first = send_each(numbers, [data, b"y"])
    assert 0 < first[0] < len(data)
    while send_each(numbers, [data, b"y"])[0]:
        pass
    assert send_each(numbers, [data, b"y"]) == [0, 1]


@pytest.mark.parametrize("send_each", TWINS)
def test_a_connection_that_is_over_is_told_without_a_signal(pairs, send_each):
    (ours, theirs), (other, _) = pairs[:2]
    theirs.close()
    gone = os.dup(other.fileno())
    os.close(gone)
    assert send_each([ours.fileno(), gone, other.fileno()], [b"a", b"b", b"c"]) == [-1, -1, 1]


@pytest.mark.parametrize("send_each", TWINS)
def test_wrong_lists_are_refused(pairs, send_each):
    number = pairs[0][0].fileno()
    assert send_each([], []) == []
    with pytest.raises(ValueError, match="one data"):
        send_each([number], [])
    with pytest.raises(TypeError, match="not str"):
        send_each([number], ["text"])
    with pytest.raises(TypeError, match="not bytearray"):
        send_each([number, number], [b"ok", bytearray(b"no")])
