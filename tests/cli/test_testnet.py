"""Mode testnet: its configuration, what is missing for it, and that no key leads elsewhere."""

import msgspec
import pytest
from ccxt import pro
from msgspec import inspect

from cli import testnet
from cli.main import main
from cli.settings import Settings, SettingsError, load
from cli.settings import testnet as keys
from cli.settings.secrets import Secret
from connectors.hosts import ALLOWED, require_allowed
from connectors.testnet.exchange import exchange_of, trading_urls
from connectors.testnet.guard import guarded_session
from connectors.testnet.networks import LOCAL_ONLY, NETWORKS, network
from connectors.transport.venue_feed import FeedAddress
from tests.connectors.testnet.wire import Wire, one_order, with_market

PRODUCTION = (
    "https://api.binance.com",
    "wss://ws-api.binance.com:443/ws-api/v3",
    "https://api.exchange.coinbase.com",
    "http://api.binance.com",
    "api.binance.com",
    "https://127.0.0.1@api.binance.com",
    "production",
    "live",
)
BOTH = {
    "CROSSQUOTE__MODE": "testnet",
    "CROSSQUOTE__VENUES__BINANCE__INSTRUMENTS": "BTC-USDT",
    "CROSSQUOTE__VENUES__COINBASE_EXCHANGE__ENABLED": "true",
    "CROSSQUOTE__VENUES__COINBASE_EXCHANGE__INSTRUMENTS": "BTC-USD",
}
NAMES = (
    "BINANCE_API_KEY", "BINANCE_API_SECRET", "COINBASE_EXCHANGE_API_KEY",
    "COINBASE_EXCHANGE_API_SECRET", "COINBASE_EXCHANGE_API_PASSPHRASE",
)  # fmt: skip
SECRETS = {name: Secret("bm90aGluZw==") for name in NAMES}
TRADING = "version: 1\nmode: testnet\ntrading: {strategies: [{name: xemm}]}\n"


def text_keys(kind, path=()):
    """Yield the path of every key that takes text of any form."""
    if isinstance(kind, inspect.Metadata):
        kind = kind.type
    if isinstance(kind, inspect.StructType):
        for one in kind.fields:
            yield from text_keys(one.type, (*path, one.encode_name))
    elif isinstance(kind, inspect.StrType | inspect.LiteralType):
        yield path


KEYS = sorted(text_keys(inspect.type_info(Settings)))


def variable(path):
    return "__".join(("CROSSQUOTE", *(part.replace("-", "_") for part in path))).upper()


async def test_no_key_of_the_configuration_leads_an_order_outside_the_list(monkeypatch):
    """Every key that takes text is given production's values; each that is taken is traded with."""
    wire = Wire(monkeypatch)
    assert ("venues", "binance", "urls", "rest") in KEYS
    assert ("testnet", "binance", "url") in KEYS
    monkeypatch.chdir("/")
    usual = testnet.accounts(load(None, BOTH).settings, SECRETS)
    different, taken = {}, 0
    for path in KEYS:
        for value in PRODUCTION:
            try:
                settings = load(None, BOTH | {variable(path): value}).settings
            except SettingsError:
                continue
            taken += 1
            assert settings.mode in ("testnet", "sim", "paper")
            for venue, account in testnet.accounts(settings, SECRETS).items():
                if account != usual.get(venue):
                    different[path, value, venue] = account
    assert taken > 20
    assert not different
    async with guarded_session() as session:
        for account in usual.values():
            made = exchange_of(pro, account.network, tuple(account.keys.values()), session)
            for url in trading_urls(made, account.network):
                require_allowed(url)
            await one_order(with_market(made))
            made.session = None
    assert set(wire.hosts) == {
        "testnet.binance.vision",
        "api-public.sandbox.exchange.coinbase.com",
    }


@pytest.mark.parametrize("venue", ["BINANCE", "COINBASE_EXCHANGE"])
@pytest.mark.parametrize(
    "value", [*PRODUCTION, "https://testnet.binance.vision", "http://10.0.0.1:1"]
)
def test_an_address_in_a_networks_place_is_of_this_machine(venue, value):
    with pytest.raises(SettingsError, match=r"an address like http://127|secrets are never read"):
        load(None, BOTH | {f"CROSSQUOTE__TESTNET__{venue}__URL": value})


def test_addresses_of_this_machine_are_those_of_the_list():
    for url in ("http://127.0.0.1:9001", "http://[::1]:9001/"):
        settings = load(None, BOTH | {"CROSSQUOTE__TESTNET__BINANCE__URL": url}).settings
        account = testnet.accounts(settings, SECRETS)["binance"]
        assert account.base_url == url.rstrip("/")
        require_allowed(account.base_url)


def test_the_public_data_comes_from_the_networks_too():
    settings = load(None, BOTH | {"CROSSQUOTE__TESTNET__BINANCE__NETWORK": "demo"}).settings
    assert testnet.feed_addresses(settings) == {
        "binance": FeedAddress(
            "wss://demo-stream.binance.com/stream", "https://demo-api.binance.com"
        ),
        "coinbase-exchange": FeedAddress(
            "wss://ws-feed-public.sandbox.exchange.coinbase.com",
            "https://api-public.sandbox.exchange.coinbase.com",
        ),
    }
    changed = msgspec.structs.replace(
        settings,
        testnet=keys.TestnetSettings(binance=keys.BinanceTestnet(url="http://127.0.0.1:7/")),
    )
    found = testnet.feed_addresses(changed)["binance"]
    assert found == FeedAddress("ws://127.0.0.1:7/stream", "http://127.0.0.1:7")


def test_orders_of_coinbase_stay_here_and_the_status_says_so():
    settings = load(None, BOTH).settings
    live = testnet.live_config(settings)
    assert live.venues == (
        ("binance", "testnet-binance"),
        ("coinbase-exchange", "testnet-coinbase-exchange"),
    )
    assert live.local == ("coinbase",)
    assert testnet.order_words(settings, "coinbase") == LOCAL_ONLY
    assert testnet.order_words(settings, "binance") == "Binance Spot Testnet"
    assert "coinbase" not in testnet.accounts(settings, SECRETS)
    paper = load(None, {"CROSSQUOTE__MODE": "paper"}).settings
    assert testnet.order_words(paper, "coinbase") == ""


def test_an_account_shows_no_key():
    for account in testnet.accounts(load(None, BOTH).settings, SECRETS).values():
        assert "bm90aGluZw" not in repr(account)
        assert not any("bm90aGluZw" in part for part in account.command)


def test_every_network_has_its_settings_and_hosts_of_the_list():
    for one in NETWORKS:
        assert network(one.venue, one.name) is one
        assert one.rest.removeprefix("https://") in ALLOWED
    with pytest.raises(KeyError):
        network("binance", "production")
    with pytest.raises(KeyError):
        network("coinbase")


def test_config_check_says_which_keys_are_missing(tmp_path, monkeypatch, capsys):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "c.yaml"
    path.write_text(
        TRADING + "venues: {coinbase-exchange: {enabled: true, instruments: [BTC-USD]}}\n"
    )
    assert main(["config", "check", "--config", str(path)]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "The configuration has 5 problems:"
    assert told[1] == (
        "  BINANCE_API_KEY: missing, trading at Binance Spot Testnet needs BINANCE_API_KEY or"
        " BINANCE_API_KEY_FILE; https://testnet.binance.vision makes keys"
    )
    assert [line.split(":")[0].strip() for line in told[1:]] == list(NAMES)
    for name in NAMES[:2]:
        monkeypatch.setenv(name, "x")
    secret = tmp_path / "secret"
    secret.write_text("y")
    monkeypatch.setenv(f"{NAMES[2]}_FILE", str(secret))
    assert main(["config", "check", "--config", str(path)]) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0].strip() for line in told[1:]] == list(NAMES[3:])


def test_without_strategies_no_keys_are_needed(monkeypatch, capsys):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CROSSQUOTE__MODE", "testnet")
    assert main(["config", "check"]) == 0
    assert "mode: testnet" in capsys.readouterr().out


def test_a_venue_without_a_network_is_refused():
    environment = BOTH | {
        "CROSSQUOTE__VENUES__BINANCE_USDM__ENABLED": "true",
        "CROSSQUOTE__VENUES__BINANCE_USDM__INSTRUMENTS": "BTC-USDT-PERP",
    }
    with pytest.raises(SettingsError) as refused:
        load(None, environment)
    (problem,) = refused.value.problems
    assert problem.path == "venues.binance-usdm.enabled"
    assert problem.message == (
        "got 'true', expected false in mode testnet, which has binance, coinbase-exchange, coinbase"
        " only"
    )


@pytest.mark.parametrize(
    ("written", "options"), [(TRADING, ()), ("version: 1\n", ("--strategy", "xemm"))]
)
def test_the_daemon_does_not_begin_without_keys(tmp_path, monkeypatch, capsys, written, options):
    path = tmp_path / "c.yaml"
    path.write_text(written)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    assert main(["run", "--mode", "testnet", "--config", str(path), *options]) == 2
    told = capsys.readouterr().err
    assert "BINANCE_API_SECRET: missing, trading at Binance Spot Testnet" in told
