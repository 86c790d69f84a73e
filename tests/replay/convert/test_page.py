"""The page about conversion says what is there: its commands run, its example reads."""

import gzip
import re
import shlex
from itertools import islice
from pathlib import Path

import pytest

from cli.convert_job import FORMATS
from cli.main import main
from replay.convert.tardis import EXCHANGES
from replay.lines import chunks, split
from tests.node_world import feed, needs_feeds

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


@needs_feeds
def test_the_commands_of_the_page_run_one_after_the_other_and_its_example_reads(
    tmp_path, monkeypatch, capsys
):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed (extra `convert`)")
    monkeypatch.chdir(tmp_path)
    for path in feed("binance-spot-2024-08"):
        rows = islice(split(chunks(path), path.name), 2500)
        Path(path.name).write_bytes(gzip.compress(b"".join(row + b"\n" for row in rows), 1))
    commands = re.findall(r"^crossquote (convert (?!SOURCE).*)$", PAGE, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        assert main(shlex.split(command)) == 0, capsys.readouterr().err
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict = {}
    exec(example, names)
    assert names["told"]["numbers"] == "ticks"
    assert [one["symbol"] for one in names["told"]["grids"]] == ["BTCUSDT"]
