"""`crossquote cancel-all`: cancel every order that is open now, and wait until they are gone."""

import argparse

from api.client import DoorClient

from .door import ask
from .fields import rows, text
from .trading_verb import act, by_world, configure_act

_EXAMPLES = """examples:
  crossquote cancel-all

Strategies go on and send new orders; `crossquote halt` stops them as well.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    configure_act(parser, _EXAMPLES)


def run(args: argparse.Namespace) -> int:
    """Cancel; returns 0 once the orders are gone, 1 when they are not, 2 for wrong usage."""
    before: dict[str, set[str]] = {}

    def look(client: DoorClient) -> int:
        before.update(_open(client))
        return 0

    def left(client: DoorClient) -> list[str]:
        """Return the orders of before that are still open, a line a world."""
        out = []
        for world, ids in _open(client).items():
            still = ids & before.get(world, set())
            if still:
                out.append(f"{world}: {', '.join(sorted(still))}")
        return out

    code = ask(args, look)
    return code or act(args, "cancel-all", "", left, "every order that was open is gone")


def _open(client: DoorClient) -> dict[str, set[str]]:
    return {
        world: {text(one, "id") for one in rows(row.get("open"))}
        for world, row in by_world(client.orders()).items()
    }
