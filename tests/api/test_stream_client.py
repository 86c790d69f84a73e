"""A client of the stream that does not read: conflated, then cut off, and nothing grows."""

import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.channels import Key
from api.stream_client import (
    BEHIND_SECONDS_MAX,
    KERNEL_BYTES,
    SNAPSHOTS_AT_ONCE,
    WAITING_BYTES_MAX,
    StreamClient,
    bounded,
)

KEYS = [Key("quotes", name) for name in "ABC"]


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
def client(ends):
    made = StreamClient(ends[0].fileno())
    made.keys = frozenset(KEYS)
    yield made
    made.close()


def snapshot(key):
    return f"<{key.name}>".encode()


def test_a_client_that_reads_gets_everything_in_order(client):
    client.tell(b"answer ")
    client.offer(b"first", KEYS[:1])
    data = client.due(snapshot)
    assert data == b"answer first"
    assert client.sent(data, len(data), 0.0)
    assert client.due(snapshot) == b""
    assert (client.behind, client.conflated) == (False, 0)


def test_what_goes_to_all_stays_one_object_for_all(client):
    frames = b"f" * 1_000
    client.offer(frames, KEYS[:1])
    assert client.due(snapshot) is frames


def test_the_rest_of_a_message_goes_before_anything_else(client):
    client.offer(b"abcdef", KEYS[:1])
    assert client.sent(client.due(snapshot), 2, 0.0)
    client.tell(b"answer")
    assert client.due(snapshot) == b"cdef"


def test_a_client_that_was_behind_gets_one_snapshot_of_each_missed_key(client):
    client.offer(b"long", KEYS)
    client.sent(client.due(snapshot), 1, 0.0)
    for at in range(50):
        client.offer(b"update", [KEYS[at % 2]])
        assert client.sent(client.due(snapshot), 0, at / 20)
    assert client.conflated == 50
    assert client.sent(client.due(snapshot), 3, 2.5)
    assert client.behind
    data = client.due(snapshot)
    assert data == b"<A><B>"
    assert client.sent(data, len(data), 2.6)
    assert not client.behind


def test_of_many_missed_keys_some_are_told_at_a_time(client):
    keys = [Key("quotes", str(at)) for at in range(SNAPSHOTS_AT_ONCE + 5)]
    client.keys = frozenset(keys)
    client.offer(b"long", keys)
    client.sent(client.due(snapshot), 1, 0.0)
    client.offer(b"update", keys)
    client.sent(client.due(snapshot), 3, 0.0)
    told = []
    while data := client.due(snapshot):
        told.append(data.count(b"<"))
        client.sent(data, len(data), 0.0)
    assert told == [SNAPSHOTS_AT_ONCE, 5]


def test_a_key_that_is_not_wanted_any_more_is_not_told_of_afterwards(client):
    client.offer(b"long", KEYS)
    client.sent(client.due(snapshot), 1, 0.0)
    client.offer(b"update", KEYS)
    client.keys = frozenset(KEYS[:1])
    client.sent(client.due(snapshot), 3, 0.0)
    assert client.due(snapshot) == b"<A>"


def test_a_client_that_takes_nothing_for_its_time_is_to_be_cut_off(client):
    client.offer(b"long", KEYS)
    assert client.sent(client.due(snapshot), 1, 0.0)
    assert client.sent(client.due(snapshot), 0, 1.0)
    assert client.sent(client.due(snapshot), 0, 1.0 + BEHIND_SECONDS_MAX)
    assert not client.sent(client.due(snapshot), 0, 1.1 + BEHIND_SECONDS_MAX)


def test_a_slow_client_that_takes_a_little_now_and_then_stays(client):
    client.offer(b"x" * 100, KEYS)
    for at in range(50):
        assert client.sent(client.due(snapshot), at % 2, at * 8.0)


def test_a_connection_that_is_over_ends_the_client(client):
    client.tell(b"x")
    assert not client.sent(client.due(snapshot), -1, 0.0)


def test_a_client_that_is_cut_off_reads_the_end_and_is_sent_no_more(client, ends):
    client.cut()
    client.tell(b"x")
    assert ends[1].recv(1) == b""
    assert client.due(snapshot) == b""
    assert not client.full
    client.cut()


def test_who_asks_for_much_is_full_until_it_was_sent(client):
    client.tell(b"x" * WAITING_BYTES_MAX)
    assert client.full
    client.due(snapshot)
    assert not client.full


def test_its_socket_is_its_own_and_closed_once(client, ends):
    ends[0].close()
    assert os.fstat(client.fd)
    held = client.fd
    client.close()
    client.close()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(held)


def test_the_kernel_holds_no_more_than_its_bound():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as end,
    ):
        bounded(end)
        held = end.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        assert KERNEL_BYTES <= held <= 2 * KERNEL_BYTES


STEPS = st.tuples(st.integers(0, 3_000), st.integers(0, 4_000))


@given(st.lists(STEPS, max_size=60))
def test_however_it_reads_what_waits_stays_bounded_and_the_last_word_arrives(steps):
    """Steps of bytes that are offered, and bytes for which there is room."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        client = StreamClient(ours.fileno())
        client.keys = frozenset(KEYS[:1])
        missed, told = False, b""
        for size, room in steps:
            missed = client.behind
            client.offer(b"." * size, KEYS[:1])
            data = client.due(snapshot)
            assert len(data) <= 3_000
            told += data[:room]
            assert client.sent(data, min(room, len(data)), 0.0)
        while data := client.due(snapshot):
            told += data
            assert client.sent(data, len(data), 0.0)
        assert not client.behind
        # Whoever was behind when the last thing happened is told how things stand in the end.
        assert not missed or told.endswith(b"<A>")
        client.close()
