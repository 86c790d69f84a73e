"""The socket of the simulated Advanced Trade: channels by subscription, one at a time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import orjson

from sim.feed.coinbase import CHANNELS, MORE_CHANNELS, CoinbaseFeed
from sim.feed.coinbase_product import Batch
from sim.feed.frame import Frame
from sim.wire import coinbase as wire
from sim.wire.coinbase_id import name_uuid

from .coinbase_auth import Authenticator, AuthError
from .coinbase_desk import CoinbaseDesk
from .coinbase_session import Key, Readers, Session, hand_out
from .coinbase_user import UserFeed
from .counts import Counts, Rule
from .faults import Faults

_HEARTBEATS = "heartbeats"
_DELIVERED = CHANNELS | MORE_CHANNELS
_SIGNED = ("user", "futures_balance_summary")


@dataclass(frozen=True, slots=True)
class AdvancedSocketRules:
    """What a connection may do, and what the venue may do to it."""

    level2_products: int = 30
    ack_first: bool = False  # acknowledge a subscription before its snapshots, not after
    user_replay: int = 5  # updates of `user` that come again to a client that subscribes anew


class AdvancedSocket:
    """Subscriptions of Advanced Trade. Without a desk, only public channels are known."""

    def __init__(
        self,
        feed: CoinbaseFeed,
        now_ns: Callable[[], int],
        rules: AdvancedSocketRules,
        counts: Counts,
        faults: Faults,
        desk: CoinbaseDesk | None,
        auth: Authenticator,
    ) -> None:
        self._feed = feed
        self._now_ns = now_ns
        self._rules = rules
        self._counts = counts
        self._faults = faults
        self._desk = desk
        self._auth = auth
        self._users = UserFeed(desk.exchange, desk.accounts) if desk else None
        self._readers = Readers()
        self._seen: set[int] = set()  # accounts whose orders somebody has read before

    def handle(self, session: Session, request: dict[str, object]) -> None:
        """Answer one message of a client."""
        channel, products = request.get("channel"), request.get("product_ids", [])
        if request.get("type") not in ("subscribe", "unsubscribe"):
            self.refuse(session, "unknown message type")
        elif not isinstance(channel, str) or not self._knows(channel):
            # The venue's words for a name that it does not know, misleading as they are.
            self.refuse(session, "authentication failure")
        elif not isinstance(products, list) or not all(isinstance(p, str) for p in products):
            self.refuse(session, "failed to parse message")
        elif request["type"] == "unsubscribe":
            self._unsubscribe(session, channel, products)
        else:
            try:
                self._subscribe(session, channel, products, request)
            except AuthError:
                self.refuse(session, "authentication failure")

    def refuse(self, session: Session, message: str) -> None:
        """Send an error, which has neither channel nor number."""
        self._counts.refused += 1
        session.client.send(wire.error_frame(message).decode())

    def closed(self, session: Session) -> None:
        """Forget a connection."""
        self._readers.clear(session)

    def publish(self, batches: Iterable[Batch], now_ns: int) -> None:
        """Send what is due."""
        for update in self._users.take() if self._users else ():
            frame = Frame(now_ns, "user", update.product, update.events)
            account = str(update.account)
            readers = {
                **dict.fromkeys(self._readers.of(("user", account))),
                **dict.fromkeys(self._readers.of(("user", f"{account} {update.product}"))),
            }
            self._send(frame, list(readers))
        for frame in self._feed.flush(batches, self._readers):
            self._send(frame, self._readers.of((frame.channel, frame.product or _HEARTBEATS)))

    def discard(self, batches: Iterable[Batch]) -> None:
        """Take in what happened without sending anything."""
        self._feed.flush(batches, ())
        if self._users:
            self._users.take()

    def _send(self, frame: Frame, sessions: Iterable[Session]) -> None:
        found = list(sessions)
        if found:
            parts = wire.envelope_parts(frame.channel, frame.ts_ns, frame.payload)
            hand_out(frame, found, parts, self._faults, self._counts)

    def _knows(self, channel: str) -> bool:
        return channel in _DELIVERED or (self._desk is not None and channel in _SIGNED)

    def _subscribe(
        self, session: Session, channel: str, names: list[str], request: dict[str, object]
    ) -> None:
        account = self._account(channel, names, request)
        products = self._products(channel, names, account)
        held = session.subscribed.get(channel, [])
        fresh = [name for name in products if name not in held]
        if channel == "level2" and len(held) + len(fresh) > self._rules.level2_products:
            self._counts.violations[Rule.STREAM_LIMIT] += 1
            self.refuse(session, "too many L2 streams requested in a single session")
            return
        session.client.cancel("subscribe")
        if fresh:
            session.subscribed[channel] = [*held, *fresh]
        if self._rules.ack_first:
            self._acknowledge(session)
        for frame in self._snapshots(channel, fresh, account):
            self._send(frame, [session])
        for name in fresh:
            self._readers.add(session, _key(channel, name, account))
        if not self._rules.ack_first:
            self._acknowledge(session)

    def _account(self, channel: str, names: list[str], request: dict[str, object]) -> int:
        """Return the account that a subscription is signed for, 0 for none; raises AuthError."""
        is_signed = "jwt" in request or "signature" in request
        if self._desk is None or not (is_signed or channel in _SIGNED):
            return 0
        return self._desk.account(self._auth.message(request, channel, names))

    def _products(self, channel: str, names: list[str], account: int) -> list[str]:
        """Return what to subscribe: known products, or what stands for none in particular."""
        if channel == _HEARTBEATS:
            return [_HEARTBEATS]
        if channel in _SIGNED and (not names or channel != "user"):
            return [name_uuid("user", account)]
        # One quoted in USDC stands for that in USD.
        resolved = dict.fromkeys(self._feed.resolve(name) for name in names)
        return [name for name in resolved if name is not None]

    def _snapshots(self, channel: str, products: list[str], account: int) -> list[Frame]:
        now = self._now_ns()
        if not products or channel not in _SIGNED:
            return self._feed.snapshots(channel, products)
        if channel != "user" or self._users is None:
            return [Frame(now, channel, "", _EMPTY_SUMMARY)]
        only = [] if products == [name_uuid("user", account)] else products
        events = self._users.snapshots(account, only)
        if account in self._seen:
            replayed = self._users.recent(account, only, self._rules.user_replay)
            events += [update.events for update in replayed]
        self._seen.add(account)
        return [Frame(now, channel, "", payload) for payload in events]

    def _unsubscribe(self, session: Session, channel: str, names: list[str]) -> None:
        held = session.subscribed.get(channel, [])
        wanted = {self._feed.resolve(name) for name in names}
        for name in list(held):
            if name in wanted or channel == _HEARTBEATS or (channel in _SIGNED and not names):
                held.remove(name)
                for key in self._readers.read(session):
                    if _names(key, channel, name):
                        self._readers.remove(session, key)
        if not held:
            session.subscribed.pop(channel, None)
        self._acknowledge(session)

    def _acknowledge(self, session: Session) -> None:
        events = orjson.dumps([wire.subscriptions_event(session.subscribed)])
        self._send(Frame(self._now_ns(), "subscriptions", "", events), [session])


_EMPTY_SUMMARY = orjson.dumps([{"type": "snapshot", "fcm_balance_summary": {}}])


def _key(channel: str, name: str, account: int) -> Key:
    """Return under what the frames of a subscription are found."""
    if channel not in _SIGNED:
        return _DELIVERED[channel], name
    every = name == name_uuid("user", account)
    return channel, str(account) if every else f"{account} {name}"


def _names(key: Key, channel: str, name: str) -> bool:
    """Tell whether a key is that of a subscription of a channel to a product or user."""
    if channel not in _SIGNED:
        return key == (_DELIVERED[channel], name)
    account, _, product = key[1].partition(" ")
    return key[0] == channel and name == (product or name_uuid("user", int(account)))
