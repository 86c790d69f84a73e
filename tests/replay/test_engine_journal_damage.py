"""The engine's journal after kills, lost pages, damage and a full disk."""

import itertools
import os
import random
import resource
import shutil
import signal

import pytest

from engine.code import Side
from engine.core import Engine
from engine.rules import BookRules
from engine.snapshot import SnapshotError
from replay.engine_journal import outcomes, restore
from replay.engine_journaled import JournaledEngine
from replay.engine_record import (
    HEAD,
    KIND_COMMANDS,
    Diverged,
    JournalHalted,
    NoSnapshot,
    decode_checkpoint,
    encode_checkpoint,
)
from replay.segment import Corrupt, DiskFull, SegmentReader, SegmentWriter, WriterLocked
from replay.segment_format import PAGE

from .engine_plan import SMALL, Plan, open_journal

SYNCS = pytest.mark.parametrize("sync", ["process", "disk"])
#: Kills of the soak, all in all.
KILLS = int(os.environ.get("CROSSQUOTE_JOURNAL_KILLS", "500"))


def die_working(directory, sync, plan, first, pipe):
    """Run steps for ever in a child, telling the pipe after each acknowledgement."""
    try:
        journal = open_journal(directory, sync)
        for step in range(first, plan.steps):
            plan.run(journal.engine, step)
            if sync == "process" or step % 5 == 0:
                journal.engine.drain()
                os.write(pipe, (step + 1).to_bytes(4, "little"))
    finally:
        os._exit(3)


def kill_after(directory, sync, plan, first, acknowledgements):
    """Fork a child, kill it after so many acknowledgements; return the last that it gave."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        die_working(directory, sync, plan, first, writing)
    os.close(writing)
    with open(reading, "rb") as pipe:  # noqa: PTH123 - a descriptor
        told = pipe.read(4 * acknowledgements)
        os.kill(child, signal.SIGKILL)
        # The pipe still holds what was acknowledged before the kill.
        told += pipe.read()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the child must not end by itself"
    whole = told[: len(told) // 4 * 4]
    return int.from_bytes(whole[-4:], "little") if whole else first


def kill_often(directory, sync, seed, kills):
    """Each restart goes on with the log that the kill before it left."""
    rng = random.Random(seed)
    plan = Plan(seed, kills * 400 + 4000)
    done = 0
    for _ in range(kills):
        told = kill_after(
            directory, sync, plan, done, rng.randrange(40 if sync == "process" else 8)
        )
        with open_journal(directory, sync) as journal:
            done = journal.writer.appended
            assert done >= told
            assert journal.engine.snapshot() == plan.state(done)
    assert done > kills


@pytest.mark.parametrize(("sync", "kills"), [("process", 13), ("disk", 12)])
def test_a_kill_at_any_instant_loses_nothing_acknowledged(tmp_path, sync, kills):
    kill_often(tmp_path, sync, 11, kills)


@pytest.mark.slow
@SYNCS
@pytest.mark.parametrize("seed", range(10))
def test_many_kills_lose_nothing_acknowledged(tmp_path, sync, seed):
    kill_often(tmp_path, sync, 100 + seed, KILLS // 20)


@pytest.mark.parametrize("seed", range(8))
def test_any_order_of_storing_pages_leaves_all_acknowledged_commands(tmp_path, seed):
    """Power goes when any of the unsynced pages are stored: in every order some prefix of it."""
    rng = random.Random(seed)
    plan, work, done = Plan(seed + 30), tmp_path / "work", 0
    work.mkdir()
    with open_journal(work, "disk", segment_bytes=64 * SMALL) as journal:
        path = work / "engine-000001.seg"
        durable = path.read_bytes()
        for _ in range(4):
            acknowledged = done
            for _ in range(rng.randrange(1, 40)):
                plan.run(journal.engine, done)
                done += 1
            # Before the flush, and within it: its mark is written, nothing is known to be stored.
            before = path.read_bytes()
            journal.engine.drain()
            after = path.read_bytes()
            for written in (before, after):
                check_power_loss(tmp_path / "lost", rng, plan, (durable, written), acknowledged)
            durable = after


def check_power_loss(directory, rng, plan, images, acknowledged):
    durable, written = images
    pages = [slice(at, at + PAGE) for at in range(0, len(written), PAGE)]
    changed = [page for page in pages if written[page] != durable[page]]
    order = rng.sample(changed, len(changed))
    for stored in {0, 1, len(order) // 2, len(order) - 1, len(order)} - {-1}:
        image = bytearray(durable)
        for page in order[:stored]:
            image[page] = written[page]
        directory.mkdir()
        (directory / "engine-000001.seg").write_bytes(image)
        with open_journal(directory, "disk") as journal:
            assert journal.writer.appended >= acknowledged
            assert journal.engine.snapshot() == plan.state(journal.writer.appended)
        shutil.rmtree(directory)


def written_log(directory, steps=12):
    """A log of one open segment: (its path, its bytes, the plan)."""
    plan = Plan(5, steps)
    journal = open_journal(directory)
    path = directory / "engine-000001.seg"
    for step in range(steps):
        plan.run(journal.engine, step)
    image = path.read_bytes()
    journal.close()
    return path, image, plan


def test_a_torn_tail_is_cut_and_said(tmp_path):
    path, image, plan = written_log(tmp_path)
    end = len(image.rstrip(b"\0"))
    path.write_bytes(image[: end - 3])
    with open_journal(tmp_path) as journal:
        assert journal.writer.appended == plan.steps - 1
        assert "record 11" in str(journal.cut)
        assert journal.engine.snapshot() == plan.state(plan.steps - 1)


def test_every_flipped_bit_is_named_and_refused(tmp_path):
    path, image, _ = written_log(tmp_path, 4)
    snapshot_end = 40 + len(SegmentReader(tmp_path, "engine").header(1).checkpoint)
    places = [*range(snapshot_end), *range(PAGE, len(image.rstrip(b"\0")))]
    rng = random.Random(3)
    for place in rng.sample(places, 150):
        damaged = bytearray(image)
        damaged[place] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises((Corrupt, NoSnapshot), match="engine-000001"):
            restore(tmp_path)


def test_damage_refuses_the_journal_unless_told_to_cut_it(tmp_path):
    path, image, plan = written_log(tmp_path)
    damaged = bytearray(image)
    damaged[len(image.rstrip(b"\0")) - 60] ^= 4
    path.write_bytes(damaged)
    with pytest.raises(Corrupt, match="record 11"):
        open_journal(tmp_path)
    with open_journal(tmp_path, cut_corruption=True) as journal:
        assert journal.engine.snapshot() == plan.state(plan.steps - 1)


def test_a_new_segment_lost_with_the_power_leaves_the_one_before(tmp_path):
    path, _, plan = written_log(tmp_path)
    (tmp_path / "engine-000002.seg").write_bytes(bytes(SMALL))
    assert restore_after_reopen(tmp_path) == plan.state(plan.steps)
    assert path.exists()


def restore_after_reopen(directory):
    with open_journal(directory) as journal:
        return journal.engine.snapshot()


def test_a_log_without_an_engine_in_it_is_refused_by_name(tmp_path):
    with SegmentWriter(tmp_path, "engine", checkpoint=lambda: b"else", sync="process"):
        pass
    with pytest.raises(NoSnapshot, match="segment 1 does not open with an engine's snapshot"):
        open_journal(tmp_path)


@pytest.mark.parametrize(
    "checkpoint",
    [b"XQEJRNL1", b"XQEJRNL1no frame", encode_checkpoint(bytes(99))[:-1], b"", b"XQEJRNL"],
)
def test_a_broken_snapshot_is_no_snapshot(checkpoint):
    with pytest.raises(NoSnapshot, match="segment 9"):
        decode_checkpoint(checkpoint, "segment 9")


def test_a_snapshot_of_something_else_is_no_snapshot(tmp_path):
    opening = encode_checkpoint(b"not an engine")
    with SegmentWriter(tmp_path, "engine", checkpoint=lambda: opening, sync="process"):
        pass
    with pytest.raises(NoSnapshot, match="segment 1: not an engine snapshot") as caught:
        restore(tmp_path)
    assert isinstance(caught.value.__cause__, SnapshotError)


def test_events_older_than_every_snapshot_left_are_said_to_be_gone(tmp_path):
    plan = Plan(8, 300)
    with open_journal(tmp_path, retain_bytes=3 * SMALL) as journal:
        for step in range(plan.steps):
            plan.run(journal.engine, step)
        assert journal.writer.counts.deleted_segments
        sequence = journal.engine.sequence
    with pytest.raises(NoSnapshot, match="event 0"):
        list(outcomes(tmp_path))
    assert sum(map(len, outcomes(tmp_path, sequence - 5))) == 5 * 72
    assert restore(tmp_path).snapshot() == plan.state(plan.steps)


def test_an_engine_that_answers_otherwise_is_noticed(tmp_path):
    plan = Plan(9, 20)
    snapshot = encode_checkpoint(Engine().snapshot())
    with SegmentWriter(tmp_path, "engine", checkpoint=lambda: snapshot, sync="process") as log:
        engine = Engine()
        for batch in plan.batches:
            engine.batch(batch)
            events = engine.sequence
            log.append(KIND_COMMANDS, 0, HEAD.pack(events, 12345) + batch)
    with pytest.raises(Diverged, match="record 0"):
        restore(tmp_path)
    with SegmentWriter(tmp_path, "engine", checkpoint=lambda: snapshot, sync="process") as log:
        log.append(77, 0, b"")
    with pytest.raises(Diverged, match="kind 77"):
        restore(tmp_path)


def test_a_journal_has_one_writer(tmp_path):
    with open_journal(tmp_path), pytest.raises(WriterLocked):
        open_journal(tmp_path)


def fill_up(engine):
    """Enter orders until the log refuses one; returns how many were taken."""
    for number in itertools.count():
        try:
            engine.new(0, number + 1, 1, Side.BUY, 100, 1)
        except DiskFull:
            return number
    return 0


def test_a_full_disk_refuses_the_command_and_loses_nothing(tmp_path):
    """A command that has no room is not run; with room again the engine goes on."""
    journal = open_journal(tmp_path)
    engine = journal.engine
    engine.add_instrument(BookRules())
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL // 2, limit[1]))
        number = fill_up(engine)
        state = engine.snapshot()
        for refused in (lambda: engine.cancel(1), lambda: engine.batch(Plan(1).batches[0] * 20)):
            with pytest.raises(DiskFull, match="no room for 16384 bytes"):
                refused()
        assert engine.open_count == number, "a command without room did nothing"
        assert engine.snapshot() == state
        assert len(engine.drain()) == 2 * number * 72, "what is acknowledged may leave"
        assert journal.writer.counts.disk_full == 3
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, ignored)
    assert engine.new(0, number + 1, 1, Side.BUY, 100, 1) == 0
    state = engine.snapshot()
    journal.close()
    assert restore(tmp_path).snapshot() == state


def test_memory_that_ends_within_a_command_halts_the_journal(tmp_path):
    """The engine may then be ahead of its log: the log rules, and no event leaves any more."""
    make = lambda: JournaledEngine(accounts_max=(1 << 32) - 1)  # noqa: E731
    with open_journal(tmp_path, make=make) as journal:
        engine = journal.engine
        engine.add_instrument(BookRules())
        engine.new(0, 1, 1, Side.BUY, 100, 1)
        state = engine.snapshot()
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, hard))
        try:
            with pytest.raises(MemoryError):
                engine.new(0, 2, (1 << 32) - 2, Side.BUY, 100, 1)
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
        for door in (engine.drain, lambda: engine.cancel(1), lambda: engine.batch(b"")):
            with pytest.raises(JournalHalted):
                door()
        with pytest.raises(JournalHalted):
            journal.close()
    assert restore(tmp_path).snapshot() == state
