"""The real recordings that the generated market is held against."""

from pathlib import Path

from replay.source import Recorded

from .observer import Observer, Seen

#: Spot recordings of venues that we read: label, venue, files below the folder of recordings.
RECORDINGS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("2024-08", "binance", ("binance-spot-2024-08/btcusdt_20240808.gz",)),
    ("2021-04", "binance", ("binance-spot-2021-04-04/BINANCE-ee25be.0.zst",)),
    (
        "2021-08",
        "binance",
        ("binance-spot-2021-08/BINANCE.ws.1.0.zst", "binance-spot-2021-08/BINANCE.http.0.0.zst"),
    ),
    (
        "2021-04",
        "binance-us",
        (
            "binance-us-2021-04-17/BINANCE_US.ws.3.0.zst",
            "binance-us-2021-04-17/BINANCE_US.http.2.0.zst",
        ),
    ),
    ("2021-10", "binance-us", ("binance-us-2021-10/BINANCE_US.jsonl.zst",)),
    ("2026-08", "coinbase", ("coinbase-advanced-2026-08/COINBASE.seq0-599.jsonl.zst",)),
    (
        "2021-04",
        "coinbase-exchange",
        ("coinbase-exchange-2021-04/COINBASE.ws.28.0.five-products-a.zst",),
    ),
)


def observe_feeds(folder: Path) -> tuple[dict[str, Seen], list[str]]:
    """Return what the recordings in a folder show, and the files that are not there."""
    found: dict[str, Seen] = {}
    missing: list[str] = []
    for label, venue, files in RECORDINGS:
        paths = [folder / name for name in files]
        absent = [name for name, path in zip(files, paths, strict=True) if not path.exists()]
        if absent:
            missing += absent
            continue
        seen = Observer().run(Recorded(venue, paths).inputs())
        found |= {f"{name} {label}": one for name, one in seen.items()}
    return found, missing
