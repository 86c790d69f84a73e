"""Read quotes that a running daemon keeps in shared memory, and print a line per instrument.

Usage: python -m examples.read_quotes [PATH] [--ttl-ms N] [--every SECONDS] [--ungraded]
"""

import argparse
import sys
import time
from collections.abc import Sequence

from cache.client import QuoteClient, open_reader
from cache.l2_errors import L2Error, L2MissingError
from cache.l2_quote import Miss, Quote

DEFAULT_PATH = "/dev/shm/crossquote.l2"  # noqa: S108 - the place for shared memory on Linux


def format_line(instrument: str, answer: Quote | Miss, now_ns: int) -> str:
    """Return the line of one instrument: sizes and prices, or why there are none."""
    if isinstance(answer, Miss):
        return f"{instrument:<26} no quote: {answer.reason} ({answer.detail})"
    bid = "-" if answer.bid_price is None else f"{answer.bid_size} @ {answer.bid_price}"
    ask = "-" if answer.ask_price is None else f"{answer.ask_size} @ {answer.ask_price}"
    age_ms = (now_ns - answer.ts_vouched) / 1e6
    return f"{instrument:<26} bid {bid:<28} ask {ask:<28} age {age_ms:.1f} ms"


def print_quotes(client: QuoteClient, ttl_ns: int, *, ungraded: bool) -> bool:
    """Print each instrument's line; returns whether any of them had a quote."""
    found = False
    for instrument in client.instruments():
        now_ns = client.clock()
        answer = client.quote(instrument, ttl_ns, now_ns, ungraded)
        found |= isinstance(answer, Quote)
        sys.stdout.write(format_line(instrument, answer, now_ns) + "\n")
    sys.stdout.flush()
    return found


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Print the quotes of a running daemon.")
    parser.add_argument("path", nargs="?", default=DEFAULT_PATH, help=f"default {DEFAULT_PATH}")
    parser.add_argument("--ttl-ms", type=int, default=2000, help="oldest quote to print")
    parser.add_argument("--every", type=float, default=0.0, help="seconds between two prints")
    parser.add_argument("--ungraded", action="store_true", help="print condemned quotes too")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Print once, or until interrupted; returns 0 when there was a quote, else 1."""
    args = parse(argv)
    try:
        client = QuoteClient(open_reader(args.path))
    except L2MissingError:
        sys.stderr.write(
            f"No quotes at {args.path}: no daemon is running, or it writes elsewhere.\n"
            "Start one with `crossquote run`, or give the path of its table.\n"
        )
        return 1
    except L2Error as error:
        sys.stderr.write(f"The quotes cannot be read: {error}\n")
        return 1
    try:
        found = print_quotes(client, args.ttl_ms * 1_000_000, ungraded=args.ungraded)
        if not client.instruments():
            sys.stderr.write(f"{args.path} holds no instruments yet.\n")
        while args.every > 0:
            time.sleep(args.every)
            print_quotes(client, args.ttl_ms * 1_000_000, ungraded=args.ungraded)
    except KeyboardInterrupt:
        return 0
    finally:
        client.close()
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
