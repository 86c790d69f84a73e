"""`crossquote replay`: usage errors, damaged recordings and the fields of its JSON."""

import orjson
import pytest

from cli.main import main
from tests.node_world import SECOND, START, depth_reply, diff

ROW = (
    *("instrument", "state", "diffs", "stale", "applied", "gaps", "crossed", "reference_checks"),
    *("reference_mismatches", "bid", "ask", "bid_levels", "ask_levels", "last_sequence"),
)
TOP = (
    *("inputs", "feed_seconds", "wall_seconds", "events", "digest", "books", "connections"),
    "edges",
)


@pytest.fixture
def recording(tmp_path):
    """Return a small whole recording of Binance spot."""
    rows = [
        (START, diff("BTCUSDT", 99, 101, [("100.00", "1.500")])),
        (START + 1, depth_reply(100, [("99.50", "2.000")], [("101.00", "1.00")])),
        (START + SECOND, diff("BTCUSDT", 102, 102, [], [("101.50", "3.00")])),
    ]
    path = tmp_path / "a.txt"
    path.write_bytes(b"".join(b"%d %s\n" % row for row in rows))
    return path


def run(capsys, *words: str) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of a replay."""
    try:
        code = main(["replay", *words])
    except SystemExit as error:
        code = error.code
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_json_is_one_object_with_the_promised_fields(capsys, recording):
    code, out, err = run(capsys, "--source", f"binance={recording}", "--json")
    assert (code, err) == (0, "")
    result = orjson.loads(out)
    assert set(TOP) <= set(result)
    assert isinstance(result["edges"], dict)
    (book,) = result["books"]
    assert set(ROW) <= set(book)
    assert {key: book[key] for key in ROW} == {
        "instrument": "BTC-USDT.BINANCE",
        "state": "live",
        "diffs": 2,
        "stale": 0,
        "applied": 2,
        "gaps": 0,
        "crossed": 0,
        "reference_checks": 0,
        "reference_mismatches": 0,
        "bid": ["100", "1.5"],
        "ask": ["101", "1"],
        "bid_levels": 2,
        "ask_levels": 2,
        "last_sequence": 102,
    }
    assert (result["inputs"], result["feed_seconds"], result["events"]) == (4, 1.0, 2)
    assert len(result["digest"]) == 16
    assert [row["connection"] for row in result["connections"]] == ["binance.1", "binance.rest"]


def test_a_book_that_is_not_live_says_why_and_shows_no_price(capsys, tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"%d %s\n" % (START, diff("BTCUSDT", 1, 2, [("5", "1")])))
    _, out, _ = run(capsys, "--source", f"binance={path}", "--json")
    (book,) = orjson.loads(out)["books"]
    assert (book["state"], book["bid"], book["ask"]) == ("no snapshot", None, None)
    assert book["last_sequence"] is None


def test_people_get_lines_instead(capsys, recording):
    code, out, _ = run(capsys, "--source", f"binance={recording}")
    assert code == 0
    assert "BTC-USDT.BINANCE" in out
    assert "live" in out
    assert "digest" in out


USAGE = [
    (["--source", "kraken={}"], "unknown venue 'kraken'"),
    (["--source", "binance"], "no path"),
    (["--source", "binance="], "no path"),
    (["--source", "binance={}.none"], "No such file"),
    (["--source", "binance={}", "--shift", "binance"], "expected VENUE=SECONDS"),
    (["--source", "binance={}", "--shift", "binance=soon"], "expected VENUE=SECONDS"),
    (["--source", "binance={}", "--shift", "binance=nan"], "expected VENUE=SECONDS"),
    (["--source", "binance={}", "--shift", "binance=inf"], "expected VENUE=SECONDS"),
    (["--source", "binance={}", "--shift", "binance=1e30"], "more than"),
    (["--source", "binance={}", "--shift", "coinbase=1"], "no such source"),
    (["--source", "binance={}", "--instruments", "{}.none"], "No such file"),
    (["--source", "binance={}", "--instruments", "{}"], "not JSON"),
    ([], "--source"),
    (["--source", "binance={}", "--sauce"], "--sauce"),
]


@pytest.mark.parametrize(("words", "message"), USAGE, ids=lambda value: str(value)[:50])
def test_wrong_usage_exits_2_and_says_what_is_wrong(capsys, recording, words, message):
    code, out, err = run(capsys, *(word.format(recording) for word in words))
    assert code == 2
    assert out == ""
    assert message in err


def test_an_instruments_file_of_the_wrong_shape_exits_2(capsys, recording, tmp_path):
    rules = tmp_path / "rules.json"
    rules.write_text('[{"id": 5}]')
    code, _, err = run(capsys, "--source", f"binance={recording}", "--instruments", str(rules))
    assert code == 2
    assert "rules.json" in err


def test_a_damaged_recording_exits_1_with_the_rest_replayed(capsys, recording):
    text = recording.read_bytes().splitlines(keepends=True)
    recording.write_bytes(b"junk\n" + text[0] + b"1700000000 x\n" + b"more\n" + b"".join(text[1:]))
    code, out, err = run(capsys, "--source", f"binance={recording}", "--json")
    assert code == 1
    result = orjson.loads(out)
    assert result["books"][0]["state"] == "live"
    assert result["books"][0]["applied"] == 2
    assert len(result["problems"]) == 2
    assert result["problems"][0] == "binance: a.txt: line 1: no receive time"
    assert "line 1" in err


@pytest.mark.parametrize("name", ["a.gz", "a.zst", "a.txt"])
def test_an_empty_recording_exits_1(capsys, tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    code, _, err = run(capsys, "--source", f"binance={tmp_path / name}")
    assert code == 1
    assert "the file is empty" in err


def test_a_venue_named_twice_is_one_source_of_both_files(capsys, recording, tmp_path):
    other = tmp_path / "b.txt"
    other.write_bytes(b"%d %s\n" % (START + 2 * SECOND, diff("BTCUSDT", 103, 104)))
    twice = run(
        capsys, "--source", f"binance={recording}", "--source", f"binance={other}", "--json"
    )
    once = run(capsys, "--source", f"binance={recording},{other}", "--json")
    digests = [orjson.loads(out)["digest"] for _, out, _ in (twice, once)]
    assert digests[0] == digests[1]
    assert orjson.loads(twice[1])["books"][0]["applied"] == 3


def test_a_shift_moves_one_clock(capsys, recording, tmp_path):
    other = tmp_path / "b.txt"
    other.write_bytes(b"%d %s\n" % (START - 9 * SECOND, diff("BTCUSDT", 1, 2)))
    sources = ["--source", f"binance={recording}", "--source", f"binance-us={other}", "--json"]
    _, plain, _ = run(capsys, *sources)
    _, moved, _ = run(capsys, *sources, "--shift", "binance-us=9.5")
    assert orjson.loads(plain)["feed_seconds"] == 10.0
    assert orjson.loads(moved)["feed_seconds"] == 1.0
