"""The generated feed, a node for it, and a recording made the way a driver makes one."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import checkpoint
from market.fees import Fees, FeeSchedule
from market.inputs import Input
from node import Node, NodeConfig
from replay.recording import Recorder
from replay.source import Recorded, merged
from sim.recording import write_recording


@cache
def feed(seconds: int = 12, seed: int = 3) -> tuple[Input, ...]:
    """Return the inputs of a generated recording of both venues."""
    with TemporaryDirectory() as folder:
        write_recording(Path(folder), seed, seconds)
        files = (("binance", "BINANCE"), ("coinbase", "COINBASE"))
        sources = [Recorded(venue, [Path(folder) / f"{name}.jsonl.zst"]) for venue, name in files]
        return tuple(merged(sources))


def fresh_node() -> Node:
    # Low fees, so that the ledger has more to do than to name fees.
    fees = FeeSchedule().with_venue("binance", Fees(0, 0)).with_venue("coinbase", Fees(0, 10_000))
    return Node(NodeConfig(discover=True, fees=fees))


def record(
    directory, inputs, *, before=None, recorders=None, recorder_class=Recorder, **options
) -> Node:
    """Record inputs and hand them to a new node; `before` hears each input's place first."""
    node = fresh_node()
    recorder = recorder_class(
        directory,
        checkpoint=lambda: checkpoint.dump(node),
        started_ns=inputs[0].ts_recv,
        **options,
    )
    if recorders is not None:
        recorders.append(recorder)
    for place, one in enumerate(inputs):
        if before is not None:
            before(place)
        recorder.record(*one, digest_before=int(node.digest))
        node.handle(*one)
    recorder.close(int(node.digest))
    return node
