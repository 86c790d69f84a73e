"""The sequence of a Coinbase Advanced Trade connection."""

from enum import IntEnum


class Count(IntEnum):
    """What a frame's number says."""

    NEXT = 0
    STALE = 1
    GAP = 2


class ConnectionSequence:
    """`sequence_num` counts every message of a connection over all channels and products, from 0.

    One hole means that an unknown message was lost: every book of the connection is suspect, and
    there is no REST snapshot with a matching number to patch with. A lower or equal number is an
    old message and is ignored. A connection starts anew with each epoch.
    https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis/websocket/websocket-overview
    """

    def __init__(self) -> None:
        self.last = -1

    def reset(self) -> None:
        """Start over: a new connection counts from 0 again."""
        self.last = -1

    def check(self, number: int) -> Count:
        """Take the number of the next frame; a first number other than 0 is a gap."""
        if number == self.last + 1:
            self.last = number
            return Count.NEXT
        if number <= self.last:
            return Count.STALE
        self.last = number
        return Count.GAP
