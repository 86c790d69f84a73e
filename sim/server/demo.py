"""The accounts that are there when the configuration names none: throw-away keys, known to all.

They open accounts at servers on loopback and nothing else, and are printed at the start.
"""

import base64
from hashlib import sha256

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sim.market.listing import BINANCE, COINBASE

from .keys import ApiKey

ACCOUNT = "demo"
PASSPHRASE = "demo"  # noqa: S105 - known to all, as it should be
_BINANCE_FUNDS = {"USDT": "1000000", "BTC": "10", "ETH": "100"}
_COINBASE_FUNDS = {"USD": "1000000", "USDT": "100000", "BTC": "10", "ETH": "100"}
CDP_KEY = "organizations/demo/apiKeys/demo"


def demo_private_key() -> ec.EllipticCurvePrivateKey:
    """Return the key that signs for CDP_KEY: always the same."""
    number = int.from_bytes(sha256(b"crossquote demo key").digest())
    return ec.derive_private_key(number, ec.SECP256R1())


def demo_private_pem() -> str:
    """Return it as clients take it."""
    return (
        demo_private_key()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        .decode()
    )


def demo_keys() -> list[ApiKey]:
    """Return one key for each way of signing."""
    public = demo_private_key().public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
    shared = base64.b64encode(b"crossquote demo secret").decode()
    funds = _COINBASE_FUNDS
    return [
        ApiKey(BINANCE, "demo", ACCOUNT, shared, balances=_BINANCE_FUNDS),
        ApiKey(COINBASE, CDP_KEY, ACCOUNT, public_key=pem, balances=funds),
        ApiKey(COINBASE, "demo", ACCOUNT, shared, passphrase=PASSPHRASE, balances=funds),
    ]
