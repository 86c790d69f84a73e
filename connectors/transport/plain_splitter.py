"""The plain twin of connectors.transport.splitter."""

from collections.abc import Callable

_WHOLE = (0x81, 0x82)
_LENGTH_MAX = 1 << 62


class PlainSplitter:
    """Twin of `FrameSplitter`."""

    def __init__(
        self,
        deliver: Callable[[bytes, int], object],
        parse: Callable[[bytes], bool],
        message_bytes_max: int,
    ) -> None:
        self._deliver = deliver
        self._parse = parse
        self._message_bytes_max = message_bytes_max
        self._held = b""
        self._owed = 0
        self._fragments = False

    def follow(self, data: bytes) -> bool:
        """Note where frames end in bytes that the parser has already; False when it cannot."""
        while data:
            if not self._owed:
                header, length = _header(data)
                if not header:
                    return False
                self._begin(data[0], header + length)
            data = data[self._pass(len(data)) :]
        return True

    def split(self, data: bytes, recv_ns: int) -> None:
        """Take what left the socket."""
        rest, self._held = self._held + data, b""
        theirs = b""
        while rest:
            header, length = (0, 0) if self._owed else _header(rest)
            if not self._owed and not header:
                break
            if not self._owed and not self._plain(rest, header, length):
                self._begin(rest[0], header + length)
            if self._owed:
                step = self._pass(len(rest))
                theirs, rest = theirs + rest[:step], rest[step:]
                continue
            if theirs and not self._parse(theirs):
                self._parse(rest)
                return
            theirs = b""
            self._deliver(rest[header : header + length], recv_ns)
            rest = rest[header + length :]
        if theirs and not self._parse(theirs):
            if rest:
                self._parse(rest)
            return
        self._held = rest

    def release(self) -> bytes:
        """Return the bytes that were held back."""
        held, self._held = self._held, b""
        return held

    def _plain(self, rest: bytes, header: int, length: int) -> bool:
        """Whether the next frame is ours to deliver."""
        whole = length <= self._message_bytes_max and header + length <= len(rest)
        return whole and not self._fragments and rest[0] in _WHOLE and rest[1] < 128

    def _begin(self, first: int, size: int) -> None:
        if not first & 0x08:
            self._fragments = not first & 0x80
        self._owed = size

    def _pass(self, size: int) -> int:
        step = min(self._owed, size)
        self._owed -= step
        return step


def _header(data: bytes) -> tuple[int, int]:
    """Return the bytes of a frame's header, 0 when it is not whole, and the payload's length."""
    if len(data) < 2:
        return 0, 0
    short = data[1] & 0x7F
    size = {126: 4, 127: 10}.get(short, 2)
    if len(data) < size:
        return 0, 0
    length = short if size == 2 else int.from_bytes(data[2:size], "big")
    return size + (4 if data[1] & 0x80 else 0), min(length, _LENGTH_MAX)
