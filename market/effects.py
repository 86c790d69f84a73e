"""What the node asks of the world. Every effect but a log line is part of the digest."""

from enum import IntEnum
from typing import NamedTuple


class EffectKind(IntEnum):
    """The kinds of effect."""

    SEND = 1
    FETCH = 2
    RECONNECT = 3
    OPPORTUNITY = 4
    OUTCOME = 5
    LOG = 6
    READY = 7
    TRADING = 8
    ORDER = 9


class Effect(NamedTuple):
    """One effect.

    SEND: a frame for a connection. FETCH: a REST request, `subject` its path. RECONNECT: drop the
    connection and open it again. READY: a connection has all that it needs, the one that it
    replaces may go. OPPORTUNITY and OUTCOME: a ledger entry was opened, changed or valued. TRADING:
    what a world of trading did, `target` its name. ORDER: an unsigned request for a venue, `target`
    its name, `subject` the tag by which the answer is known, `fields` as `Request.fields` has them.
    LOG: a line for people, which replay switches off.
    """

    kind: EffectKind
    target: str
    subject: str
    fields: tuple[str | int, ...] = ()

    def canonical(self) -> bytes:
        """Return the bytes that enter the digest; amounts may pass 64 bits."""
        return ascii((int(self.kind), self.target, self.subject, self.fields)).encode()
