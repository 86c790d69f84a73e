"""The client library's reading order, and the example that uses it."""

import subprocess
import sys
from pathlib import Path

import pytest

from cache.client import QuoteBackend, QuoteClient, open_reader
from cache.l2_errors import L2MissingError
from cache.l2_plain_reader import PlainL2Reader
from cache.l2_quote import Miss, Quote, Reason
from cache.l2_reader import L2Reader
from cache.l2_writer import L2Writer
from examples.read_quotes import main

NOW = 1_700_000_000_000_000_000
ROOT = Path(__file__).parents[2]
NAME = "BTC-USDT.BINANCE"
L1_QUOTE = Quote(NAME, 1, 2, 3, 4, 5, NOW, NOW, NOW, 0, 0, 2, 1, 5, 1)


@pytest.fixture
def writer(tmp_path):
    writer = L2Writer(tmp_path / "l2", 4, 4, NOW)
    slot = writer.add(NAME, 2, 1, 5, 1)
    writer.put_quote(slot, 6500012, 150000, 6500013, 0, 9, NOW, NOW, 0, 1)
    writer.put_depth(slot, 9, NOW, NOW, 0, [(6500012, 150000)], [])
    yield writer
    writer.close()


def l1_missing(reason):
    return lambda instrument, ttl_ns, now_ns, ungraded: Miss(reason, instrument, "from L1")


def test_a_quote_of_l1_is_the_answer(writer, tmp_path):
    asked = []

    def l1(*args):
        asked.append(args)
        return L1_QUOTE

    client = QuoteClient(open_reader(tmp_path / "l2"), l1)
    assert client.quote(NAME, 7, NOW) is L1_QUOTE
    assert asked == [(NAME, 7, NOW, False)]
    assert (client.l1_answers, client.backend_answers) == (1, 0)


@pytest.mark.parametrize("reason", [Reason.UNKNOWN, Reason.EMPTY])
def test_what_l1_does_not_have_is_read_from_l2(writer, tmp_path, reason):
    client = QuoteClient(open_reader(tmp_path / "l2"), l1_missing(reason))
    assert client.quote(NAME, 1, NOW).version == 9
    assert client.quote("ETH-USDT.BINANCE", 1, NOW).reason is Reason.UNKNOWN
    assert (client.l1_answers, client.backend_answers) == (0, 2)


@pytest.mark.parametrize("reason", [Reason.STALE, Reason.GRADE])
def test_a_verdict_of_l1_is_not_overruled_by_an_older_copy(writer, tmp_path, reason):
    client = QuoteClient(open_reader(tmp_path / "l2"), l1_missing(reason))
    assert client.quote(NAME, 1, NOW) == Miss(reason, NAME, "from L1")


def test_without_l1_the_clock_of_the_client_is_used(writer, tmp_path):
    times = [NOW + 5, NOW + 6, NOW + 11, NOW + 11]
    client = QuoteClient(open_reader(tmp_path / "l2"), clock=lambda: times.pop(0))
    assert client.instruments() == (NAME,)
    assert client.quote(NAME, 10).version == 9
    assert client.depth(NAME, 10).bids == ((6500012, 150000),)
    assert client.quote(NAME, 10).reason is Reason.STALE
    assert client.depth(NAME, 10).reason is Reason.STALE
    client.close()


def test_both_readers_can_stand_behind_the_client(writer, tmp_path):
    assert isinstance(open_reader(tmp_path / "l2"), L2Reader)
    backends: list[QuoteBackend] = [L2Reader(tmp_path / "l2"), PlainL2Reader(tmp_path / "l2")]
    assert {QuoteClient(backend).quote(NAME, 1, NOW).version for backend in backends} == {9}


def test_no_compiled_core_means_the_plain_reader(writer, tmp_path):
    code = (
        "import sys; sys.modules['cache.l2_reader'] = None\n"
        "from cache.client import open_reader\n"
        "print(type(open_reader(sys.argv[1])).__name__)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "l2")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "PlainL2Reader\n"


def test_opening_no_table_says_so(tmp_path):
    with pytest.raises(L2MissingError, match="is the daemon running"):
        open_reader(tmp_path / "l2")


def test_the_example_prints_exact_decimals_from_another_process(writer, tmp_path):
    ttl_ms = str(100 * 365 * 86_400_000)
    command = [sys.executable, "-m", "examples.read_quotes", str(tmp_path / "l2")]
    # The table's clock stands in the past, so its heartbeat is late to the example.
    done = subprocess.run(
        [*command, "--ttl-ms", ttl_ms], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout.startswith(f"{NAME:<26} no quote: writer_dead (the last heartbeat is ")
    writer.heartbeat((1 << 63) - 1)
    done = subprocess.run(
        [*command, "--ttl-ms", ttl_ms], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout.split()[:6] == [NAME, "bid", "1.50000", "@", "65000.12", "ask"]


def test_the_example_says_what_to_do_when_no_daemon_runs(tmp_path, capsys):
    assert main([str(tmp_path / "l2")]) == 1
    error = capsys.readouterr().err
    assert "no daemon is running" in error
    assert "crossquote run" in error


def test_the_example_names_a_file_that_is_no_table(tmp_path, capsys):
    (tmp_path / "l2").write_bytes(b"x" * 4096)
    assert main([str(tmp_path / "l2")]) == 1
    assert "wrong magic number" in capsys.readouterr().err


def test_the_example_says_when_there_are_no_instruments(tmp_path, capsys):
    writer = L2Writer(tmp_path / "l2", 1, 1, NOW)
    assert main([str(tmp_path / "l2")]) == 1
    assert "holds no instruments yet" in capsys.readouterr().err
    writer.close()
