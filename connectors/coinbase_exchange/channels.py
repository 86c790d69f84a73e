"""Subscription frames of the Coinbase Exchange feed."""

import orjson

#: `level2` asks for a signature since 2023; `level2_batch` has the same messages every 50 ms.
CHANNELS = ("level2_batch", "heartbeat", "ticker", "matches")

PRODUCTS_MAX = 50


def subscribe(natives: list[str]) -> list[bytes]:
    """Return one subscribe frame for all channels and products."""
    if len(natives) > PRODUCTS_MAX:
        raise ValueError(f"at most {PRODUCTS_MAX} products a connection, not {len(natives)}")
    return [orjson.dumps({"type": "subscribe", "product_ids": natives, "channels": list(CHANNELS)})]
