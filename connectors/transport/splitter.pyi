from collections.abc import Callable

class FrameSplitter:
    """Takes a server's bytes after the handshake, at a frame's boundary.

    `deliver(payload, recv_ns)` gets each message that is one whole unmasked frame of text or
    binary within `message_bytes_max`, lies whole in one chunk and in no fragmented message; all
    other bytes go to `parse(chunk)`, in order between the deliveries. Whole frames or parts whose
    rest follows go there, so that parser and splitter agree on the next boundary. Once `parse`
    answers False it gets all that is left. Raises what the two raise.
    """

    def __init__(
        self,
        deliver: Callable[[bytes, int], object],
        parse: Callable[[bytes], bool],
        message_bytes_max: int,
    ) -> None: ...
    def follow(self, data: bytes) -> bool:
        """Note where frames end in bytes that the parser has already.

        False when they end within a frame's header: then splitting cannot begin.
        """
    def split(self, data: bytes, recv_ns: int) -> None:
        """Take what left the socket. A header that is cut is held back until the rest is there."""
    def release(self) -> bytes:
        """Return the bytes that were held back: whoever splits no more gives them to the parser."""
