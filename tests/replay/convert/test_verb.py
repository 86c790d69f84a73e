"""`crossquote convert` says with its exit code what came of it, and leaves all or nothing."""

import gzip
import io
import sys

import pytest

import cli.convert_source
from cli.convert_progress import progress
from replay.convert import output
from replay.segment import DiskFull
from tests.node_world import DEPTH_URL, book_ticker, depth_reply, diff, trade

from .rig import convert, converted

T0 = 1_700_000_000_000_000_000


def lines() -> list[bytes]:
    """Return a small file of form A: a book that comes to life, quotes and trades."""
    rows = [diff("BTCUSDT", 95, 101)]
    rows.append(depth_reply(100, [("100.00", "1"), ("99.00", "2")], [("101.00", "1")]))
    for at in range(20):
        rows.append(diff("BTCUSDT", 102 + at, 102 + at, bids=[("99.50", f"{at + 1}")]))
        rows.append(book_ticker("BTCUSDT", 102 + at, ("100.00", "1"), ("101.00", "1")))
        rows.append(trade("BTCUSDT", at + 1, "101.00", "0.5"))
    return [b"%d %b" % (T0 + at * 1_000_000, row) for at, row in enumerate(rows)]


@pytest.fixture
def public(tmp_path):
    path = tmp_path / "some.txt"
    path.write_bytes(b"\n".join(lines()) + b"\n")
    return path


@pytest.fixture
def native(public, tmp_path, capsys):
    converted(capsys, f"binance={public}", "--to", "native", tmp_path / "native")
    return tmp_path / "native"


def left(tmp_path) -> list[str]:
    """Return what stands beside the source, temporary files included."""
    return sorted(path.name for path in tmp_path.iterdir() if path.name != "some.txt")


def test_people_read_lines_and_programs_one_object(public, tmp_path, capsys):
    code, out, err = convert(capsys, f"binance={public}", "--to", "tardis", tmp_path / "csv")
    assert (code, err) == (0, "")
    assert "rows: incremental_book_L2 23, book_ticker 20, trades 20" in out
    made = converted(capsys, f"binance={public}", "--to", "tardis", tmp_path / "csv2", "--hash")
    assert made["events"] == 61
    assert made["problems"] == []
    assert list(made["books"]) == ["BTCUSDT.BINANCE"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["{public}", "--to", "native"], "neither a recording"),
        (["nowhere", "--to", "native"], "no such file"),
        (["kraken={public}", "--to", "native"], "unknown venue 'kraken'"),
        (["binance=", "--to", "native"], "no path after"),
        (["binance=nowhere", "--to", "native"], "No such file"),
        (["{native}", "--to", "native"], "a native recording already"),
        (["binance={public}", "--to", "public"], "only a recording"),
        (["binance={public}", "--to", "tardis", "--types", "depth"], "no data type"),
        (["binance={public}", "--to", "tardis", "--instrument", "?"], "--instrument ?"),
        (["binance={public}", "--to", "native", "--instrument", "BTC-USDT.BINANCE"], "not go"),
        (["binance={public}", "--to", "npz"], "must end in .npz"),
        (["binance={public}", "--to", "native", "--instruments", "nowhere"], "--instruments"),
        (["{csv}", "--to", "form-c"], "the venue's own frames"),
        (["{csv}", "--to", "native"], "sequence numbers"),
        (["{csv}", "--with", "x", "--to", "parquet"], "--with"),
    ],
)
def test_what_cannot_be_converted_exits_2_and_leaves_nothing(
    words, message, public, native, tmp_path, capsys
):
    converted(capsys, native, "--to", "tardis", tmp_path / "csv")
    before = left(tmp_path)
    names = {"public": public, "native": native, "csv": tmp_path / "csv"}
    words = [word.format(**names) for word in words]
    code, out, err = convert(capsys, *words, tmp_path / "out")
    assert (code, out) == (2, "")
    assert message in err
    assert left(tmp_path) == before


def test_an_npz_file_needs_its_instrument_named(native, tmp_path, capsys):
    pytest.importorskip("numpy", reason="numpy is not installed (extra `convert`)")
    made = converted(capsys, native, "--to", "npz", tmp_path / "x.npz", "--hash")
    code, _, err = convert(capsys, tmp_path / "x.npz", "--to", "tardis", tmp_path / "csv")
    assert code == 2
    assert "--instrument" in err
    words = [tmp_path / "x.npz", "--instrument", "BTC-USDT.BINANCE", "--to", "tardis"]
    back = converted(capsys, *words, tmp_path / "csv", "--hash")
    assert back["books"] == made["books"]


def test_nothing_is_ever_overwritten(public, tmp_path, capsys):
    (tmp_path / "out").write_text("mine")
    code, _, err = convert(capsys, f"binance={public}", "--to", "native", tmp_path / "out")
    assert code == 2
    assert "is there already" in err
    assert (tmp_path / "out").read_text() == "mine"
    code, _, err = convert(capsys, f"binance={public}", "--to", "native", tmp_path / "a" / "b")
    assert code == 2
    assert "no such directory" in err


@pytest.mark.parametrize("to", ["native", "form-c", "tardis", "parquet", "npz"])
def test_damage_exits_1_with_its_line_and_leaves_nothing(to, public, tmp_path, capsys):
    if to in ("parquet", "npz"):
        pytest.importorskip("pyarrow", reason="pyarrow is not installed (extra `convert`)")
    rows = lines()
    rows[30] = b"what"
    public.write_bytes(b"\n".join(rows))
    before = left(tmp_path)
    out = tmp_path / ("out.npz" if to == "npz" else "out")
    code, _, err = convert(capsys, f"binance={public}", "--to", to, out)
    assert code == 1
    assert "some.txt: line 31: no receive time" in err
    assert left(tmp_path) == before
    code, _, err = convert(capsys, f"binance={public}", "--to", to, out, "--keep-going")
    assert code == 1
    assert "some.txt: line 31" in err
    assert out.exists()


def test_a_file_cut_off_exits_1_and_is_kept_as_far_as_it_goes(public, tmp_path, capsys):
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(public.read_bytes())[:-30])
    code, _, err = convert(capsys, f"binance={path}", "--to", "form-c", tmp_path / "out")
    assert code == 1
    assert "cut.gz: damaged or cut off" in err
    words = ["--to", "form-c", tmp_path / "out", "--keep-going"]
    assert convert(capsys, f"binance={path}", *words)[0] == 1
    assert (tmp_path / "out").exists()


def test_a_damaged_recording_exits_1_and_names_the_segment(native, tmp_path, capsys):
    (segment,) = native.glob("*.seg.zst")
    segment.write_bytes(segment.read_bytes()[:-200])
    code, _, err = convert(capsys, native, "--to", "form-c", tmp_path / "out")
    assert code == 1
    assert "recording-000001" in err or "segment 1" in err
    assert not (tmp_path / "out").exists()


def test_a_recording_of_another_version_exits_2_and_says_what_helps(
    native, tmp_path, capsys, monkeypatch
):
    import checkpoint

    def load(data):
        raise checkpoint.UnsupportedCheckpointError("checkpoint version 9")

    monkeypatch.setattr("cli.convert_source.checkpoint.load", load)
    code, _, err = convert(capsys, native, "--to", "tardis", tmp_path / "out")
    assert code == 2
    assert "convert to it first" in err
    assert converted(capsys, native, "--to", "form-a", tmp_path / "a.txt")["lines"] == 62


def test_a_missing_library_is_named_with_the_remedy(native, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cli.convert_source.importlib.util, "find_spec", lambda name: None)
    for to, library in (("parquet", "pyarrow"), ("npz", "numpy")):
        code, _, err = convert(capsys, native, "--to", to, tmp_path / "out.npz")
        assert code == 2
        assert f"{library} is not installed" in err


def test_a_full_disk_exits_1_and_leaves_nothing(native, tmp_path, capsys, monkeypatch):
    before = left(tmp_path)

    def full(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output.os, "fsync", full)
    for to in ("form-c", "tardis"):
        code, _, err = convert(capsys, native, "--to", to, tmp_path / "out")
        assert code == 1
        assert "No space left" in err
        assert left(tmp_path) == before


def test_a_disk_that_fills_while_segments_are_packed_exits_1_and_leaves_nothing(
    public, tmp_path, capsys, monkeypatch
):
    def full(path):
        raise DiskFull("recording-000001.seg.zst: no room")

    monkeypatch.setattr("replay.convert.native.compress", full)
    before = left(tmp_path)
    code, _, err = convert(capsys, f"binance={public}", "--to", "native", tmp_path / "out")
    assert code == 1
    assert "the recording cannot be written: recording-000001.seg.zst: no room" in err
    assert left(tmp_path) == before


def test_an_empty_source_is_refused(public, tmp_path, capsys):
    public.write_bytes(b"")
    code, _, err = convert(capsys, f"binance={public}", "--to", "native", tmp_path / "out")
    assert code == 1
    assert "the file is empty" in err
    words = [f"binance={public}", "--to", "native", tmp_path / "out", "--keep-going"]
    code, _, err = convert(capsys, *words)
    assert code == 2
    assert "holds no input" in err


def test_form_a_refuses_what_would_mean_something_else(public, tmp_path, capsys):
    """Snapshots have no name there, and connections neither."""
    rows = [
        b'{"t":"connect","conn":"a","ts":1700000000.0,"addr":"wss://a"}',
        b'{"t":"recv","conn":"a","ts":1700000000.1,"data":"{\\"stream\\":\\"ethusdt@trade\\"}"}',
        b'{"t":"http","conn":"h","ts":1700000000.2,"url":"%b","data":"{}"}'
        % DEPTH_URL.format("BTCUSDT").encode(),
        b'{"t":"recv","conn":"b","ts":1700000000.3,"data":"{}"}',
    ]
    public.write_bytes(b"\n".join(rows[:3]))
    code, _, err = convert(capsys, f"binance={public}", "--to", "form-a", tmp_path / "out")
    assert code == 2
    assert "BTCUSDT's" in err
    public.write_bytes(b"\n".join([*rows[:2], rows[3]]))
    for form in ("form-a", "form-b"):
        code, _, err = convert(capsys, f"binance={public}", "--to", form, tmp_path / "out")
        assert code == 2
        assert "does not name connections" in err
    code, _, err = convert(capsys, f"coinbase={public}", "--to", "form-a", tmp_path / "out")
    assert code == 2
    assert "Binance only" in err


def test_instruments_of_a_file_give_the_grids(public, tmp_path, capsys):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed (extra `convert`)")
    import json

    import pyarrow.parquet as pq

    rules = tmp_path / "rules.json"
    row = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT"}
    row["filters"] = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.00010000"},
        {"filterType": "LOT_SIZE", "stepSize": "0.00001000", "minQty": "0", "maxQty": "0"},
    ]
    rules.write_text(json.dumps({"symbols": [row]}))
    words = ["--to", "parquet", tmp_path / "out", "--numbers", "ticks", "--instruments", rules]
    converted(capsys, f"binance={public}", *words)
    told = json.loads(pq.read_metadata(tmp_path / "out" / "book.parquet").metadata[b"crossquote"])
    assert [(one["price"], one["size"]) for one in told["grids"]] == [("0.0001", "0.00001")]


def test_progress_is_drawn_on_a_terminal_and_nowhere_else(monkeypatch):
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with progress(quiet=False) as heard:
        heard.total(1000)
        heard(1000)
    assert "1.0/1.0 kB" in screen.getvalue()
    with progress(quiet=True) as heard:
        heard.total(5)
        heard(5)


@pytest.mark.parametrize("to", ["form-a", "form-b", "form-c", "tardis", "parquet"])
def test_the_bytes_heard_add_up_to_the_size_told(to, public, native, tmp_path):
    from cli.convert_job import Job, Options

    if to == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed (extra `convert`)")
    words = [f"binance={public}"] if to != "form-a" else [str(native)]
    if to == "form-b":
        words = [str(native)]
        to = "form-c"
    heard = []
    job = Job(words, Options(to, tmp_path / "out"), heard.append)
    job.run()
    assert sum(heard) == job.size > 0
