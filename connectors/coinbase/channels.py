"""Subscription frames of Coinbase Advanced Trade: one channel a message, several products."""

import orjson

#: `level2` is delivered as `l2_data`; `heartbeats` keeps quiet channels from being closed.
CHANNELS = ("heartbeats", "level2", "ticker", "market_trades")

#: Level2 products of one connection: 32 are refused by the venue, 16 are known to work.
PRODUCTS_MAX = 16


def subscribe(natives: list[str]) -> list[bytes]:
    """Return a subscribe frame for each channel."""
    if len(natives) > PRODUCTS_MAX:
        raise ValueError(f"at most {PRODUCTS_MAX} products a connection, not {len(natives)}")
    return [
        orjson.dumps(
            {
                "type": "subscribe",
                "product_ids": [] if channel == "heartbeats" else natives,
                "channel": channel,
            }
        )
        for channel in CHANNELS
    ]
