"""Damaged files of any format end in a named error that says where, never in another one."""

import gzip
import io
import zipfile
from random import Random

import pytest
import zstandard

from replay.convert.errors import ConvertError, Tolerance
from replay.convert.event import Event, EventKind
from replay.convert.layout import NAME, Layout, LayoutWriter
from replay.convert.public import PublicSource
from replay.convert.tardis_in import TardisSource
from replay.convert.tardis_out import TardisWriter

from .events import START

ROUNDS = 60


def events() -> list[Event]:
    head = Event(EventKind.SNAPSHOT, "binance", "BTCUSDT", START, START - 1000)
    told = [head._replace(bids=(("100.5", "1"), ("99", "2")), asks=(("101", "3"),))]
    for at in range(1, 30):
        one = head._replace(ts_recv=START + at * 1000, ts_event=START + at * 900)
        if at % 3 == 0:
            told.append(one._replace(kind=EventKind.TRADE, bids=(("101", "1"),), side="buy"))
        elif at % 3 == 1:
            told.append(one._replace(kind=EventKind.UPDATE, bids=(("99.25", str(at)),)))
        else:
            told.append(one._replace(kind=EventKind.QUOTE, bids=(("100", "1"),)))
    return told


def harmed(data: bytes, random: Random) -> bytes:
    """Return the bytes with some changed, cut out, doubled or cut off."""
    harm = bytearray(data)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(harm)) if harm else 0
        kind = random.random()
        if kind < 0.6 and harm:
            harm[at] = random.choice((random.randrange(256), harm[at] ^ 1 << random.randrange(8)))
        elif kind < 0.75:
            del harm[at : at + random.randint(1, 20)]
        elif kind < 0.9:
            harm[at:at] = harm[at : at + random.randint(1, 20)]
        else:
            del harm[at:]
    return bytes(harm)


def survives(make) -> None:
    """Read strictly, which ends well or in a named error, and then behind all damage."""
    told = ["well"]
    for keep_going in (False, True):
        try:
            told += [str(one) for one in make(Tolerance(keep_going))][-1:]
        except (ConvertError, OSError) as error:
            told.append(str(error))
    assert all(told)


@pytest.mark.parametrize("packed", [False, True])
def test_csv_files(packed, tmp_path):
    writer = TardisWriter(tmp_path, ("incremental_book_L2", "trades", "book_ticker"))
    for event in events():
        writer.take(event)
    writer.close()
    whole = {path: path.read_bytes() for path in tmp_path.iterdir()}
    random = Random(1)
    for _ in range(ROUNDS):
        for path, data in whole.items():
            plain = data if packed else gzip.decompress(data)
            target = path if packed else path.with_suffix("")
            target.write_bytes(harmed(plain, random))
            if not packed:
                path.unlink(missing_ok=True)
        survives(lambda tolerance: TardisSource(tmp_path, tolerance, int).events())


def test_npz_files(tmp_path):
    pytest.importorskip("numpy", reason="numpy is not installed (extra `convert`)")
    from replay.convert.npz_in import NpzSource
    from replay.convert.npz_out import NpzWriter

    sink = io.BytesIO()
    with NpzWriter(tmp_path) as writer:
        for event in events():
            writer.take(event)
        writer.finish(sink)
    with zipfile.ZipFile(sink) as packed:
        inner = packed.read("data.npy")
    path, random = tmp_path / "x.npz", Random(2)

    def make(tolerance):
        yield from NpzSource(path, ("binance", "BTCUSDT"), tolerance, int).events()

    for at in range(ROUNDS):
        if at % 2:
            path.write_bytes(harmed(sink.getvalue(), random))
        else:
            # Without checksums in the way.
            with zipfile.ZipFile(path, "w") as packed:
                packed.writestr("data.npy", harmed(inner, random))
        survives(make)


def test_parquet_files(tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed (extra `convert`)")
    from replay.convert.parquet_in import ParquetSource
    from replay.convert.parquet_out import ParquetWriter

    writer = ParquetWriter(tmp_path, "ticks", lambda venue, symbol: None)
    for event in events():
        writer.take(event)
    writer.close()
    whole = {path: path.read_bytes() for path in tmp_path.iterdir()}
    random = Random(3)

    def make(tolerance):
        yield from ParquetSource(tmp_path, tolerance, int).events()

    for _ in range(ROUNDS):
        for path, data in whole.items():
            path.write_bytes(harmed(data, random) if random.random() < 0.5 else data)
        survives(make)


def test_layouts(tmp_path):
    path, random = tmp_path / "x.txt", Random(5)
    path.write_bytes(b"# head\n" + b'1700000000000000001 {"stream":"btcusdt@trade"}\n' * 9)
    sink = io.BytesIO()
    source = PublicSource([("binance", [path])], Tolerance(True), int)
    inputs = list(source.inputs(LayoutWriter(sink)))

    def make(tolerance):
        layout = Layout(tmp_path)
        yield layout.write(iter(inputs), [io.BytesIO() for _ in layout.files])

    for _ in range(5 * ROUNDS):
        packed = zstandard.ZstdCompressor().compress(harmed(sink.getvalue(), random))
        (tmp_path / NAME).write_bytes(packed)
        survives(make)


def test_public_files(tmp_path):
    path, random = tmp_path / "x.txt", Random(4)
    texts = [
        b'1700000000000000001 {"stream":"btcusdt@trade","data":{}}\n' * 4,
        b"wss://a <-> 1.5\n1700000001.25: {}\nhttps://a -> 1700000001.5: {}\n" * 3,
        b'{"t":"recv","conn":"a","ts":1700000000.5,"data":"{}"}\n' * 4,
    ]

    def make(tolerance):
        yield from PublicSource([("binance", [path])], tolerance, int).inputs()

    for at in range(3 * ROUNDS):
        path.write_bytes(harmed(texts[at % 3], random))
        survives(make)
