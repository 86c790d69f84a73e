"""Signs requests of Coinbase Advanced Trade: the only place at this venue that sees a secret.

https://docs.cdp.coinbase.com/advanced-trade/docs/auth: a JWT of two minutes, by ES256 or EdDSA, as
the key is. For a request it names method, host and path without query; for a subscription nothing.
Time and nonce are handed in; nothing is logged.
"""

import base64
import binascii
from urllib.parse import quote, urlencode

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connectors.orders import Request, SignedCall, parsed
from market.rows import table

#: The longest life of a token that the venue allows.
LIFE_S = 120
#: A request that arrives later than this is refused: what became of it can then be asked for good.
REQUEST_LIFE_S = 5

_SEED_BYTES = 32


class JwtSigner:
    """Makes the tokens of one key; its text shows nothing of the secret."""

    def __init__(self, key: str, secret: str) -> None:
        """Take a key's name, and its private PEM or base64 Ed25519 seed; raises ValueError."""
        private = _private(secret)
        if not key or private is None:
            raise ValueError("a key name and a P-256 or Ed25519 private key are needed")
        self.key = key
        self._private = private
        self._algorithm = "EdDSA" if isinstance(private, Ed25519PrivateKey) else "ES256"

    def token(self, now_s: int, nonce: str, uri: str = "", life_s: int = LIFE_S) -> str:
        """Return a token for one request (`GET host/path`), or without `uri` for a subscription.

        `now_s` is the venue's time in s; a nonce is used once.
        """
        head = {"alg": self._algorithm, "kid": self.key, "nonce": nonce, "typ": "JWT"}
        claims: dict[str, str | int] = {
            "iss": "cdp",
            "sub": self.key,
            "nbf": now_s,
            "exp": now_s + life_s,
        }
        if uri:
            claims["uri"] = uri
        signed = b".".join(_encoded(orjson.dumps(part)) for part in (head, claims))
        return (signed + b"." + _encoded(self._signature(signed))).decode()

    def _signature(self, signed: bytes) -> bytes:
        if isinstance(self._private, Ed25519PrivateKey):
            return self._private.sign(signed)
        r, s = decode_dss_signature(self._private.sign(signed, ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)


def call(
    request: Request,
    signer: JwtSigner,
    host: str,
    now_s: int,
    nonce: str,
    life_s: int = REQUEST_LIFE_S,
) -> SignedCall:
    """Return a signed REST request to a host, named with its port where that is not the usual."""
    token = signer.token(now_s, nonce, f"{request.method} {host}{request.path}", life_s)
    headers: tuple[tuple[str, str], ...] = (("Authorization", f"Bearer {token}"),)
    if request.body:
        headers += (("Content-Type", "application/json"),)
    query = f"?{urlencode(request.params, quote_via=quote)}" if request.params else ""
    return SignedCall(request.method, request.path + query, headers, request.body)


def frame(request: Request, signer: JwtSigner, now_s: int, nonce: str) -> bytes:
    """Return a subscription with a token; raises RowError where its body is no JSON object."""
    fields = table(parsed(request.body), "subscription")
    return orjson.dumps({**fields, "jwt": signer.token(now_s, nonce)})


def _private(secret: str) -> EllipticCurvePrivateKey | Ed25519PrivateKey | None:
    """Return the private key of a PEM, or of the seed that may be followed by the public key."""
    text = secret.strip()
    try:
        if not text.startswith("-----"):
            raw = base64.b64decode(text, validate=True)
            whole = len(raw) in (_SEED_BYTES, 2 * _SEED_BYTES)
            return Ed25519PrivateKey.from_private_bytes(raw[:_SEED_BYTES]) if whole else None
        # Environments often carry the line ends of a PEM as two characters.
        private = load_pem_private_key(text.replace("\\n", "\n").encode(), None)
    except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm):
        return None
    if isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP256R1):
        return private
    return private if isinstance(private, Ed25519PrivateKey) else None


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
