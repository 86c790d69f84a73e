"""Recordings of a node, in several segments and runs, are converted as far as they can be read."""

import json

import pytest

import checkpoint
from node import Node
from replay.convert.book import book_hash
from replay.convert.errors import ConvertError
from replay.convert.native import write_native
from replay.native_format import LOG
from replay.segment_files import list_segments
from tests.recorded_world import feed, fresh_node, record

from .rig import books_of, convert, converted

INPUTS = feed()[:900]
SEGMENT = 192 * 1024
VENUES = {"binance": "BINANCE", "coinbase": "COINBASE"}


def hashes(node: Node) -> dict:
    told = zip(node.instruments, books_of(node).values(), strict=True)
    return {
        f"{one.native}.{VENUES[one.venue]}": book_hash(reason == "live", tuple(bids), tuple(asks))
        for one, (reason, bids, asks) in told
    }


@pytest.fixture
def recorded(tmp_path):
    """A recording in several segments, and the node that it ends with."""
    (tmp_path / "native").mkdir()
    node = record(tmp_path / "native", INPUTS, segment_bytes=SEGMENT)
    assert len(list_segments(tmp_path / "native", LOG)) > 3
    return tmp_path / "native", node


def test_all_segments_are_one_stream_of_events(recorded, tmp_path, capsys):
    made = converted(capsys, recorded[0], "--to", "tardis", tmp_path / "csv", "--hash")
    assert made["books"] == hashes(recorded[1])
    assert made["left_out"] == {}


def test_a_recording_whose_oldest_segments_are_gone_begins_with_its_checkpoints_books(
    recorded, tmp_path, capsys
):
    directory, node = recorded
    for file in list_segments(directory, LOG)[:2]:
        file.path.unlink()
    made = converted(capsys, directory, "--to", "tardis", tmp_path / "csv", "--hash")
    assert made["books"] == hashes(node)


def test_behind_a_damaged_segment_the_next_checkpoint_voids_and_renews_the_books(
    recorded, tmp_path, capsys
):
    directory, node = recorded
    file = list_segments(directory, LOG)[2]
    data = bytearray(file.path.read_bytes())
    data[-5000] ^= 1
    file.path.write_bytes(data)
    code, _, err = convert(capsys, directory, "--to", "tardis", tmp_path / "csv")
    assert code == 1
    assert file.path.name in err
    assert not (tmp_path / "csv").exists()
    words = ["--to", "tardis", tmp_path / "csv", "--hash", "--keep-going", "--json"]
    code, out, err = convert(capsys, directory, *words)
    assert code == 1
    made = json.loads(out)
    assert file.path.name in made["problems"][0]
    assert made["books"] == hashes(node)


def test_a_missing_segment_is_damage(recorded, tmp_path, capsys):
    directory, _ = recorded
    list_segments(directory, LOG)[2].path.unlink()
    code, _, err = convert(capsys, directory, "--to", "tardis", tmp_path / "out")
    assert code == 1
    assert "what stood before it is not there" in err


def test_a_second_run_into_the_same_directory_goes_on_with_its_own_node(tmp_path, capsys):
    (tmp_path / "native").mkdir()
    record(tmp_path / "native", INPUTS[:400], segment_bytes=SEGMENT)
    later = INPUTS[-1].ts_recv - INPUTS[0].ts_recv
    node = record(
        tmp_path / "native",
        [item._replace(ts_recv=item.ts_recv + later) for item in INPUTS],
        segment_bytes=SEGMENT,
    )
    made = converted(capsys, tmp_path / "native", "--to", "tardis", tmp_path / "csv", "--hash")
    assert made["books"] == hashes(node)
    assert made["left_out"]["lost"] > 0


def test_one_venue_of_a_recording_becomes_form_c_that_replays_alike(recorded, tmp_path, capsys):
    directory, node = recorded
    for venue, suffix in VENUES.items():
        out = tmp_path / f"{venue}.jsonl.gz"
        converted(capsys, directory, "--venue", venue, "--to", "form-c", out)
        made = converted(capsys, f"{venue}={out}", "--to", "tardis", tmp_path / venue, "--hash")
        wanted = {name: one for name, one in hashes(node).items() if name.endswith(f".{suffix}")}
        assert made["books"] == wanted
    code, _, err = convert(capsys, directory, "--to", "form-c", tmp_path / "out")
    assert code == 2
    assert "--venue" in err


def test_an_input_that_cannot_be_recorded_ends_the_conversion(tmp_path):
    """Nothing is left out silently: a frame over the segment log's limit is an error."""
    huge = INPUTS[5]._replace(data=bytes(65 * 1024 * 1024))
    (tmp_path / "native").mkdir()
    with pytest.raises(ConvertError, match="input 3 cannot be recorded"):
        write_native(tmp_path / "native", [*INPUTS[:2], huge], fresh_node(), checkpoint.dump)
