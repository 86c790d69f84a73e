"""The feed of the simulated Coinbase Exchange: several channels by one subscription."""

from collections.abc import Iterable

import orjson

from sim.exchange.order import Report
from sim.feed.coinbase_exchange import (
    CHANNELS,
    ORDER_BY_ORDER,
    SIGNED,
    ExchangeFeed,
    user_channel,
)
from sim.feed.coinbase_product import Batch
from sim.feed.frame import Frame
from sim.wire import coinbase_exchange as wire

from .coinbase_auth import Authenticator, AuthError
from .coinbase_desk import CoinbaseDesk
from .coinbase_session import Key, Readers, Session, hand_out
from .counts import Counts
from .faults import Faults

_NEEDS_AUTH = (
    "level2, level3, and full channels now require authentication. "
    "Please see https://docs.cdp.coinbase.com/exchange/docs/websocket-auth"
)


class ExchangeSocket:
    """Subscriptions of the Exchange feed. Its frames have no number of their connection."""

    def __init__(
        self,
        feed: ExchangeFeed,
        counts: Counts,
        faults: Faults,
        desk: CoinbaseDesk,
        auth: Authenticator,
    ) -> None:
        self.feed = feed
        self._counts = counts
        self._faults = faults
        self._desk = desk
        self._auth = auth
        self._readers = Readers()
        self._noted: list[Frame] = []
        for account in desk.accounts:
            desk.exchange.watch(account, self._on_report)

    def handle(self, session: Session, request: dict[str, object]) -> None:
        """Answer one message of a client."""
        kind = request.get("type")
        if kind not in ("subscribe", "unsubscribe"):
            self.refuse(session, "Malformed JSON", f"{kind} is not a valid type")
            return
        try:
            wanted = self._wanted(request)
            if kind == "unsubscribe":
                self._unsubscribe(session, wanted)
            else:
                self._subscribe(session, wanted, self._account(request, wanted))
        except _BadSubscriptionError as error:
            self.refuse(session, "Failed to subscribe", str(error))
        except AuthError as error:
            reason = orjson.dumps({"message": str(error)}).decode()
            self.refuse(session, "Authentication Failed", reason)

    def refuse(self, session: Session, message: str, reason: str = "") -> None:
        """Send an error."""
        self._counts.refused += 1
        session.client.send(wire.error_message(message, reason).decode())

    def closed(self, session: Session) -> None:
        """Forget a connection."""
        self._readers.clear(session)
        self._track()

    def publish(self, batches: Iterable[Batch]) -> None:
        """Send what is due."""
        noted, self._noted = self._noted, []
        for frame in (*noted, *self.feed.flush(batches, self._readers)):
            self._send(frame, self._readers.of((frame.channel, frame.product)))

    def discard(self, batches: Iterable[Batch]) -> None:
        """Take in what happened without sending anything."""
        self._noted.clear()
        self.feed.flush(batches, ())

    def _on_report(self, report: Report) -> None:
        frame = self.feed.note(report)
        if frame is not None and (frame.channel, frame.product) in self._readers:
            self._noted.append(frame)

    def _send(self, frame: Frame, sessions: Iterable[Session]) -> None:
        hand_out(frame, list(sessions), None, self._faults, self._counts)

    def _wanted(self, request: dict[str, object]) -> dict[str, list[str]]:
        """Return the products of each channel that a message names, in its order."""
        common = _texts(request.get("product_ids", []))
        channels = request.get("channels")
        if not isinstance(channels, list) or not channels:
            raise _BadSubscriptionError("channels is required")
        wanted: dict[str, list[str]] = {}
        for channel in channels:
            if isinstance(channel, str):
                name, products = channel, common
            elif isinstance(channel, dict):
                name = str(channel.get("name"))
                products = _texts(channel.get("product_ids", common))
            else:
                raise _BadSubscriptionError("channels is invalid")
            if name not in CHANNELS:
                raise _BadSubscriptionError(f"{name} is not a valid channel")
            wanted[name] = [*wanted.get(name, []), *products]
        for products in wanted.values():
            for product in products:
                if product not in self._desk.products.by_id:
                    raise _BadSubscriptionError(f"{product} is not a valid product")
        return wanted

    def _account(self, request: dict[str, object], wanted: dict[str, list[str]]) -> int:
        """Return the account that a message is signed for, 0 for none."""
        if "signature" in request:
            return self._desk.account(self._auth.exchange_message(request))
        if any(name in SIGNED for name in wanted):
            raise _BadSubscriptionError(_NEEDS_AUTH)
        return 0

    def _subscribe(self, session: Session, wanted: dict[str, list[str]], account: int) -> None:
        wanted = {name: self._products(name, products) for name, products in wanted.items()}
        session.client.cancel("subscribe")
        fresh: dict[str, list[str]] = {}
        for name, products in wanted.items():
            held = session.channels.setdefault(name, [])
            fresh[name] = [product for product in dict.fromkeys(products) if product not in held]
            held += fresh[name]
        acknowledged = wire.subscriptions_message(session.channels)
        session.client.send(acknowledged.decode())
        for name, products in fresh.items():
            for frame in self.feed.snapshots(name, products):
                self._send(frame, [session])
            for product in products if name != "status" else [""]:
                self._readers.add(session, _key(name, product, account))
        self._track()

    def _products(self, name: str, products: list[str]) -> list[str]:
        """Return the products that a subscription of a channel comes to."""
        if name == "user" and not products:
            return list(self._desk.products.by_id)
        if name != "status" and not products:
            raise _BadSubscriptionError("product_ids is required")
        return products

    def _unsubscribe(self, session: Session, wanted: dict[str, list[str]]) -> None:
        for name, products in wanted.items():
            held = session.channels.get(name, [])
            for product in products or list(held):
                if product in held:
                    held.remove(product)
            if not held:
                session.channels.pop(name, None)
            for key in self._readers.read(session):
                channel = "user" if key[0].startswith("user ") else key[0]
                if channel == name and key[1] not in held:
                    self._readers.remove(session, key)
        self._track()
        session.client.send(wire.subscriptions_message(session.channels).decode())

    def _track(self) -> None:
        """Have orders told one by one where somebody reads them."""
        self.feed.track(
            product
            for channel, product in self._readers
            if channel.partition(" ")[0] in ORDER_BY_ORDER
        )


class _BadSubscriptionError(Exception):
    """A message that is answered with an error; the text is the reason."""


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _BadSubscriptionError("product_ids is invalid")
    return value


def _key(name: str, product: str, account: int) -> Key:
    return (user_channel(account) if name == "user" else name), product
