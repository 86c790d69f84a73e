"""A writer in a process of its own, which the tests talk to over its standard streams.

Usage: PATH MODE. `idle` publishes one quote and depth and then waits; `storm` writes values that
all derive from one counter, until its input closes. Either prints a line once it is ready.
"""

import select
import sys
import time

from cache.l2_writer import L2Writer

INSTRUMENT = "BTC-USDT.BINANCE"
GRID = (2, 1, 5, 1)
DEPTH = 4
BATCH = 200


def storm(writer: L2Writer, slot: int) -> None:
    """Write until the parent closes our input: it may die, and we must not run on."""
    count = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        writer.heartbeat(time.time_ns())
        for _ in range(BATCH):
            count += 1
            c = count
            writer.set_grid(slot, c % 37, c + 1, (c + 1) % 37, c + 2)
            writer.put_quote(slot, c, c + 1, -c, c + 2, c + 3, c + 4, c + 5, c + 6, c + 7)
            side = [(c + i, c - i) for i in range(DEPTH)]
            writer.put_depth(slot, c, c + 1, c + 2, c + 3, side, side)


def main() -> None:
    """Publish, say so, then do as the mode says."""
    path, mode = sys.argv[1:]
    now_ns = time.time_ns()
    writer = L2Writer(path, 2, DEPTH, now_ns)
    slot = writer.add(INSTRUMENT, *GRID)
    writer.put_quote(slot, 100, 1, 101, 2, 3, now_ns, now_ns, 0, 1)
    writer.put_depth(slot, 3, now_ns, now_ns, 0, [(100, 1)], [(101, 2)])
    sys.stdout.write(f"{now_ns}\n")
    sys.stdout.flush()
    if mode == "storm":
        storm(writer, slot)
    else:
        sys.stdin.read()
    writer.close()


if __name__ == "__main__":
    main()
