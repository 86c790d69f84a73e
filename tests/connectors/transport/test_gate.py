"""The gate lets frames pass until its epoch is over, compiled and plain."""

import pytest

from connectors.transport.gate import FrameGate
from connectors.transport.plain_gate import PlainGate

MARK = b'"serverShutdown"'
gates = pytest.mark.parametrize("gate_class", [FrameGate, PlainGate])


class Around:
    """A gate and what it called."""

    def __init__(self, gate_class, mark=MARK):
        self.passed = []
        self.late = 0
        self.announced = 0
        self.gate = gate_class("binance.ws.1#1", self._sink, mark, self._late, self._announced)

    def _sink(self, *frame):
        self.passed.append(frame)

    def _late(self):
        self.late += 1

    def _announced(self):
        # The frame itself has passed by then.
        assert self.passed
        self.announced += 1


@gates
def test_frames_pass_in_order_with_their_source_and_count_as_signs_of_life(gate_class):
    around = Around(gate_class)
    around.gate.heard += 1
    around.gate.on_frame(b"one", 1)
    around.gate.on_frame(b"two", 2)
    assert around.passed == [("binance.ws.1#1", b"one", 1), ("binance.ws.1#1", b"two", 2)]
    assert (around.gate.frames, around.gate.heard) == (2, 3)


@gates
def test_nothing_passes_once_it_is_over(gate_class):
    around = Around(gate_class)
    around.gate.over = True
    around.gate.on_frame(MARK, 1)
    assert (around.passed, around.late, around.announced, around.gate.frames) == ([], 1, 0, 0)


@gates
@pytest.mark.parametrize(
    ("mark", "data", "announced"),
    [
        (MARK, b"{" + MARK + b"}", 1),
        (MARK, MARK.rjust(256), 1),
        (MARK, MARK.rjust(257), 0),
        (MARK, b"{}", 0),
        (b"", b"{" + MARK + b"}", 0),
    ],
)
def test_only_a_short_frame_with_the_mark_is_an_announcement(gate_class, mark, data, announced):
    around = Around(gate_class, mark)
    around.gate.on_frame(data, 1)
    assert around.announced == announced
    assert len(around.passed) == 1


@gates
def test_what_the_sink_raises_reaches_the_caller(gate_class):
    def sink(*frame):
        raise RuntimeError("full")

    gate = gate_class("a.ws.1#1", sink, b"", int, int)
    with pytest.raises(RuntimeError, match="full"):
        gate.on_frame(b"x", 1)
