"""Keys of the simulated Coinbase for tests, and what clients sign with them."""

import base64
import hashlib
import hmac
import json
import secrets

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from sim.server.keys import ApiKey

BALANCES = {"USD": "1000000", "BTC": "10", "ETH": "100"}
NAME = "organizations/1/apiKeys/2"
PRIVATE = ec.derive_private_key(0x1234567890ABCDEF, ec.SECP256R1())
EDWARDS = ed25519.Ed25519PrivateKey.from_private_bytes(b"0123456789abcdef0123456789abcdef")


def pem_of(private):
    return (
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def private_pem():
    return PRIVATE.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


def edwards_secret():
    """The secret of an Ed25519 key as the venue hands it out: seed and public key."""
    raw = serialization.Encoding.Raw
    public = EDWARDS.public_key().public_bytes(raw, serialization.PublicFormat.Raw)
    return base64.b64encode(b"0123456789abcdef0123456789abcdef" + public).decode()


EXCHANGE_SECRET = base64.b64encode(b"exchange secret of nothing").decode()
COINBASE_KEYS = [
    ApiKey("COINBASE", NAME, "demo", public_key=pem_of(PRIVATE), balances=BALANCES),
    ApiKey("COINBASE", "edwards", "demo", public_key=pem_of(EDWARDS), balances=BALANCES),
    ApiKey("COINBASE", "legacy", "demo", secret="old secret", balances=BALANCES),
    ApiKey("COINBASE", "pro", "demo", EXCHANGE_SECRET, passphrase="open", balances=BALANCES),
    ApiKey("COINBASE", "other", "other", secret="another", balances={"USD": "5"}),
]


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def jwt(now_s, uri=None, *, algorithm="ES256", kid=NAME, signer=PRIVATE, life=120, **changed):
    head = {"alg": algorithm, "kid": kid, "nonce": secrets.token_hex(8), "typ": "JWT"}
    payload = {"iss": "cdp", "sub": kid, "nbf": now_s, "exp": now_s + life}
    if uri is not None:
        payload["uri"] = uri
    for name, value in changed.items():
        (head if name in head else payload)[name] = value
    signed = b".".join(encoded(json.dumps(part).encode()) for part in (head, payload))
    if algorithm == "ES256":
        r, s = decode_dss_signature(signer.sign(signed, ec.ECDSA(SHA256())))
        signature = r.to_bytes(32) + s.to_bytes(32)
    else:
        signature = signer.sign(signed)
    return (signed + b"." + encoded(signature)).decode()


def legacy_headers(now_s, method, path, body="", key="legacy", secret="old secret"):
    message = f"{now_s}{method}{path}{body}".encode()
    return {
        "CB-ACCESS-KEY": key,
        "CB-ACCESS-TIMESTAMP": str(now_s),
        "CB-ACCESS-SIGN": hmac.new(secret.encode(), message, hashlib.sha256).hexdigest(),
    }


def exchange_signature(stamp, method, path, body="", secret=EXCHANGE_SECRET):
    message = f"{stamp}{method}{path}{body}".encode()
    digest = hmac.digest(base64.b64decode(secret), message, hashlib.sha256)
    return base64.b64encode(digest).decode()


def exchange_headers(now_s, method, path, body=""):
    return {
        "CB-ACCESS-KEY": "pro",
        "CB-ACCESS-PASSPHRASE": "open",
        "CB-ACCESS-TIMESTAMP": str(now_s),
        "CB-ACCESS-SIGN": exchange_signature(now_s, method, path, body),
    }


def exchange_auth(now_s):
    """The fields that sign a subscription of the Exchange feed."""
    return {
        "key": "pro",
        "passphrase": "open",
        "timestamp": str(now_s),
        "signature": exchange_signature(now_s, "GET", "/users/self/verify"),
    }
