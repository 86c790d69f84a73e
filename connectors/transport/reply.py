"""What became of a REST request, whatever became of it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from market.inputs import Input, InputKind

_SENT = "sent_ns="


@dataclass(frozen=True, slots=True)
class Reply:
    """One outcome: an HTTP status with its body, or status 0 with a reason that has a counter.

    `sent_ns` and `recv_ns` are stamps of the request leaving and of the whole body being there;
    `sent_ns` is 0 for a request that never left.
    """

    url: str
    status: int
    body: bytes
    reason: str
    sent_ns: int
    recv_ns: int

    def as_input(self, source: str) -> Input:
        """Return the REPLY input of the REST door `source`.

        With status 0 the data are the reason's name. The note is the URL; its fragment, which is
        never sent, carries `sent_ns`, so that a recording holds the round trip too.
        """
        note = f"{self.url}#{_SENT}{self.sent_ns}" if self.sent_ns else self.url
        data = self.body if self.status else self.reason.encode()
        return Input(self.recv_ns, InputKind.REPLY, source, data, note, self.status)


def sent_ns_of(note: str) -> int | None:
    """Return when the request left from the note of a REPLY input, None if it does not say."""
    text = urlsplit(note).fragment.removeprefix(_SENT)
    return int(text) if text.isascii() and text.isdigit() else None
