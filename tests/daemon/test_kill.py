"""A daemon that is killed at any moment: what it leaves verifies, the next one starts over it."""

import random
import signal
from time import time_ns

from cache.client import open_reader
from cache.l2_quote import Miss, Reason
from cache.l2_reader import L2Reader

from .process import DaemonProcess, paper
from .running import TTL_NS, no_rule_broken, until, verify


async def test_what_a_killed_daemon_leaves_verifies_and_the_next_goes_on_over_it(served, tmp_path):
    instants = random.Random(7)
    folder = tmp_path / "run"
    seen = 0
    for kills in (1, 2, 3):
        with DaemonProcess(folder, paper(served)) as daemon:
            await daemon.inputs(instants.randrange(1, 150))
            handled = daemon.status()["inputs"]
            daemon.signal(signal.SIGKILL)
            assert (await daemon.ended())[0] == -signal.SIGKILL
            assert daemon.socket.exists()
            assert daemon.table.exists()
        reader = L2Reader(daemon.table, process_check_ns=0)
        for name in reader.instruments():
            answer = reader.quote(name, TTL_NS, time_ns())
            assert isinstance(answer, Miss)
            assert answer.reason is Reason.WRITER_DEAD
        reader.close()
        # What the door counted was recorded before: at most the record being written is lost.
        seen += handled
        assert verify(daemon.recordings, open_ends=kills).inputs >= seen
    with DaemonProcess(folder, paper(served)) as daemon:
        await daemon.live()
        reader = open_reader(daemon.table)
        await until(
            lambda: not isinstance(reader.quote("ETH-USD.COINBASE", TTL_NS, time_ns()), Miss),
            "quotes in the new table",
        )
        reader.close()
        seen += daemon.status()["inputs"]
        daemon.signal(signal.SIGTERM)
        assert (await daemon.ended())[0] == 0, daemon.told
    done = verify(daemon.recordings, open_ends=3)
    assert done.inputs >= seen
    assert len(done.segments) == 4
    no_rule_broken(served)
