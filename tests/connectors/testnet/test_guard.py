"""No signed order request reaches a host outside the frozen list, whatever address ccxt has."""

import base64
from urllib.parse import urlsplit

import aiohttp
import ccxt
import pytest
from aiohttp import web
from ccxt import pro

from connectors.hosts import ALLOWED, ForbiddenHostError, require_allowed
from connectors.testnet.exchange import exchange_of, trading_urls
from connectors.testnet.guard import RedirectError, guarded, guarded_session
from connectors.testnet.networks import NETWORKS, network
from tests.sim.server.coinbase_keys import private_pem

from .between import Between
from .wire import Wire, one_order, with_market

EXCHANGES = ("binance", "coinbaseexchange", "coinbase")
SECRET = base64.b64encode(b"nothing").decode()


@pytest.fixture
def wire(monkeypatch):
    return Wire(monkeypatch)


def walk(value):
    """Yield every text in a tree."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from walk(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from walk(one)


def addresses(name):
    """Return every address that ccxt knows of an exchange: production, sandbox, demo, and pages."""
    made = getattr(pro, name)()
    hostnames = {made.hostname or "exchange.coinbase.com", "binance.com", "exchange.coinbase.com"}
    found = {
        text.replace("{hostname}", hostname)
        for text in walk(made.urls)
        for hostname in hostnames
        if "://" in text
    }
    return sorted(found)


def client(kind, session, url):
    """Make an exchange that takes an address for each of its own."""
    secret = private_pem() if issubclass(kind, pro.coinbase) else SECRET
    made = kind(
        {
            "apiKey": "k", "secret": secret, "password": "p", "session": session,
            "enableRateLimit": False,
            "options": {"defaultType": "spot", "fetchCurrencies": False},
        }
    )  # fmt: skip
    with_market(made)
    made.urls["api"] = replaced(made.urls["api"], url)
    return made


def replaced(tree, url):
    if isinstance(tree, dict):
        return {name: replaced(one, url) for name, one in tree.items()}
    return url


async def try_everything(made):
    """Make the signed requests of trading; returns the errors."""
    errors = []
    for call in (
        lambda: made.create_order("BTC/USDT", "limit", "buy", 1, 100),
        lambda: made.create_order("BTC/USDT", "limit", "sell", 1, 100, {"postOnly": True}),
        lambda: made.cancel_order("7", "BTC/USDT"),
        lambda: made.watch_orders("BTC/USDT"),
    ):
        try:
            await call()
        except (ForbiddenHostError, ccxt.BaseError, aiohttp.ClientError) as error:
            errors.append(error)
    return errors


def is_allowed(url):
    try:
        require_allowed(url)
    except ForbiddenHostError:
        return False
    return True


@pytest.mark.parametrize("name", EXCHANGES)
async def test_no_address_of_ccxt_leads_an_order_outside_the_list(name, wire):
    """Each of its addresses in the place of each other one, through the whole guard."""
    known = addresses(name)
    assert len(known) > 5
    assert [url for url in known if "api" in urlsplit(url).netloc and not is_allowed(url)]
    kind = guarded(getattr(pro, name))
    async with guarded_session() as session:
        for url in known:
            wire.hosts.clear()
            made = client(kind, session, url)
            errors = await try_everything(made)
            assert len(errors) == 4, url
            assert set(wire.hosts) <= ALLOWED, url
            if not is_allowed(url):
                assert not wire.hosts, url
                assert all(isinstance(error, ForbiddenHostError) for error in errors), url
            made.session = None


@pytest.mark.parametrize("name", EXCHANGES)
async def test_the_connections_alone_lead_no_order_outside_the_list(name, wire):
    """ccxt's own class without our checks: the session makes no connection to another host."""
    async with guarded_session() as session:
        one_of_each_host = {urlsplit(url).netloc: url for url in addresses(name)}
        for url in one_of_each_host.values():
            if is_allowed(url):
                continue
            made = client(getattr(pro, name), session, url)
            errors = [await one_order(made)]
            assert isinstance(errors[0], ForbiddenHostError), url
            assert not wire.hosts, url
            made.session = None


async def test_the_guard_can_tell(wire):
    """Without it the same orders do leave for production: the tests above could fail."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector()) as session:
        made = client(pro.binance, session, "https://api.binance.com/api/v3")
        await one_order(made)
        made.session = None
    assert wire.hosts == ["api.binance.com"]


@pytest.mark.parametrize("chosen", NETWORKS, ids=lambda one: f"{one.venue}-{one.name}")
async def test_the_networks_are_on_the_list_by_ccxts_own_addresses(chosen, wire):
    async with guarded_session() as session:
        keys = ("k", SECRET, "p")[: len(chosen.secrets)]
        made = exchange_of(pro, chosen, keys, session)
        for url in trading_urls(made, chosen):
            require_allowed(url)
            assert urlsplit(url).hostname in ALLOWED
        await one_order(with_market(made))
        assert wire.hosts
        assert set(wire.hosts) <= ALLOWED
        made.session = None


@pytest.mark.parametrize(
    "base",
    [
        "https://api.binance.com", "http://api.binance.com", "https://testnet.binance.vision",
        "http://127.0.0.1@api.binance.com", "ws://127.0.0.1:1", "http://192.168.0.1:80", "x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("venue", ["binance", "coinbase-exchange"])
async def test_another_server_is_one_on_this_machine(venue, base):
    chosen = network(venue)
    async with guarded_session() as session:
        with pytest.raises(ForbiddenHostError):
            exchange_of(pro, chosen, ("k", SECRET, "p")[: len(chosen.secrets)], session, base)


@pytest.mark.parametrize("settings", [
    {"httpsProxy": "http://10.0.0.1:3128"}, {"httpProxy": "http://10.0.0.1:3128"},
    {"aiohttp_proxy": "http://10.0.0.1:3128"}, {"proxyUrl": "https://proxy.example/"},
])  # fmt: skip
async def test_no_proxy_is_used(settings, wire):
    async with guarded_session() as session:
        made = client(guarded(pro.binance), session, "https://testnet.binance.vision/api/v3")
        for name, value in settings.items():
            setattr(made, name, value)
        assert isinstance(await one_order(made), ForbiddenHostError | ccxt.InvalidProxySettings)
        assert not wire.hosts
        made.session = None


async def test_no_proxy_comes_from_the_environment(monkeypatch, wire):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://10.0.0.1:3128")
    async with guarded_session() as session:
        assert not session.trust_env
        made = client(guarded(pro.binance), session, "https://testnet.binance.vision/api/v3")
        await one_order(made)
        assert wire.hosts == ["testnet.binance.vision"]
        made.session = None


async def test_a_stream_follows_no_redirect():
    async with (
        Between("").serving() as other,
        Between("").serving() as venue,
        guarded_session() as session,
    ):
        headers = {"Location": f"{other.url}/ws-api/v3"}
        venue.spoil = lambda request, reply: web.Response(status=307, headers=headers)
        with pytest.raises(RedirectError):
            await session.ws_connect(f"ws{venue.url.removeprefix('http')}/ws-api/v3")
        assert len(venue.seen) == 1
        assert not other.seen
