"""Memory of a process that streams recordings through a node: `python -m bench.memory SOURCE…`.

Prints the resident memory in MB when all was fed, with every book still held. With `--repeat N`
the recording is fed N times as new connection epochs, moved on in time, and the resident memory
after each pass is printed: it must not grow.
"""

import sys

from bench.node import rss_mb
from bench.recorded import stream
from market.inputs import InputKind
from node import Node, NodeConfig


def passes(sources: list[str], repeat: int) -> list[float]:
    """Return the resident memory in MB after each pass."""
    node = Node(NodeConfig(discover=True))
    out = []
    for _ in range(repeat):
        start = node.now
        first = 0
        for item in stream(sources, seconds=60):
            first = first or item.ts_recv
            ts = item.ts_recv - first + start + 1_000_000_000 if start else item.ts_recv
            node.handle(ts, *item[1:])
        for name, link in node.links.items():
            if link.connected:
                node.handle(node.now + 1, InputKind.CLOSE, name, note="recording ended")
        out.append(rss_mb())
    return out


def main(words: list[str]) -> int:
    """Print the memory after the last pass, or after each with `--repeat N`."""
    if words[:1] == ["--repeat"]:
        for value in passes(words[2:], int(words[1])):
            print(round(value, 1), flush=True)
        return 0
    node = Node(NodeConfig(discover=True))
    for item in stream(words, seconds=60):
        node.handle(*item)
    print(round(rss_mb(), 1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
