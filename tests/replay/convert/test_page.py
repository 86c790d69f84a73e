"""The page about conversion names what is there."""

from pathlib import Path

import pytest

from cli.convert_job import FORMATS
from replay.convert.tardis import EXCHANGES

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "convert.md").read_text(encoding="utf-8")


def test_every_format_and_exchange_stands_on_the_page():
    for name in FORMATS:
        assert f"| `{name}` |" in PAGE
    for exchange, venue in EXCHANGES.items():
        assert f"`{exchange}`" in PAGE
        assert f"`{venue}`" in PAGE


def test_the_limits_on_the_page_are_those_of_the_code():
    pytest.importorskip("pyarrow", reason="pyarrow is not installed (extra `convert`)")
    from replay.convert.npz_out import WINDOW
    from replay.convert.parquet import ROWS
    from replay.convert.tardis_in import FILES_MAX

    for text in (f"{ROWS:,} rows", f"{WINDOW:,} rows", f"At most {FILES_MAX} files"):
        assert text in PAGE
