"""Entry point of the `crossquote` command: finds the verb and runs it."""

import argparse
import importlib
import sys
from collections.abc import Sequence

# A verb is a module of this package with `configure(parser)` and `run(args) -> int`.
VERBS: dict[str, str] = {
    "engine": "match orders given as JSON lines",
}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="crossquote",
        description="Cross-venue order books that can be trusted, and decisions that replay.",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, summary in VERBS.items():
        module = importlib.import_module(f"cli.{name}")
        verb = verbs.add_parser(name, help=summary, description=summary)
        module.configure(verb)
        verb.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns 0 fine, 1 failed check, 2 wrong usage."""
    args = build_parser().parse_args(argv)
    code: int = args.run(args)
    return code


if __name__ == "__main__":
    sys.exit(main())
