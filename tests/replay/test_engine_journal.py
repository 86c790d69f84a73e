"""The engine's journal: what was acknowledged comes back, and what is wrong is said."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.code import Op, Side
from engine.core import Engine, checksum
from engine.naive import NaiveEngine
from engine.record import Command, read_events
from engine.rules import BookRules
from replay.engine_journal import outcomes, restore
from replay.engine_journaled import JournaledEngine
from replay.engine_plain_journal import PlainJournaledEngine, plain_checksum
from replay.segment import SegmentReader, SyncFailed, WriterClosed, WriterFailed
from replay.segment_core import RecordLog
from replay.segment_plain import PlainLog
from tests.engine.flow import random_commands

from .engine_plan import Plan, open_journal, packed

SYNCS = pytest.mark.parametrize("sync", ["process", "disk"])


def buy(number, price=100, qty=1):
    return Command(Op.NEW, account=1, id=number, price=price, qty=qty)


# What is written comes back.


@SYNCS
def test_a_restart_gives_the_very_state_and_the_very_events(tmp_path, sync):
    plan, plain, told = Plan(1, 400), Engine(), []
    with open_journal(tmp_path, sync) as journal:
        for step in range(plan.steps):
            plan.run(plain, step)
            plan.run(journal.engine, step)
            if step % 7 == 0:
                told.append(journal.engine.drain())
        told.append(journal.engine.drain())
        assert journal.writer.segment > 2
    assert b"".join(told) == plain.drain()
    assert restore(tmp_path).snapshot() == plain.snapshot()
    with open_journal(tmp_path, sync) as journal:
        assert journal.engine.snapshot() == plain.snapshot()
        assert journal.cut is None


def test_events_come_again_from_any_sequence(tmp_path):
    plan, plain = Plan(2), Engine()
    with open_journal(tmp_path) as journal:
        for step in range(plan.steps):
            plan.run(plain, step)
            plan.run(journal.engine, step)
    events = plain.drain()
    for after in (0, 1, 17, 300, len(events) // 72 - 1, len(events) // 72):
        assert b"".join(outcomes(tmp_path, after)) == events[after * 72 :]


@pytest.mark.parametrize("seed", range(6))
def test_one_call_a_command_writes_the_log_that_a_batch_of_one_writes(tmp_path, seed):
    """Both doors of the engine lead to the log, and the state is that of the naive twin."""
    rules, commands = random_commands(seed, 150)
    naive = NaiveEngine()
    naive.add_instrument(rules)
    calls, one = tmp_path / "calls", tmp_path / "one"
    for folder in (calls, one):
        folder.mkdir()
    with open_journal(calls) as by_call, open_journal(one) as by_batch:
        for journal in (by_call, by_batch):
            journal.engine.add_instrument(rules)
        for command in commands:
            # A call has no time and no fields that its operation does not use.
            qty = 0 if command.op == Op.EXTERNAL_CLEAR else command.qty
            command = command._replace(time=0, qty=qty)  # noqa: PLW2901
            naive.batch(command.pack())
            by_batch.engine.batch(command.pack())
            call(by_call.engine, command)
        assert by_call.engine.drain() == by_batch.engine.drain() == naive.drain()
    assert [r[1:] for r in SegmentReader(calls, "engine")] == [
        r[1:] for r in SegmentReader(one, "engine")
    ]
    assert restore(calls).snapshot() == restore(one).snapshot() == naive.snapshot()


def call(engine, c):
    place = (c.instrument, c.side, c.price)
    calls = {
        Op.NEW: lambda: engine.new(
            c.instrument,
            c.id,
            c.account,
            c.side,
            c.price,
            c.qty,
            c.type,
            c.tif,
            c.stp,
            c.post_only,
            c.display,
            c.stop_price,
            c.expire_at,
        ),
        Op.CANCEL: lambda: engine.cancel(c.id),
        Op.REPLACE: lambda: engine.replace(c.id, c.price, c.qty),
        Op.ADVANCE: lambda: engine.advance(0),
        Op.CANCEL_ALL: lambda: engine.cancel_all(c.instrument, c.account),
        Op.END_OF_DAY: lambda: engine.end_of_day(c.instrument),
        Op.SET_STATE: lambda: engine.set_state(c.instrument, c.qty),
        Op.DEPOSIT: lambda: engine.deposit(c.account, c.price, c.qty),
        Op.EXTERNAL_SET: lambda: engine.external_set(*place, c.qty),
        Op.EXTERNAL_PRINT: lambda: engine.external_print(*place, c.qty),
        Op.EXTERNAL_CLEAR: lambda: engine.external_clear(*place),
    }
    calls[Op(c.op)]()


@pytest.mark.parametrize(("seed", "events_max"), [(1, 1 << 20), (2, 40), (3, 7)])
def test_the_plain_twin_writes_the_same_bytes(seed, events_max):
    rules, commands = random_commands(seed, 300)
    core, plain = (kind(events_max=events_max) for kind in (JournaledEngine, PlainJournaledEngine))
    written = []
    for engine, log in ((core, RecordLog()), (plain, PlainLog())):
        buffer = bytearray(256 * 1024)
        written.append(buffer)
        log.attach(buffer, 0, 0, 7)
        if engine is core:
            engine.attach(log)
        else:
            engine.log = log
        engine.add_instrument(rules)
        for at in range(0, len(commands), 11):
            data = packed(commands[at : at + 11])
            while data:
                data = data[72 * engine.batch(data) :]
                engine.drain()
    assert written[0] == written[1]
    assert core.snapshot() == plain.snapshot()


@given(st.binary(max_size=400))
def test_the_checksum_is_that_of_its_plain_twin(data):
    whole = data[: len(data) // 8 * 8]
    assert checksum(whole) == plain_checksum(whole)


def test_an_engine_has_one_log():
    engine = JournaledEngine()
    engine.attach(RecordLog())
    with pytest.raises(ValueError, match="already"):
        engine.attach(RecordLog())


def test_time_that_came_while_the_events_were_full_comes_back(tmp_path):
    """A batch may stop after its next command's time came and before the command ran."""
    make = lambda: JournaledEngine(events_max=6)  # noqa: E731
    with open_journal(tmp_path, make=make) as journal:
        engine = journal.engine
        engine.add_instrument(BookRules())
        gone = buy(1)._replace(tif=4, expire_at=50)
        ran = engine.batch(packed([gone, buy(2), buy(3)._replace(time=60), buy(4)]))
        assert (ran, engine.now) == (2, 60)
        events = engine.drain()
        assert [event.kind for event in read_events(events)][-2:] == [6, 8]
        state = engine.snapshot()
    assert restore(tmp_path).snapshot() == state
    assert b"".join(outcomes(tmp_path)) == events


def test_a_batch_longer_than_a_record_becomes_several(tmp_path):
    commands = packed(buy(number, 1 + number % 50) for number in range(1, 10_001))
    with open_journal(tmp_path) as journal:
        journal.engine.add_instrument(BookRules())
        assert journal.engine.batch(commands) == 10_000
        assert journal.writer.appended == 4
        state = journal.engine.snapshot()
    assert restore(tmp_path).snapshot() == state


def test_a_batch_stops_between_records_when_the_events_are_full(tmp_path):
    commands = packed(buy(number) for number in range(1, 10_001))
    with open_journal(tmp_path, make=lambda: JournaledEngine(events_max=8192)) as journal:
        journal.engine.add_instrument(BookRules())
        assert journal.engine.batch(commands) == 4096
        with pytest.raises(BufferError):
            journal.engine.batch(commands)
        assert journal.writer.appended == 2
        state = journal.engine.snapshot()
    assert restore(tmp_path).snapshot() == state


# Acknowledgement.


def test_with_sync_disk_events_leave_only_after_a_flush(tmp_path):
    with open_journal(tmp_path, "disk") as journal:
        engine = journal.engine
        engine.add_instrument(BookRules())
        for number in range(1, 11):
            engine.new(0, number, 1, Side.BUY, 100, 1)
        assert engine.waiting
        assert journal.writer.acknowledged == 0
        syncs = journal.writer.counts.syncs
        assert len(engine.drain()) == 20 * 72
        assert journal.writer.acknowledged == 11
        assert journal.writer.counts.syncs == syncs + 1, "one flush for all that waited"
        assert not engine.waiting
        engine.cancel(1)
        assert len(memoryview(engine)) == 2 * 72
        assert journal.writer.acknowledged == 12


def test_with_sync_process_a_command_is_acknowledged_when_it_returns(tmp_path):
    with open_journal(tmp_path) as journal:
        journal.engine.add_instrument(BookRules())
        journal.engine.new(0, 1, 1, Side.BUY, 100, 1)
        assert journal.writer.acknowledged == 2
        assert not journal.engine.waiting


def test_a_failed_sync_halts_and_is_never_retried(tmp_path, monkeypatch):
    journal = open_journal(tmp_path, "disk")
    journal.engine.add_instrument(BookRules())
    journal.engine.drain()
    journal.engine.new(0, 1, 1, Side.BUY, 100, 1)
    tries = []

    def fail(fd):
        tries.append(fd)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(SyncFailed, match="Input/output"):
        journal.engine.drain()
    monkeypatch.undo()
    for door in (
        journal.engine.drain,
        journal.engine.acknowledge,
        lambda: memoryview(journal.engine),
        lambda: journal.engine.cancel(1),
        lambda: journal.engine.batch(buy(2).pack()),
        lambda: journal.engine.add_instrument(BookRules()),
    ):
        with pytest.raises((WriterFailed, BufferError)):
            door()
    assert len(tries) == 1
    journal.close()


def test_after_closing_no_command_is_taken(tmp_path):
    journal = open_journal(tmp_path)
    journal.engine.add_instrument(BookRules())
    state = journal.engine.snapshot()
    journal.close()
    journal.close()
    with pytest.raises(WriterClosed):
        journal.engine.new(0, 1, 1, Side.BUY, 100, 1)
    assert journal.engine.snapshot() == state
