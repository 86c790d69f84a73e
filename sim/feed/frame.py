"""A frame that a feed publishes."""

from typing import NamedTuple


class Frame(NamedTuple):
    """One publication at a venue time.

    Binance: `channel` is the stream name, `product` is empty, `payload` the raw event.
    Coinbase: `channel` as delivered, `payload` the encoded events, which take their envelope with
    the sequence number of each connection.
    """

    ts_ns: int
    channel: str
    product: str
    payload: bytes
