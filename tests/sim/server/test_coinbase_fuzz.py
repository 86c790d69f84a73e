"""Whatever clients send, the simulated Coinbase answers in its own words."""

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.exchange.order import Request
from sim.feed.coinbase import CHANNELS, MORE_CHANNELS, CoinbaseFeed
from sim.feed.coinbase_exchange import CHANNELS as EXCHANGE_CHANNELS
from sim.feed.coinbase_exchange import ExchangeFeed
from sim.server.coinbase_advanced import AdvancedSocket, AdvancedSocketRules
from sim.server.coinbase_auth import Authenticator, AuthError
from sim.server.coinbase_desk import CoinbaseDesk
from sim.server.coinbase_entry import read_order
from sim.server.coinbase_exchange_entry import read_exchange_order
from sim.server.coinbase_exchange_socket import ExchangeSocket
from sim.server.coinbase_refusal import OrderRefusedError
from sim.server.coinbase_session import Session
from sim.server.counts import Counts
from sim.server.faults import Faults
from sim.server.keys import KeyRing
from tests.effort import examples

from .coinbase_keys import COINBASE_KEYS, exchange_auth, jwt
from .coinbase_market import Market

NOW_S = 1_760_000_000
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
number = st.sampled_from(
    ["1", "0.5", "0", "-1", "60000", "60000.01", "1e3", "", "x", "0.000000001"]
)
product = st.sampled_from(["BTC-USD", "ETH-USD", "BTC-USDC", "NO-SUCH"])


def mostly(strategy):
    return strategy | strategy | strategy | anything


class Client:
    """Keeps what it is sent."""

    def __init__(self):
        self.sent = []

    def send(self, text):
        self.sent.append(orjson.loads(text))

    def cancel(self, name):
        pass


class Rig:
    """Both sockets over one market, without a network."""

    def __init__(self):
        market = Market(start_ns=NOW_S * 10**9)
        self.market, exchange = market, market.exchange
        self.feed = CoinbaseFeed(market, exchange)
        ring = KeyRing(COINBASE_KEYS)
        auth = Authenticator(ring, lambda: NOW_S * 10**9)
        self.desk = CoinbaseDesk(exchange, self.feed.products, ring)
        counts, faults = Counts(), Faults()
        rules = AdvancedSocketRules()
        self.advanced = AdvancedSocket(
            self.feed, lambda: NOW_S * 10**9, rules, counts, faults, self.desk, auth
        )
        orders = ExchangeFeed(self.feed.products, exchange)
        self.exchange = ExchangeSocket(orders, counts, faults, self.desk, auth)

    def step(self):
        events = self.market.advance(self.market.now_ns + 50_000_000)
        batches = self.feed.products.take(events)
        self.advanced.publish(batches, self.market.now_ns)
        self.exchange.publish(batches)


RIG = Rig()
configurations = st.dictionaries(
    st.sampled_from(
        [
            *("limit_limit_gtc", "limit_limit_gtd", "sor_limit_ioc", "limit_limit_fok"),
            *("market_market_ioc", "stop_limit_stop_limit_gtc", "trigger_bracket_gtc"),
        ]
    ),
    mostly(
        st.fixed_dictionaries(
            {},
            optional={
                "base_size": mostly(number),
                "quote_size": mostly(number),
                "limit_price": mostly(number),
                "stop_price": mostly(number),
                "post_only": mostly(st.booleans()),
                "end_time": mostly(st.sampled_from(["2030-01-01T00:00:00Z", "x", "9999-99-99"])),
                "stop_direction": mostly(st.sampled_from(["STOP_DIRECTION_STOP_UP", "x"])),
            },
        )
    ),
    min_size=1,
    max_size=1,
)


@settings(max_examples=examples(1.5))
@given(
    st.fixed_dictionaries(
        {"product_id": mostly(product)},
        optional={
            "side": mostly(st.sampled_from(["BUY", "SELL"])),
            "client_order_id": mostly(st.text(max_size=5)),
            "order_configuration": mostly(configurations),
        },
    )
)
def test_an_order_of_advanced_trade_is_read_or_refused(body):
    try:
        request = read_order(RIG.desk, body, NOW_S * 10**9)
    except OrderRefusedError:
        pass  # in words that the tests of orders look at
    else:
        assert isinstance(request, Request)
        assert request.qty > 0


@settings(max_examples=examples(1.5))
@given(
    st.fixed_dictionaries(
        {"product_id": mostly(product), "side": mostly(st.sampled_from(["buy", "sell"]))},
        optional={
            "type": mostly(st.sampled_from(["limit", "market", "stop"])),
            "size": mostly(number),
            "funds": mostly(number),
            "price": mostly(number),
            "stop": mostly(st.sampled_from(["loss", "entry"])),
            "stop_price": mostly(number),
            "time_in_force": mostly(st.sampled_from(["GTC", "GTT", "IOC", "FOK"])),
            "cancel_after": mostly(st.sampled_from(["min", "hour", "day"])),
            "post_only": mostly(st.booleans()),
            "stp": mostly(st.sampled_from(["dc", "co", "cn", "cb"])),
            "max_floor": mostly(number),
            "client_oid": mostly(st.text(max_size=5)),
        },
    )
)
def test_an_order_of_the_exchange_is_read_or_refused(body):
    try:
        request = read_exchange_order(RIG.desk, body, NOW_S * 10**9)
        RIG.desk.check(request)
    except OrderRefusedError:
        pass  # in words that the tests of orders look at
    else:
        assert request.qty > 0


names = [*CHANNELS, *MORE_CHANNELS, "user", "futures_balance_summary", "nope"]
kinds = mostly(st.sampled_from(["subscribe", "unsubscribe"]))
ids = mostly(st.lists(product, max_size=3))
signing = {"jwt": mostly(st.just(jwt(NOW_S)))}


@settings(max_examples=examples(0.2))
@given(
    st.lists(
        st.fixed_dictionaries(
            {"type": kinds, "channel": mostly(st.sampled_from(names))},
            optional={"product_ids": ids, **signing},
        ),
        max_size=5,
    )
)
def test_messages_to_advanced_trade_are_answered_and_numbered(messages):
    client = Client()
    session = Session(client, "x")
    for message in messages:
        before = len(client.sent)
        RIG.advanced.handle(session, message)
        assert len(client.sent) > before
        RIG.step()
    RIG.advanced.closed(session)
    count = len(client.sent)
    RIG.step()
    assert len(client.sent) == count
    numbers = [frame["sequence_num"] for frame in client.sent if "channel" in frame]
    assert numbers == list(range(len(numbers)))


@settings(max_examples=examples(0.2))
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "type": kinds,
                "channels": mostly(
                    st.lists(
                        mostly(
                            st.sampled_from([*EXCHANGE_CHANNELS, "nope"])
                            | st.fixed_dictionaries(
                                {"name": st.sampled_from(EXCHANGE_CHANNELS)},
                                optional={"product_ids": ids},
                            )
                        ),
                        max_size=3,
                    )
                ),
            },
            optional={
                "product_ids": ids,
                "auth": st.just(exchange_auth(NOW_S)),
                "signature": anything,
            },
        ),
        max_size=5,
    )
)
def test_messages_to_the_exchange_are_answered(messages):
    client = Client()
    session = Session(client, "x")
    for message in messages:
        before = len(client.sent)
        RIG.exchange.handle(session, message | (message.pop("auth", None) or {}))
        assert len(client.sent) > before
        RIG.step()
    RIG.exchange.closed(session)
    count = len(client.sent)
    RIG.step()
    assert len(client.sent) == count


@settings(max_examples=examples(2))
@given(st.text(max_size=40) | st.lists(st.text(max_size=12), min_size=3, max_size=3).map(".".join))
def test_a_token_that_is_none_is_refused(token):
    auth = Authenticator(KeyRing(COINBASE_KEYS), lambda: NOW_S * 10**9)
    try:
        auth.token(token, None)
    except AuthError:
        return
    raise AssertionError("a made-up token was taken")
