"""Frames as a server writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from sim.server.framing import (
    DEFLATE_BYTES_MIN,
    Framer,
    deflated_frame,
    ping_frame,
    text_frame,
)


def parsed(data, *extensions):
    """Return the frame that another implementation reads, which must take all of it."""
    reader = StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    parser = Frame.parse(reader.read_exact, mask=False, extensions=extensions)
    try:
        while True:
            next(parser)
    except StopIteration as end:
        return end.value


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
def test_a_text_frame_of_any_size_is_read_back(size):
    frame = parsed(text_frame(b"x" * size))
    assert (frame.opcode, frame.data, frame.fin, frame.rsv1) == (
        Opcode.TEXT,
        b"x" * size,
        True,
        False,
    )


def test_a_ping_is_a_control_frame_and_has_a_limit():
    assert parsed(ping_frame(b"7")).opcode is Opcode.PING
    with pytest.raises(ValueError, match="126 bytes"):
        ping_frame(bytes(126))


@given(st.lists(st.binary(max_size=3000), max_size=6), st.integers(9, 15))
def test_deflated_frames_are_read_by_a_client_that_keeps_its_window(payloads, bits):
    client = PerMessageDeflate(
        remote_no_context_takeover=False,
        local_no_context_takeover=False,
        remote_max_window_bits=bits,
        local_max_window_bits=15,
    )
    for payload in payloads:
        assert parsed(deflated_frame(payload, bits), client).data == payload


def test_what_was_framed_last_is_framed_once_for_all_clients_alike():
    framer = Framer()
    text = "x" * DEFLATE_BYTES_MIN
    assert framer.frame(text, 15) is framer.frame(text, 15)
    assert framer.frame(text, 0) == text_frame(text.encode())
    assert framer.frame("y", 15) == text_frame(b"y")
