"""User data of the simulated Binance: what happens to an account, told to its subscribers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

import orjson

from sim.wire import binance_user as wire

Encode = Callable[[int], dict[str, object]]  # from the ns of a time stamp's unit


@dataclass(eq=False, frozen=True, slots=True)
class Subscription:
    """One subscription of one connection to one account."""

    id: int
    account: int
    unit: int
    send: Callable[[bytes], None]


class UserStreams:
    """Hands the events of accounts to whoever subscribed; each is encoded once a time unit."""

    def __init__(self) -> None:
        self._subscriptions: dict[int, dict[Subscription, None]] = {}

    def add(self, subscription: Subscription) -> None:
        """Send the events of an account from now on."""
        self._subscriptions.setdefault(subscription.account, {})[subscription] = None

    def remove(self, subscription: Subscription) -> None:
        """Send no more of them."""
        found = self._subscriptions[subscription.account]
        del found[subscription]
        if not found:
            del self._subscriptions[subscription.account]

    def wanted(self, account: int) -> bool:
        """Tell whether anyone subscribed to an account."""
        return account in self._subscriptions

    def tell(self, account: int, encode: Encode) -> None:
        """Send one event to every subscriber of an account."""
        deliver(self._subscriptions.get(account, ()), encode)


def deliver(subscriptions: Iterable[Subscription], encode: Encode) -> None:
    """Send one event to some subscriptions."""
    payloads: dict[int, bytes] = {}
    for subscription in list(subscriptions):
        unit = subscription.unit
        if unit not in payloads:
            payloads[unit] = orjson.dumps(encode(unit))
        subscription.send(wire.wrapped(subscription.id, payloads[unit]))


Funds = tuple[str, Decimal, Decimal]  # asset, free, locked
