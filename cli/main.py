"""Entry point of the `crossquote` command: finds the verb and runs it."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

# A verb is a module of this package with `configure(parser)` and `run(args) -> int`.
VERBS: dict[str, str] = {
    "approve": "send an order that waits for a person",
    "backtest": "trade recorded feeds on paper, in three worlds of fills",
    "bench": "measure speed and memory",
    "books": "show the books of a running daemon",
    "cancel-all": "cancel every open order of a running daemon",
    "config": "check, show or describe the configuration",
    "doctor": "look at machine and installation, and say what to do",
    "edges": "show the edges of a running daemon",
    "engine": "match orders given as JSON lines",
    "fault": "lay a fault on a simulated venue, and score what the daemon made of it",
    "flatten": "halt trading and close every position",
    "halt": "halt trading and cancel every order",
    "orders": "show the orders of a running daemon",
    "pnl": "show profit and loss of a running daemon, and where it came from",
    "positions": "show positions, hedges and balances of a running daemon",
    "replay": "replay recorded bytes through the node",
    "resume": "let trading go on after a halt",
    "risk": "show risk state, limits, value at risk and stress of a running daemon",
    "run": "run the daemon: simulated venues or real public feeds",
    "sim": "serve the simulated venues, or write a recording of them",
    "simtest": "run the whole node under seeded faults in virtual time",
    "status": "show the state of a running daemon",
    "stop": "ask a running daemon to stop",
    "token": "make, list and remove the tokens of the API",
    "watch": "watch a running daemon live in the terminal",
}


def build_parser(chosen: str | None) -> argparse.ArgumentParser:
    """Return the parser of the command line; only the chosen verb's module is imported."""
    parser = argparse.ArgumentParser(
        prog="crossquote",
        description="Cross-venue order books that can be trusted, and decisions that replay.",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, summary in VERBS.items():
        verb = verbs.add_parser(name, help=summary, description=summary)
        if name == chosen:
            module = importlib.import_module(f"cli.{name.replace('-', '_')}")
            module.configure(verb)
            verb.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns 0 fine, 1 failed check, 2 wrong usage."""
    words = list(sys.argv[1:] if argv is None else argv)
    chosen = next((word for word in words if not word.startswith("-")), None)
    args = build_parser(chosen).parse_args(words)
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough, as in `| head`; nothing more may be written at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
