"""Splitting delivers what the library would have, in the same order, however the bytes arrive."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from connectors.transport.plain_splitter import PlainSplitter
from connectors.transport.splitter import FrameSplitter
from tests.effort import examples

BYTES_MAX = 70_000
splitters = pytest.mark.parametrize("splitter_class", [FrameSplitter, PlainSplitter])


def header(first: int, length: int, *, masked: bool = False) -> bytes:
    """Return a frame's header in its shortest form."""
    bit = 0x80 if masked else 0
    if length < 126:
        return bytes((first, bit | length))
    if length < 1 << 16:
        return bytes((first, bit | 126)) + length.to_bytes(2, "big")
    return bytes((first, bit | 127)) + length.to_bytes(8, "big")


def frame(first: int, payload: bytes) -> bytes:
    return header(first, len(payload)) + payload


sizes = st.one_of(st.integers(0, 130), st.sampled_from([125, 126, 65_535, 65_536]))
payloads = sizes.map(lambda size: b"ab" * (size // 2) + b"c" * (size % 2))
plain = payloads.map(lambda payload: frame(0x81, payload))
binary = payloads.map(lambda payload: frame(0x82, payload))
control = st.tuples(st.sampled_from([0x89, 0x8A]), st.binary(max_size=125)).map(
    lambda one: frame(*one)
)
fragmented = st.tuples(payloads, st.lists(control, max_size=2), payloads, payloads).map(
    lambda one: frame(0x01, one[0]) + b"".join(one[1]) + frame(0, one[2]) + frame(0x80, one[3])
)
good = st.lists(st.one_of(plain, plain, plain, binary, control, fragmented), max_size=8)
bad = st.sampled_from(
    [
        frame(0xC1, b"reserved bit"),
        frame(0x83, b"reserved opcode"),
        frame(0x80, b"continues nothing"),
        frame(0x01, b"one") + frame(0x81, b"within another"),
        header(0x81, 4, masked=True) + b"mask" + b"data",
        header(0x81, BYTES_MAX + 1) + bytes(BYTES_MAX + 1),
        b"\x81\x7f" + b"\xff" * 8 + b"beyond all bounds",
        frame(0x09, b"a ping in fragments"),
        frame(0x88, b"\x03\xe8"),
        frame(0x88, b"\x03\xe8") + frame(0x81, b"after the end"),
    ]
)
streams = st.tuples(good, st.one_of(st.none(), bad), good).map(
    lambda one: b"".join(one[0]) + (one[1] or b"") + b"".join(one[2])
)


class Receiver:
    """The library's protocol, open, behind a splitter or alone; keeps what came out."""

    def __init__(self, splitter_class=None):
        self.protocol = ClientProtocol(parse_uri("ws://venue"), max_size=BYTES_MAX)
        self.protocol.state = State.OPEN
        self.protocol.parser.close()
        self.protocol.parser = self.protocol.parse()
        next(self.protocol.parser)
        self.came = []
        self.calls = []
        self.splitter = None
        if splitter_class is not None:
            self.splitter = splitter_class(self._deliver, self._parse, BYTES_MAX)

    def take(self, data):
        """Take bytes as the stream does."""
        if self.splitter is None:
            self._parse(data)
        elif self.protocol.state is State.OPEN:
            self.splitter.split(data, 7)
        else:
            self._parse(self.splitter.release() + data)

    def _deliver(self, payload, recv_ns):
        assert type(payload) is bytes
        assert recv_ns == 7
        self.calls.append(("deliver", payload))
        self.came.append((True, payload))

    def _parse(self, chunk):
        self.calls.append(("parse", chunk))
        self.protocol.receive_data(chunk)
        for event in self.protocol.events_received():
            assert isinstance(event, Frame)
            data = event.opcode in (Opcode.TEXT, Opcode.BINARY) and event.fin
            self.came.append((True, bytes(event.data)) if data else event)
        return self.protocol.state is State.OPEN

    def end(self):
        """Return how the protocol stands; what it would send is masked with random bytes."""
        protocol = self.protocol
        sent = [len(data) for data in protocol.data_to_send()]
        return protocol.state, protocol.close_sent, protocol.close_rcvd, sent


def cut(data, places):
    """Return the parts of the data between some places."""
    marks = sorted({place % (len(data) + 1) for place in places})
    return [data[a:b] for a, b in zip([0, *marks], [*marks, len(data)], strict=True)]


@settings(max_examples=examples(1.5))
@given(streams, st.lists(st.integers(0, 1 << 18), max_size=12))
def test_what_comes_out_is_what_the_library_alone_gives(data, places):
    compiled, plain_one, alone = Receiver(FrameSplitter), Receiver(PlainSplitter), Receiver()
    for part in cut(data, places):
        for receiver in (compiled, plain_one, alone):
            receiver.take(part)
    assert compiled.calls == plain_one.calls
    assert compiled.came == alone.came
    assert compiled.end() == alone.end()


@settings(max_examples=examples(0.6))
@given(good, good, st.integers(0, 1 << 18), st.lists(st.integers(0, 1 << 18), max_size=5))
def test_splitting_may_begin_behind_bytes_that_the_library_has(before, after, place, places):
    known = cut(b"".join(before), [place])[0]
    data = b"".join([*before, *after])[len(known) :]
    compiled, plain_one, alone = Receiver(FrameSplitter), Receiver(PlainSplitter), Receiver()
    follows = [one.splitter.follow(known) for one in (compiled, plain_one)]
    assert follows[0] == follows[1]
    for receiver in (compiled, plain_one, alone):
        receiver._parse(known)
    if not follows[0]:
        return
    for part in cut(data, places):
        for receiver in (compiled, plain_one, alone):
            receiver.take(part)
    assert compiled.calls == plain_one.calls
    assert compiled.came == alone.came


@splitters
def test_whole_messages_never_reach_the_parser(splitter_class):
    receiver = Receiver(splitter_class)
    receiver.take(b"".join(frame(0x81, b"x" * size) for size in (0, 1, 125, 126, 65_535, 65_536)))
    assert [kind for kind, _ in receiver.calls] == ["deliver"] * 6
    assert [len(payload) for _, payload in receiver.calls] == [0, 1, 125, 126, 65_535, 65_536]


@splitters
def test_a_cut_header_is_held_back_and_a_cut_payload_is_not(splitter_class):
    receiver = Receiver(splitter_class)
    data = frame(0x81, b"x" * 300)
    receiver.take(data[:3])
    assert receiver.calls == []
    receiver.take(data[3:50])
    assert receiver.calls == [("parse", data[:50])]
    receiver.take(data[50:] + data)
    assert receiver.calls[1:] == [("parse", data[50:]), ("deliver", b"x" * 300)]
    assert receiver.splitter.release() == b""


@splitters
def test_boundaries_within_a_header_cannot_be_followed(splitter_class):
    splitter = splitter_class(lambda *_: None, lambda _: True, BYTES_MAX)
    assert not splitter.follow(frame(0x81, b"one") + b"\x81")
    assert splitter_class(print, bool, BYTES_MAX).follow(b"")


@splitters
def test_what_a_delivery_raises_reaches_the_caller(splitter_class):
    def deliver(payload, recv_ns):
        raise RuntimeError(payload.decode())

    splitter = splitter_class(deliver, lambda _: True, BYTES_MAX)
    with pytest.raises(RuntimeError, match="full"):
        splitter.split(frame(0x81, b"full"), 1)


def test_only_bytes_are_split():
    splitter = FrameSplitter(print, bool, BYTES_MAX)
    for data in (None, "text", bytearray(b"\x81\x00"), memoryview(b"\x81\x00")):
        with pytest.raises(TypeError):
            splitter.split(data, 1)
