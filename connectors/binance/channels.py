"""Stream names and control frames of Binance's market streams.

https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
"""

import orjson

#: Streams of one connection, and symbols of one SUBSCRIBE frame: the frame stays small.
STREAMS_MAX = 1024
SYMBOLS_PER_FRAME = 100

#: What a book needs: diffs, the independent best quote, and trades.
SPOT_STREAMS = ("depth@100ms", "bookTicker", "trade")
FUTURES_STREAMS = ("depth@0ms", "bookTicker", "aggTrade")


def subscribe(natives: list[str], streams: tuple[str, ...], request_id: int) -> list[bytes]:
    """Return SUBSCRIBE frames; symbols are lower case in stream names."""
    if len(natives) * len(streams) > STREAMS_MAX:
        raise ValueError(f"{len(natives)} symbols need more than {STREAMS_MAX} streams")
    frames: list[bytes] = []
    for at in range(0, len(natives), SYMBOLS_PER_FRAME):
        names = [
            f"{native.lower()}@{stream}"
            for native in natives[at : at + SYMBOLS_PER_FRAME]
            for stream in streams
        ]
        frames.append(
            orjson.dumps({"method": "SUBSCRIBE", "params": names, "id": request_id + len(frames)})
        )
    return frames
