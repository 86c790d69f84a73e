"""WebSocket frames as a server writes them: a header without a mask, then the payload.

https://www.rfc-editor.org/rfc/rfc6455#section-5.2 and, for deflate, RFC 7692.
"""

import zlib

#: A smaller payload is sent as it is, also where deflate was negotiated: that is allowed for each
#: message by itself, and saves no bytes worth the work on loopback.
DEFLATE_BYTES_MIN = 1024

_TEXT = 0x81
_TEXT_DEFLATED = 0xC1
_PING = 0x89
_LEVEL = 1
_CONTROL_BYTES_MAX = 125


def text_frame(payload: bytes) -> bytes:
    """Return one whole text message as a frame."""
    size = len(payload)
    if size < 4096:
        return _TEXT_HEADERS[size] + payload
    return _frame(_TEXT, payload)


def ping_frame(payload: bytes) -> bytes:
    """Return a ping; ValueError for a payload of more than 125 bytes."""
    if len(payload) > _CONTROL_BYTES_MAX:
        raise ValueError(f"a ping of {len(payload)} bytes")
    return _frame(_PING, payload)


def deflated_frame(payload: bytes, window_bits: int) -> bytes:
    """Return one text message, deflated without reference to any message before it.

    It may go to every client that agreed to a window of at least `window_bits`, whether or not
    that client keeps its window from message to message.
    """
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -window_bits)
    packed = packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH)
    return _frame(_TEXT_DEFLATED, packed[:-4])


#: The headers of most text messages, made once.
_TEXT_HEADERS = [
    bytes((_TEXT, size)) if size < 126 else bytes((_TEXT, 126)) + size.to_bytes(2, "big")
    for size in range(4096)
]


def _frame(first: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 1 << 16:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


class Framer:
    """Frames messages for all clients of a venue: what was framed last is not framed again."""

    __slots__ = ("_deflated", "_plain", "_text")

    def __init__(self) -> None:
        self._text: str | bytes = b""
        self._plain = text_frame(b"")
        self._deflated: dict[int, bytes] = {}

    def frame(self, text: str | bytes, window_bits: int) -> bytes:
        """Return the frame of a message; `window_bits` is 0 for a client without deflate."""
        if text is not self._text:
            self._text = text
            self._plain = text_frame(text if isinstance(text, bytes) else text.encode())
            if self._deflated:
                self._deflated = {}
        if not window_bits or len(text) < DEFLATE_BYTES_MIN:
            return self._plain
        found = self._deflated.get(window_bits)
        if found is None:
            payload = text if isinstance(text, bytes) else text.encode()
            found = self._deflated[window_bits] = deflated_frame(payload, window_bits)
        return found
