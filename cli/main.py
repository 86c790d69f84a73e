"""Entry point of the `crossquote` command: finds the verb and runs it."""

import argparse
import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

#: What a shell calls a command that Ctrl-C ended.
INTERRUPTED = 130

# A verb is a module of this package with `configure(parser)` and `run(args) -> int`.
VERBS: dict[str, str] = {
    "approve": "send an order that waits for a person",
    "backtest": "trade recorded feeds on paper, in three worlds of fills",
    "bench": "measure speed and memory",
    "books": "show the books of a running daemon",
    "cancel-all": "cancel every open order of a running daemon",
    "completion": "print the script with which a shell completes this command line",
    "config": "check, show or describe the configuration",
    "convert": "convert recordings and market data between formats",
    "doctor": "look at machine, installation and daemon, and say what to do",
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
    "schedule": "show the execution schedules of a running daemon; pause, resume or cancel one",
    "sim": "serve the simulated venues, or write a recording of them",
    "simtest": "run the whole node under seeded faults in virtual time",
    "status": "show the state of a running daemon",
    "stop": "ask a running daemon to stop",
    "token": "make, list and remove the tokens of the API",
    "watch": "watch a running daemon live in the terminal",
}


def build_parser(chosen: str | None) -> argparse.ArgumentParser:
    """Return the parser of the command line; only the chosen verb's module is imported."""
    return _parser({chosen} if chosen else set())


def full_parser() -> argparse.ArgumentParser:
    """Return the parser with the options of every verb, whose modules are all imported."""
    return _parser(set(VERBS))


def _parser(wanted: set[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="crossquote",
        description="Cross-venue order books that can be trusted, and decisions that replay.",
        epilog="exit codes: 0 fine, 1 failed check, 2 wrong usage, 130 interrupted (Ctrl-C)",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and end")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, summary in VERBS.items():
        verb = verbs.add_parser(name, help=summary, description=summary)
        if name in wanted:
            module = importlib.import_module(f"cli.{name.replace('-', '_')}")
            module.configure(verb)
            verb.set_defaults(run=module.run)
    return parser


class _Version(argparse.Action):
    """Prints version and build. Looked up only when asked for: it reads the code that decides."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"crossquote {importlib.import_module('checkpoint').build()}")
        parser.exit()


def _refuse(verb: str) -> NoReturn:
    """Say what a word that is no verb may have meant, and end with 2."""
    near = difflib.get_close_matches(verb, VERBS, n=2)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    print(
        "usage: crossquote VERB ...\n"
        f"crossquote: there is no verb {verb!r}; {meant}`crossquote --help` lists them",
        file=sys.stderr,
    )
    sys.exit(2)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns 0 fine, 1 failed check, 2 wrong usage, 130 interrupted by Ctrl-C."""
    words = list(sys.argv[1:] if argv is None else argv)
    chosen = next((word for word in words if not word.startswith("-")), None)
    if chosen is not None and chosen not in VERBS:
        _refuse(chosen)
    try:
        args = build_parser(chosen).parse_args(words)
        code: int = args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough, as in `| head`; nothing more may be written at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt as interrupt:
        # A verb that serves until it is stopped takes the signal itself, and ends with 0.
        words = [f"crossquote {chosen or ''}".rstrip(), "interrupted", *map(str, interrupt.args)]
        print(": ".join(words), file=sys.stderr)
        return INTERRUPTED
    return code


if __name__ == "__main__":
    sys.exit(main())
