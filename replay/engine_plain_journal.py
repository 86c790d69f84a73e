"""The plain twin of the journalled engine: the same log, written for reading instead of speed."""

from collections.abc import Iterator

from engine.code import Op
from engine.naive import NaiveEngine
from engine.record import COMMAND, EVENT, Command
from engine.rules import BookRules

from .engine_record import CHUNK_COMMANDS, HEAD, KIND_COMMANDS, KIND_INSTRUMENT, encode_rules
from .segment_core import RecordLog
from .segment_plain import PlainLog

_KEY = 0x9E3779B97F4A7C15
_WORD = (1 << 64) - 1


def plain_checksum(data: bytes) -> int:
    """Return the checksum of events, `engine.core.checksum`, sixteen bytes a step in four lanes."""
    words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]
    whole = len(words) // 8 * 8
    lanes = [1, 2, 3, 4]
    for at in range(0, whole, 2):
        lane = at // 2 % 4
        folded = _fold(words[at] ^ _KEY ^ lanes[lane], words[at + 1] ^ ~_KEY & _WORD)
        lanes[lane] = folded + lanes[lane] & _WORD
    total = len(data)
    for word in words[whole:]:
        total = _fold(total ^ word, _KEY) + total & _WORD
    for value in lanes:
        total = _fold(total ^ value, _KEY) + total & _WORD
    return total


def _fold(a: int, b: int) -> int:
    product = a * b
    return product & _WORD ^ product >> 64


class PlainJournaledEngine(NaiveEngine):
    """Twin of `JournaledEngine` for batches and instruments.

    Its records need their room after the commands ran: a log without room leaves it ahead.
    """

    log: PlainLog | RecordLog | None = None

    def add_instrument(self, rules: BookRules) -> int:
        """Add a book and append its record."""
        number = super().add_instrument(rules)
        if self.log is not None:
            self.log.append(KIND_INSTRUMENT, self.now, encode_rules(rules))
        return number

    def batch(self, commands: bytes | bytearray | memoryview) -> int:
        """Run command records and append one record for each chunk of them."""
        if self.log is None:
            return super().batch(commands)
        done = 0
        for chunk in _chunks(bytes(commands)):
            if len(self.events) >= self.events_max:
                break
            before = len(self.events)
            ran = super().batch(chunk)
            payload = chunk[: ran * COMMAND.size]
            if len(payload) < len(chunk):
                payload += Command(Op.ADVANCE, time=self.now).pack()
            made = b"".join(EVENT.pack(*event) for event in self.events[before:])
            head = HEAD.pack(self.sequence, plain_checksum(made))
            self.log.append(KIND_COMMANDS, self.now, head + payload)
            done += ran
        return done


def _chunks(commands: bytes) -> Iterator[bytes]:
    size = CHUNK_COMMANDS * COMMAND.size
    return (commands[at : at + size] for at in range(0, len(commands), size))
