"""Reads real captures that lie beside the checkout, where there are any."""

import gzip
import io
import json
from pathlib import Path

import pytest
import zstandard

FEEDS = Path(__file__).parents[2].parent / "shared" / "feeds"
ADVANCED = "coinbase-advanced-2026-08/COINBASE.seq0-599.jsonl.zst"
BINANCE_US = "binance-us-2021-10/BINANCE_US.jsonl.zst"
BINANCE_SPOT = "binance-spot-2024-08/btcusdt_20240808.gz"


def need(name):
    path = FEEDS / name
    if not path.exists():
        pytest.skip(f"needs the capture {name} in ../shared/feeds beside the checkout")
    return path


def read_lines(path):
    """Yield the records of a recording in JSON lines."""
    with path.open("rb") as file:
        reader = zstandard.ZstdDecompressor().stream_reader(file)
        for line in io.TextIOWrapper(reader, encoding="utf-8"):
            yield json.loads(line)


def advanced_frames():
    for line in read_lines(need(ADVANCED)):
        if line["t"] == "recv":
            yield json.loads(line["data"])


def binance_spot_events(limit=3000):
    with gzip.open(need(BINANCE_SPOT), "rt") as file:
        for _, line in zip(range(limit), file, strict=False):
            yield json.loads(line.split(" ", 1)[1])
