"""Files of one venue become one stream of inputs with connection names."""

import orjson
import pytest

from market.inputs import InputKind
from replay.source import Recorded, merged
from tests.node_world import SECOND, START, depth_reply, diff

BASE = START


def write(path, *rows: tuple[int, bytes]):
    """Write a file of form A."""
    path.write_bytes(b"".join(b"%d %s\n" % row for row in rows))
    return path


def kinds(source: Recorded) -> list[tuple[InputKind, str]]:
    return [(item.kind, item.source) for item in source.inputs()]


def test_a_connection_that_was_never_opened_opens_with_its_first_frame(tmp_path):
    path = write(tmp_path / "a", (BASE, diff("BTCUSDT", 1, 2)))
    assert kinds(Recorded("binance", [path])) == [
        (InputKind.OPEN, "binance.1"),
        (InputKind.FRAME, "binance.1"),
    ]


def test_replies_come_by_the_venues_rest_door(tmp_path):
    path = write(tmp_path / "a", (BASE, diff("BTCUSDT", 1, 2)), (BASE + 1, depth_reply(1, [], [])))
    assert kinds(Recorded("binance", [path]))[-1] == (InputKind.REPLY, "binance.rest")


def test_a_file_whose_ids_continue_another_is_the_same_connection(tmp_path):
    first = write(tmp_path / "b", (BASE, diff("BTCUSDT", 1, 5)))
    second = write(tmp_path / "a", (BASE + SECOND, diff("BTCUSDT", 6, 9)))
    for paths in ([first, second], [second, first]):
        found = kinds(Recorded("binance", paths))
        assert [kind for kind, _ in found] == [InputKind.OPEN, InputKind.FRAME, InputKind.FRAME]
        assert len({source for _, source in found}) == 1


def test_a_file_whose_ids_do_not_continue_is_a_connection_of_its_own(tmp_path):
    first = write(tmp_path / "a", (BASE, diff("BTCUSDT", 1, 5)))
    second = write(tmp_path / "b", (BASE + SECOND, diff("BTCUSDT", 7, 9)))
    found = kinds(Recorded("binance", [first, second]))
    assert [source for _, source in found] == ["binance.1"] * 2 + ["binance.2"] * 2


def test_files_merge_by_receive_time(tmp_path):
    first = write(tmp_path / "a", (BASE, diff("A", 1, 1)), (BASE + 20, diff("A", 2, 2)))
    second = write(tmp_path / "b", (BASE + 10, diff("B", 1, 1)))
    times = [
        item.ts_recv - BASE
        for item in Recorded("binance", [first, second]).inputs()
        if item.kind is InputKind.FRAME
    ]
    assert times == [0, 10, 20]


def test_a_shift_moves_every_input_of_the_source(tmp_path):
    path = write(tmp_path / "a", (BASE, diff("A", 1, 1)), (BASE + 1, depth_reply(1, [], [])))
    moved = [item.ts_recv for item in Recorded("binance", [path], -5 * SECOND).inputs()]
    assert moved == [BASE - 5 * SECOND] * 2 + [BASE - 5 * SECOND + 1]


def test_connection_labels_of_the_recording_are_kept(tmp_path):
    rows = [
        {"t": "connect", "conn": "X.ws.7", "ts": 1.0, "addr": "wss://a"},
        {"t": "recv", "conn": "X.ws.7", "ts": 2.0, "data": "{}"},
        {"t": "recv", "conn": "X.ws.8", "ts": 3.0, "data": "{}"},
        {"t": "disconnect", "conn": "X.ws.7", "ts": 4.0},
    ]
    path = tmp_path / "a"
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    assert kinds(Recorded("coinbase", [path])) == [
        (InputKind.OPEN, "coinbase.X.ws.7"),
        (InputKind.FRAME, "coinbase.X.ws.7"),
        (InputKind.OPEN, "coinbase.X.ws.8"),
        (InputKind.FRAME, "coinbase.X.ws.8"),
        (InputKind.CLOSE, "coinbase.X.ws.7"),
    ]


def test_damage_ends_a_file_but_not_the_others(tmp_path):
    whole = write(tmp_path / "a", (BASE, diff("A", 1, 1)), (BASE + 9, diff("A", 2, 2)))
    (tmp_path / "b.gz").write_bytes(b"\x1f\x8bnothing")
    source = Recorded("binance", [tmp_path / "b.gz", whole])
    assert [kind for kind, _ in kinds(source)].count(InputKind.FRAME) == 2
    assert source.files[0].problems.count >= 1
    assert source.files[1].problems.count == 0


def test_what_cannot_be_opened_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(FileNotFoundError):
        Recorded("binance", [tmp_path / "none"])
    with pytest.raises(IsADirectoryError):
        Recorded("binance", [tmp_path])
    with pytest.raises(ValueError, match="unknown venue 'kraken'"):
        Recorded("kraken", [])


def test_one_source_alone_comes_as_it_is(tmp_path):
    path = write(tmp_path / "a", (BASE, diff("A", 1, 1)))
    one = Recorded("binance", [path])
    assert list(merged([one])) == list(one.inputs())
