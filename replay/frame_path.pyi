from collections.abc import Callable

from cache.publisher import Publisher
from market.inputs import Input
from market.probe import Probe

from .plain_frame_path import CarryOut, DrivenNode
from .recording import Recorder

class FramePath:
    """Takes the inputs of one node: records each before it is handled, then sees to what follows.

    `carry_out` gets the effects of an input that has any, `arm` is called when the node's next
    timer is due before `wake_ns` (ns), which the caller sets when it arms. Without a recorder or a
    publisher that part is left out. Whatever the node raises is raised, with the input recorded.
    """

    wake_ns: int
    def __init__(self, node: DrivenNode, carry_out: CarryOut, arm: Callable[[], None]) -> None: ...
    def record_with(self, recorder: Recorder) -> None:
        """Record every input from now on."""
    def publish_with(self, publisher: Publisher) -> None:
        """Publish every touch from now on."""
    def probe_with(self, probe: Probe) -> None:
        """Measure the stages of frames from now on; what is decided is the same without."""
    def frame(self, source: str, data: bytes, ts_recv: int) -> None:
        """Take a frame that arrived at `ts_recv`, ns since the epoch."""
    def feed(self, item: Input) -> None:
        """Take any input."""
