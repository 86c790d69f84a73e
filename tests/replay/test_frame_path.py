"""The compiled path records, handles and publishes as its plain twin does, input for input."""

import pytest

import checkpoint
from cache.l2_writer import L2Writer
from cache.publisher import GRADE_FORBIDS, Publisher
from market.effects import EffectKind
from market.inputs import Input, InputKind
from market.probe import STAGES, Probe, Ticks
from market.timers import NEVER
from replay.frame_path import FramePath
from replay.native import Replay
from replay.native_format import LOG
from replay.native_reader import Recording
from replay.plain_frame_path import PlainFramePath
from replay.recording import Recorder
from replay.segment_files import list_segments
from tests.node_world import START
from tests.recorded_world import feed, fresh_node

SEGMENT = 256 * 1024


class Driven:
    """A node on a path with a recording and a table; keeps what the path asked for."""

    def __init__(self, path_class, folder):
        self.node = fresh_node()
        self.effects = []
        self.armed = []
        self.path = path_class(self.node, self.effects.extend, self._arm)
        folder.mkdir()
        self.folder = folder
        self.recorder = Recorder(
            folder,
            checkpoint=lambda: checkpoint.dump(self.node),
            started_ns=START,
            segment_bytes=SEGMENT,
        )
        writer = L2Writer(folder / "table.l2", 8, 5, START, grade_forbids=GRADE_FORBIDS)
        self.publisher = Publisher(writer, 5)
        self.path.record_with(self.recorder)
        self.path.publish_with(self.publisher)

    def _arm(self):
        self.path.wake_ns = self.node.timers.next_ns
        self.armed.append(self.path.wake_ns)

    def take(self, item):
        if item.kind is InputKind.FRAME:
            self.path.frame(item.source, item.data, item.ts_recv)
        else:
            self.path.feed(item)
        if item.ts_recv >= self.path.wake_ns:
            self.path.wake_ns = NEVER
            self.path.feed(Input(item.ts_recv, InputKind.TIMER, "timer"))

    def table(self):
        self.publisher.depth(self.node.books)
        return (self.folder / "table.l2").read_bytes()

    def segments(self):
        return [file.path.read_bytes() for file in list_segments(self.folder, LOG)]

    def close(self):
        self.recorder.close(int(self.node.digest))
        self.publisher.close()


@pytest.fixture
def pair(tmp_path):
    """A compiled path and its plain twin."""
    made = [Driven(FramePath, tmp_path / "compiled"), Driven(PlainFramePath, tmp_path / "plain")]
    yield made
    for one in made:
        one.close()


def test_both_leave_the_same_segments_table_effects_and_state(pair):
    compiled, plain = pair
    for item in feed():
        for one in pair:
            one.take(item)
    assert compiled.table() == plain.table()
    for one in pair:
        one.close()
    assert len(compiled.segments()) > 4
    assert compiled.segments() == plain.segments()
    assert compiled.effects == plain.effects
    assert {EffectKind.FETCH, EffectKind.OPPORTUNITY} <= {one.kind for one in compiled.effects}
    assert compiled.armed == plain.armed
    assert len(compiled.armed) > 1
    assert checkpoint.state_hash(compiled.node) == checkpoint.state_hash(plain.node)


def test_a_probe_changes_nothing_and_sees_every_stage(pair):
    """Measured and not, the same is recorded, published and decided."""
    compiled, plain = pair
    probe = Probe(Ticks(10), 2)
    compiled.path.probe_with(probe)
    for item in feed():
        for one in pair:
            one.take(item)
    assert compiled.table() == plain.table()
    for one in pair:
        one.close()
    assert compiled.segments() == plain.segments()
    assert compiled.effects == plain.effects
    assert checkpoint.state_hash(compiled.node) == checkpoint.state_hash(plain.node)
    frames = sum(item.kind is InputKind.FRAME for item in feed())
    rows = {venue: dict(zip(STAGES, row, strict=True)) for venue, row in probe.venues.items()}
    assert sum(row["total"].count for row in rows.values()) == frames // 2
    for row in rows.values():
        assert row["decode"].count == row["record"].count == row["total"].count
        assert 0 < row["book"].count <= row["total"].count
        parts = ("record", "decode", "book", "cache", "decision", "effects")
        assert sum(row[part].sum for part in parts) == row["total"].sum


def test_what_the_compiled_path_records_verifies(pair):
    compiled, _ = pair
    for item in feed():
        compiled.take(item)
    compiled.close()
    done = Replay(Recording(compiled.folder), checkpoint, verify=True).run()
    assert (done.difference, done.problems) == (None, [])
    assert done.verified == done.inputs == compiled.node.inputs > len(feed())


def test_a_frame_is_recorded_before_it_is_handled(pair):
    for one in pair:
        with pytest.raises(ValueError, match="venue"):
            one.path.frame("no-such-venue.ws.1", b"{}", START)
        one.close()
        entries = [entry.input for entry in Recording(one.folder).part(1)]
        assert [item.data for item in entries if item is not None] == [b"{}"]


def test_a_frame_that_cannot_be_recorded_is_handled_and_counted(pair):
    first, *rest = [item for item in feed() if item.kind is InputKind.FRAME][:200]
    for one in pair:
        one.take(first)
        one.recorder.close(int(one.node.digest))
        for item in rest:
            one.take(item)
        assert one.recorder.counts.missed == one.node.inputs - 1
        assert one.node.inputs >= 1 + len(rest)


def test_without_recorder_and_table_touches_do_not_pile_up():
    for path_class in (FramePath, PlainFramePath):
        node = fresh_node()
        path = path_class(node, lambda effects: None, lambda: None)
        for item in feed():
            path.feed(item)
        assert node.events > 1000
        assert node.touched == {}


@pytest.mark.parametrize("path_class", [FramePath, PlainFramePath])
def test_effects_may_bring_further_inputs_before_the_call_returns(path_class):
    node = fresh_node()
    asked = []

    def carry_out(effects):
        for effect in list(effects):
            asked.append(effect.kind)
            if effect.kind is EffectKind.FETCH:
                path.feed(Input(node.now, InputKind.CLOSE, "binance.ws.1", note="nested"))

    path = path_class(node, carry_out, lambda: None)
    for item in feed():
        if item.source.startswith("binance"):
            path.feed(item._replace(source="binance.ws.1"))
        if EffectKind.FETCH in asked:
            break
    assert not node.links["binance.ws.1"].connected
    assert node.touched == {}
