"""The order doors of a daemon in mode sim, with the keys that open the simulated accounts."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from cli.settings.model import SimAccount
from cli.settings.secrets import Secret
from connectors.binance.orders_sign import Ed25519Signer, HmacSigner, Signer
from connectors.coinbase.orders_sign import JwtSigner
from connectors.transport.orders import DoorSetting, OrderDoor
from connectors.transport.orders_binance import BinanceOrderDoor
from connectors.transport.orders_coinbase import CoinbaseOrderDoor
from connectors.transport.venue_feed import FeedAddress
from sim.market.listing import BINANCE
from sim.server.demo import CDP_KEY, demo_keys, demo_private_pem

_WS_API = "/ws-api/v3"


class KeyMissingError(ValueError):
    """There is no key for a venue that is to be traded at; the message says what to set."""


def sim_doors(
    addresses: Mapping[str, FeedAddress],
    accounts: tuple[SimAccount, ...],
    secrets: Mapping[str, Secret],
    setting: DoorSetting,
) -> dict[str, OrderDoor]:
    """Return the doors to the simulated venues by name.

    Without `accounts` the demo keys open them. An account that is named by its public key is opened
    by the private one in `secrets`, by variable. Raises KeyMissingError, and ForbiddenHostError for
    an address that is not on loopback.
    """
    doors: dict[str, OrderDoor] = {}
    for venue, address in addresses.items():
        if venue == "binance":
            parts = urlsplit(address.ws)
            url = f"{parts.scheme}://{parts.netloc}{_WS_API}"
            signer = _binance_signer(accounts, secrets)
            doors[venue] = BinanceOrderDoor(venue=venue, url=url, signer=signer, setting=setting)
        elif venue == "coinbase":
            doors[venue] = CoinbaseOrderDoor(
                venue=venue,
                rest=address.rest,
                ws=address.ws,
                signer=_coinbase_signer(accounts, secrets),
                setting=setting,
            )
    return doors


def _binance_signer(accounts: tuple[SimAccount, ...], secrets: Mapping[str, Secret]) -> Signer:
    if not accounts:
        demo = next(key for key in demo_keys() if key.venue == BINANCE)
        return HmacSigner(demo.key, demo.secret)
    account = _account(accounts, "binance")
    if account.secret:
        return HmacSigner(account.key, account.secret)
    return Ed25519Signer(account.key, _private(secrets, "BINANCE"))


def _coinbase_signer(accounts: tuple[SimAccount, ...], secrets: Mapping[str, Secret]) -> JwtSigner:
    if not accounts:
        return JwtSigner(CDP_KEY, demo_private_pem())
    account = _account(accounts, "coinbase")
    return JwtSigner(account.key, _private(secrets, "COINBASE"))


def _account(accounts: tuple[SimAccount, ...], venue: str) -> SimAccount:
    """Return the first account of a venue that requests can be signed for."""
    for one in accounts:
        if one.venue == venue and (one.public_key or venue == "binance"):
            return one
    raise KeyMissingError(
        f"sim.accounts has none of {venue} that orders can be signed for; add one, or take all away"
        " for the demo accounts"
    )


def _private(secrets: Mapping[str, Secret], venue: str) -> str:
    name = f"{venue}_API_SECRET"
    if name not in secrets:
        raise KeyMissingError(f"sim.accounts names a public key; set {name} to the private one")
    return secrets[name].reveal()
