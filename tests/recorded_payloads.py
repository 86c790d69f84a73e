"""The rules replies inside the public recordings, or a skip where these are not at hand."""

from functools import cache
from pathlib import Path

import orjson
import pytest
import zstandard

FEEDS = Path(__file__).parents[2] / "shared" / "feeds"
FILES = {
    "binance": "binance-spot-exchangeinfo-2021-10/BINANCE.0.zst",
    "binance-us": "binance-us-2021-10/BINANCE_US.jsonl.zst",
    "binance-usdm": "binance-usdm-2021-07/BINANCE_FUTURES.jsonl.zst",
    "coinbase": "coinbase-advanced-2026-08/COINBASE.seq0-599.jsonl.zst",
    "coinbase-exchange": "coinbase-exchange-2021-04/COINBASE.0.zst",
}


@cache
def _read(path: Path) -> bytes:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as reader:
        for line in reader.read().split(b"\n"):
            if b" -> " in line[:200]:
                return line.split(b": ", 1)[1]
            if line.startswith((b'{"t":"http"', b'{"t": "http"')):
                return orjson.loads(line)["data"].encode()
    raise AssertionError(f"no rules reply in {path}")


def payload(venue: str) -> bytes:
    path = FEEDS / FILES[venue]
    if not path.exists():
        pytest.skip(f"the recordings are not here: {path.name}")
    return _read(path)
