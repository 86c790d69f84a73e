"""The matching engine with a log: no command takes effect that is not in it when the call returns.

Room for a command's record is made before the command runs, since that may fail and must then
leave the engine as it was; the record is written after, with the checksum of what came of it,
and that cannot fail. `engine_plain_journal` writes the same bytes in plain Python.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy, memset

from engine.checksum cimport checksum_of
from engine.core cimport Engine
from engine.venue cimport OP_ADVANCE, Command, Event
from replay.segment_core cimport RecordLog

from .engine_record import (
    CHUNK_COMMANDS, KIND_COMMANDS, KIND_INSTRUMENT, JournalHalted, encode_rules,
)

cdef enum:
    # The sequence after the commands, and the checksum of their events.
    HEAD_BYTES = 16

cdef size_t CHUNK = CHUNK_COMMANDS
cdef uint32_t COMMANDS = KIND_COMMANDS
cdef uint32_t INSTRUMENT = KIND_INSTRUMENT


cdef class JournaledEngine(Engine):
    """An Engine that appends each command to a log, once it is attached to one.

    Everything is as with Engine, and commands, `batch` and `add_instrument` may also raise what the
    log raises when it cannot make room; then nothing more was done. With a `flush` (sync "disk")
    events leave only after it: `drain` and a view of the events call it when they must.
    """

    cdef RecordLog log
    cdef object flush
    cdef bint unflushed
    cdef bint halted

    def attach(self, RecordLog log not None, flush=None) -> None:
        """Log every command from now on; `flush` makes durable what was appended, or raises."""
        if self.log is not None:
            raise ValueError("the engine has a log already")
        self.log = log
        self.flush = flush

    @property
    def waiting(self) -> bool:
        """Whether events wait for a flush before they may leave."""
        return self.unflushed

    def acknowledge(self) -> None:
        """Flush what waits; the events may leave afterwards. Raises what the flush raises."""
        self._leave()

    cdef int _check(self) except -1:
        if self.halted:
            raise JournalHalted("the engine is ahead of its journal; restart from the journal")
        return 0

    cdef int _leave(self) except -1:
        self._check()
        if self.unflushed:
            self.flush()
            self.unflushed = False
        return 0

    cdef int _command(self, const Command* c) except -1:
        cdef size_t before
        cdef int code
        if self.log is None:
            return Engine._command(self, c)
        self._begin()
        self._check()
        self.log.make_room(HEAD_BYTES + sizeof(Command))
        before = self.v.events_len
        # Whatever is raised from here to the record leaves an engine that the log does not know.
        self.halted = True
        code = self._run(c)
        self._end()
        self._write(<const char*>c, 1, before, False)
        return code

    cdef Py_ssize_t _batch(self, const char* records, size_t count) except -1:
        cdef size_t done = 0
        cdef size_t part, ran, before
        if self.log is None:
            return Engine._batch(self, records, count)
        self._begin()
        self._check()
        while done < count and self.v.events_len < self.v.events_max:
            part = min(count - done, CHUNK)
            self.log.make_room(HEAD_BYTES + (part + 1) * sizeof(Command))
            before = self.v.events_len
            self.halted = True
            ran = Engine._batch(self, records, part)
            self._write(records, ran, before, ran < part)
            done += ran
            records += ran * sizeof(Command)
        return done

    cdef void _write(
        self, const char* records, size_t count, size_t before, bint stopped
    ) noexcept:
        """Append the record of commands that ran; its room is there."""
        cdef unsigned char* payload = self.log.payload()
        cdef size_t size = count * sizeof(Command)
        cdef uint64_t head[2]
        cdef Command moved
        memcpy(payload + HEAD_BYTES, records, size)
        if stopped:
            # The next command's time may have come although the command did not run.
            memset(&moved, 0, sizeof(Command))
            moved.op = OP_ADVANCE
            moved.time = self.v.now
            memcpy(payload + HEAD_BYTES + size, &moved, sizeof(Command))
            size += sizeof(Command)
        head[0] = self.v.sequence
        head[1] = checksum_of(
            <const char*>(self.v.events + before), (self.v.events_len - before) * sizeof(Event)
        )
        memcpy(payload, head, HEAD_BYTES)
        self.log.commit(COMMANDS, self.v.now, HEAD_BYTES + size)
        self.halted = False
        self.unflushed = self.flush is not None

    def add_instrument(self, rules) -> int:
        """Add a book; returns its number. Raises ValueError beyond 65,536 of them."""
        cdef bytes payload
        if self.log is None:
            return Engine.add_instrument(self, rules)
        self._check()
        payload = encode_rules(rules)
        self.log.make_room(len(payload))
        number = Engine.add_instrument(self, rules)
        memcpy(self.log.payload(), <const char*>payload, len(payload))
        self.log.commit(INSTRUMENT, self.v.now, len(payload))
        self.unflushed = self.flush is not None
        return number
