from cache.plain_intake import FrameNode, Taken

class Intake:
    """Takes the frames of one node: decodes, applies to books and L1, mixes into the digest.

    It holds the node's parts and lists, so a node makes one for its whole life. What is rare goes
    to the node's own methods. Raises what they raise, and IndexError for an event of a slot that
    has no book.
    """

    def __init__(self, node: FrameNode) -> None: ...
    def take(self, ts_recv: int, source: str, data: bytes) -> Taken:
        """Take a frame as an input; returns its effects, valid until the next call."""
