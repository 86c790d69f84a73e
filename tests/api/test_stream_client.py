"""A client of the stream that does not read: conflated, then cut off, and nothing grows."""

from hypothesis import given
from hypothesis import strategies as st

from api.channels import Key
from api.stream_client import BEHIND_BYTES, BEHIND_SECONDS_MAX, CAUGHT_UP_BYTES, StreamClient

KEYS = [Key("quotes", name) for name in ("A", "B", "C")]


class Wire:
    """A transport whose other end reads when a test says so."""

    def __init__(self):
        self.waiting = b""
        self.read = b""
        self.aborted = False

    def write(self, data):
        assert not self.aborted
        self.waiting += data

    def get_write_buffer_size(self):
        return len(self.waiting)

    def is_closing(self):
        return self.aborted

    def abort(self):
        self.aborted = True

    def take(self, size=1 << 30):
        self.read += self.waiting[:size]
        self.waiting = self.waiting[size:]


def client(keys=KEYS):
    made = StreamClient(Wire())
    made.keys = frozenset(keys)
    return made, made._wire


def snapshot(key):
    return f"<{key.name}>".encode()


def test_a_client_that_reads_gets_every_frame_at_once():
    one, wire = client()
    one.offer(b"first", [KEYS[0]], 0.0)
    one.offer(b"second", [KEYS[1]], 0.1)
    assert wire.waiting == b"firstsecond"
    assert (one.behind, one.conflated) == (False, 0)


def test_a_client_that_is_behind_gets_one_snapshot_of_each_missed_key_when_it_reads_again():
    one, wire = client()
    one.offer(b"x" * (BEHIND_BYTES + 1), [KEYS[0]], 0.0)
    for at in range(1, 50):
        one.offer(b"y" * 1_000, [KEYS[at % 2]], at / 20)
        assert one.catch_up(snapshot, at / 20)
    assert len(wire.waiting) == BEHIND_BYTES + 1
    wire.take()
    assert one.catch_up(snapshot, 3.0)
    assert sorted(wire.waiting.split(b">")) == [b"", b"<A", b"<B"]
    assert (one.behind, one.conflated) == (False, 49)
    one.offer(b"new", [KEYS[0]], 3.1)
    assert wire.waiting.endswith(b"new")


def test_a_key_that_is_not_wanted_any_more_is_not_told_of_afterwards():
    one, wire = client()
    one.offer(b"x" * (BEHIND_BYTES + 1), KEYS, 0.0)
    one.offer(b"y", KEYS, 0.1)
    one.keys = frozenset(KEYS[:1])
    wire.take()
    one.catch_up(snapshot, 0.2)
    assert wire.waiting == b"<A>"


def test_a_client_that_never_reads_is_cut_off_after_its_time():
    one, wire = client()
    one.offer(b"x" * (BEHIND_BYTES + 1), [KEYS[0]], 0.0)
    one.offer(b"y", [KEYS[0]], 1.0)
    assert one.catch_up(snapshot, 1.0 + BEHIND_SECONDS_MAX)
    assert not one.catch_up(snapshot, 1.1 + BEHIND_SECONDS_MAX)
    assert wire.aborted
    one.offer(b"z", [KEYS[0]], 12.0)
    one.tell(b"z")
    assert one.gone


def test_who_asks_and_never_reads_the_answers_is_cut_off():
    one, wire = client()
    for _ in range(1_000):
        one.tell(b"p" * 1_000)
    assert wire.aborted
    assert len(wire.waiting) < 2 * BEHIND_BYTES + 2_000


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 30_000)), max_size=80))
def test_however_it_reads_what_waits_stays_bounded_and_the_last_word_arrives(steps):
    """Steps of bytes that are offered and bytes that are read."""
    one, wire = client(KEYS[:1])
    for at, (size, taken) in enumerate(steps):
        one.offer(b"." * size, KEYS[:1], at / 20)
        assert len(wire.waiting) <= BEHIND_BYTES + 20_000
        wire.take(taken)
        assert one.catch_up(snapshot, at / 20)
    missed = one.behind
    wire.take()
    assert one.catch_up(snapshot, len(steps) / 20)
    assert not one.behind
    assert wire.waiting == (b"<A>" if missed else b"")
    assert len(wire.waiting) <= CAUGHT_UP_BYTES
