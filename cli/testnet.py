"""Mode testnet: where its public data is, what trades over the wire, and by what orders leave."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from arb.live import LiveConfig
from cli.settings.model import Settings
from cli.settings.secrets import Secret
from cli.settings.testnet_rules import LOCAL
from connectors.registry import venue as venue_of
from connectors.testnet.door import Account, CcxtDoor
from connectors.testnet.networks import LOCAL_ONLY, Network, network, secret_names
from connectors.transport.orders import DoorSetting, OrderDoor
from connectors.transport.venue_feed import FeedAddress
from market.catalog import Catalog


def networks(settings: Settings) -> dict[str, tuple[Network, str]]:
    """Return the network of each enabled venue that has one, and the address in its place or ''."""
    enabled = settings.venues.enabled()
    return {
        venue: (network(venue, one.network), one.url.rstrip("/"))
        for venue, one in settings.testnet
        if venue in enabled
    }


def feed_addresses(settings: Settings) -> dict[str, FeedAddress]:
    """Return where the public data of the test networks is; other venues keep their own."""
    found = {}
    for venue, (chosen, url) in networks(settings).items():
        ws, rest = (f"ws://{urlsplit(url).netloc}", url) if url else (chosen.ws, chosen.rest)
        found[venue] = FeedAddress(ws + venue_of(venue).stream_path, rest)
    return found


def live_config(settings: Settings) -> LiveConfig:
    """Return what trades over the wire, and what stays here."""
    enabled = settings.venues.enabled()
    return LiveConfig(
        tuple((venue, f"testnet-{venue}") for venue in networks(settings)),
        settings.trading.reconcile_s * 10**9,
        tuple(venue for venue in LOCAL if venue in enabled),
    )


def accounts(settings: Settings, secrets: Mapping[str, Secret]) -> dict[str, Account]:
    """Return the accounts that orders go to, by venue; a key that is missing is left out."""
    found = {}
    for venue, (chosen, url) in networks(settings).items():
        natives = dict.fromkeys(
            Catalog().find(text, venue).native
            for text in settings.venues.enabled()[venue].instruments
        )
        keys = {name: secrets[name].reveal() for name in secret_names(chosen) if name in secrets}
        found[venue] = Account(chosen, tuple(natives), keys, url)
    return found


def order_doors(
    settings: Settings, secrets: Mapping[str, Secret], setting: DoorSetting
) -> dict[str, OrderDoor]:
    """Return the doors to the test networks by venue."""
    edge, backoff = setting.edge, setting.parameters.backoff
    return {
        venue: CcxtDoor(account, setting.sink, edge.clock.now_ns, edge.random, backoff)
        for venue, account in accounts(settings, secrets).items()
    }


def order_words(settings: Settings, venue: str) -> str:
    """Return where the orders of a venue go in mode testnet, for a status; '' in other modes."""
    if settings.mode != "testnet":
        return ""
    if venue in LOCAL:
        return LOCAL_ONLY
    chosen, url = networks(settings)[venue]
    return f"{chosen.words}, in its place {url}" if url else chosen.words
