"""Signs requests of Binance: the only place at this venue that sees a secret.

https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security: HMAC-SHA256 in
hex, or Ed25519 in base64, by the kind of the key. The WebSocket API signs its parameters sorted
by name, REST the query as it is sent. Time is handed in; nothing is logged.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote, urlencode

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connectors.orders import Request, SignedCall

#: A request that arrives later than this is refused by the venue.
WINDOW_MS = 5_000

#: Parameters that are no texts in a frame; they are signed as they are spelled all the same.
_JSON: dict[str, Callable[[str], object]] = {
    "timestamp": int,
    "recvWindow": int,
    "orderId": int,
    "fromId": int,
    "limit": int,
    "omitZeroBalances": lambda text: text == "true",
}


class Signer(Protocol):
    """Signs payloads with one key; its text shows nothing of the secret."""

    #: The public name of the key.
    key: str

    def sign(self, payload: bytes) -> str:
        """Return the signature as the venue reads it."""


class HmacSigner:
    """Signs by a secret that is shared with the venue."""

    def __init__(self, key: str, secret: str) -> None:
        """Take a key and its secret as the venue handed them out; raises ValueError if empty."""
        if not key or not secret:
            raise ValueError("a key and its secret are needed")
        self.key = key
        self._secret = secret.encode()

    def sign(self, payload: bytes) -> str:
        """Return the hex digest."""
        return hmac.new(self._secret, payload, hashlib.sha256).hexdigest()


class Ed25519Signer:
    """Signs by a private key of ours, whose public half the venue knows."""

    def __init__(self, key: str, pem: str) -> None:
        """Take a key and its private PEM; raises ValueError where it is no Ed25519 key."""
        try:
            private = load_pem_private_key(pem.encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # The cause may quote the key.
            raise ValueError("the private key cannot be read") from None
        if not key or not isinstance(private, Ed25519PrivateKey):
            raise ValueError("a key name and an Ed25519 private key are needed")
        self.key = key
        self._private = private

    def sign(self, payload: bytes) -> str:
        """Return the signature in base64."""
        return base64.b64encode(self._private.sign(payload)).decode()


def frame(request: Request, signer: Signer, now_ms: int, window_ms: int = WINDOW_MS) -> bytes:
    """Return a signed frame of the WebSocket API; `now_ms` is the venue's time, in ms."""
    stamp = {"apiKey": signer.key, "timestamp": str(now_ms), "recvWindow": str(window_ms)}
    texts = dict(request.params) | stamp
    payload = "&".join(f"{name}={texts[name]}" for name in sorted(texts))
    params = {name: _JSON.get(name, str)(text) for name, text in texts.items()}
    params["signature"] = signer.sign(payload.encode())
    return orjson.dumps({"id": request.tag, "method": request.method, "params": params})


def call(request: Request, signer: Signer, now_ms: int, window_ms: int = WINDOW_MS) -> SignedCall:
    """Return a signed REST request; `now_ms` is the venue's time, in ms."""
    stamp = (("recvWindow", str(window_ms)), ("timestamp", str(now_ms)))
    query = urlencode((*request.params, *stamp), quote_via=quote)
    signature = quote(signer.sign(query.encode()), safe="")
    path = f"{request.path}?{query}&signature={signature}"
    return SignedCall(request.method, path, (("X-MBX-APIKEY", signer.key),))
