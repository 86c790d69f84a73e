"""Who sends a request to the simulated Coinbase: JWT and HMAC of both products.

https://docs.cdp.coinbase.com/advanced-trade/docs/auth
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from functools import lru_cache

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from .keys import ApiKey, KeyRing

JWT_LIFE_S = 120
CLOCK_SLACK_S = 5  # by which a client's clock may be ahead
STAMP_S = 30  # by which a signed timestamp may be off
_TOKEN_CHARS_MAX = 4096
_ISSUERS = ("cdp", "coinbase-cloud")
VERIFY_PATH = "/users/self/verify"


class AuthError(Exception):
    """A request that nobody known has signed; the text is the Exchange's word for why."""


class Authenticator:
    """Verifies signatures against the keys of the venue, at the venue's time."""

    def __init__(self, keys: KeyRing, now_ns: Callable[[], int]) -> None:
        self._keys = keys
        self._now_ns = now_ns

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: str = ""
    ) -> ApiKey:
        """Return who sent an Advanced Trade request; `path` is without query. AuthError if nobody.

        A bearer token names method, host with port and path in `uri`; the older form signs
        timestamp, method, path and body, and below `/v2` the `query` with its mark.
        """
        kind, _, token = headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self.token(token.strip(), f"{method} {headers.get('Host', '')}{path}")
        key = self._known(headers.get("CB-ACCESS-KEY", ""))
        stamp = headers.get("CB-ACCESS-TIMESTAMP", "")
        self._check_stamp(stamp)
        message = f"{stamp}{method}{path}{query}".encode() + _signed_body(method, body)
        self._check_hex(key, message, headers.get("CB-ACCESS-SIGN", ""))
        return key

    def message(self, fields: Mapping[str, object], channel: str, products: list[str]) -> ApiKey:
        """Return who sent an Advanced Trade subscription; AuthError if nobody known."""
        token = fields.get("jwt")
        if isinstance(token, str):
            return self.token(token, None)
        key = self._known(_text(fields, "api_key"))
        stamp = _text(fields, "timestamp")
        self._check_stamp(stamp)
        message = f"{stamp}{channel}{','.join(products)}".encode()
        self._check_hex(key, message, _text(fields, "signature"))
        return key

    def exchange_request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> ApiKey:
        """Return who sent an Exchange request; `path` has its query. AuthError if nobody known."""
        stamp = headers.get("CB-ACCESS-TIMESTAMP", "")
        message = f"{stamp}{method}{path}".encode() + _signed_body(method, body)
        return self._exchange(
            headers.get("CB-ACCESS-KEY", ""),
            headers.get("CB-ACCESS-PASSPHRASE", ""),
            stamp,
            headers.get("CB-ACCESS-SIGN", ""),
            message,
        )

    def exchange_message(self, fields: Mapping[str, object]) -> ApiKey:
        """Return who sent an Exchange subscription; AuthError if nobody known."""
        stamp = _text(fields, "timestamp")
        message = f"{stamp}GET{VERIFY_PATH}".encode()
        passphrase = _text(fields, "passphrase")
        return self._exchange(
            _text(fields, "key"), passphrase, stamp, _text(fields, "signature"), message
        )

    def token(self, token: str, uri: str | None) -> ApiKey:
        """Return who signed a JWT; `uri` is what it must be for, None for a socket's."""
        head, payload, signed, signature = _split(token)
        key = self._known(_text(head, "kid"))
        if _text(payload, "iss") not in _ISSUERS or _text(payload, "sub") != key.key:
            raise AuthError("invalid token")
        if not _text(head, "nonce"):
            raise AuthError("invalid token")
        begin, end = payload.get("nbf"), payload.get("exp")
        if not isinstance(begin, int) or not isinstance(end, int):
            raise AuthError("invalid token")
        now_s = self._now_ns() / 1e9
        if not begin - CLOCK_SLACK_S <= now_s < end or end - begin > JWT_LIFE_S:
            raise AuthError("token expired")
        if uri is not None and uri not in _uris(payload):
            raise AuthError("invalid token")
        _verify(key.public_key, _text(head, "alg"), signed, signature)
        return key

    def _exchange(
        self, name: str, passphrase: str, stamp: str, signature: str, message: bytes
    ) -> ApiKey:
        key = self._known(name)
        if not hmac.compare_digest(key.passphrase.encode(), passphrase.encode()):
            raise AuthError("Invalid Passphrase")
        self._check_stamp(stamp)
        try:
            secret = base64.b64decode(key.secret, validate=True)
        except binascii.Error:
            raise AuthError("Invalid API Key") from None
        if not secret:
            raise AuthError("Invalid API Key")
        wanted = base64.b64encode(hmac.digest(secret, message, hashlib.sha256))
        if not hmac.compare_digest(wanted, signature.encode()):
            raise AuthError("invalid signature")
        return key

    def _known(self, name: str) -> ApiKey:
        key = self._keys.find(name)
        if key is None:
            raise AuthError("Invalid API Key")
        return key

    def _check_stamp(self, stamp: str) -> None:
        """Check a time in seconds, which may have a fraction, against the venue's."""
        try:
            given = float(stamp) if len(stamp) < 32 else float("nan")
        except ValueError:
            raise AuthError("invalid timestamp") from None
        if not abs(self._now_ns() / 1e9 - given) <= STAMP_S:
            raise AuthError("request timestamp expired")

    def _check_hex(self, key: ApiKey, message: bytes, signature: str) -> None:
        wanted = hmac.new(key.secret.encode(), message, hashlib.sha256).hexdigest()
        if not key.secret or not hmac.compare_digest(wanted.encode(), signature.lower().encode()):
            raise AuthError("invalid signature")


def _signed_body(method: str, body: bytes) -> bytes:
    """Return the part of a body that is signed: some clients send `{}` with a GET."""
    return b"" if method == "GET" else body


def _text(fields: Mapping[str, object], name: str) -> str:
    """Return a field as text; a timestamp may come as a number."""
    value = fields.get(name, "")
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _uris(payload: Mapping[str, object]) -> list[str]:
    """Return what a token is for; some clients list it, and leave `http://` in it."""
    listed = payload.get("uris")
    found = [payload.get("uri"), *(listed if isinstance(listed, list) else [])]
    return [text.replace(" http://", " ", 1) for text in found if isinstance(text, str)]


def _split(token: str) -> tuple[dict[str, object], dict[str, object], bytes, bytes]:
    """Return header, payload, the signed part and the signature; AuthError if it is no token."""
    parts = token.split(".") if len(token) <= _TOKEN_CHARS_MAX else []
    if len(parts) != 3 or not token.isascii():
        raise AuthError("invalid token")
    try:
        decoded = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts]
        fields = [orjson.loads(part) for part in decoded[:2]]
    except (binascii.Error, orjson.JSONDecodeError):
        raise AuthError("invalid token") from None
    if not all(isinstance(part, dict) for part in fields):
        raise AuthError("invalid token")
    return fields[0], fields[1], token.rpartition(".")[0].encode(), decoded[2]


@lru_cache(maxsize=64)
def _load(pem: str) -> object:
    """Return the public key of a PEM, None where it holds none."""
    try:
        return load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None


def _verify(pem: str, algorithm: str, signed: bytes, signature: bytes) -> None:
    """Check a signature by the key's own algorithm, which the header has to name."""
    key = _load(pem)
    try:
        if algorithm == "EdDSA" and isinstance(key, Ed25519PublicKey):
            key.verify(signature, signed)
        elif algorithm == "ES256" and isinstance(key, EllipticCurvePublicKey):
            if len(signature) != 64 or not isinstance(key.curve, SECP256R1):
                raise AuthError("invalid signature")
            r, s = (int.from_bytes(half) for half in (signature[:32], signature[32:]))
            key.verify(encode_dss_signature(r, s), signed, ECDSA(SHA256()))
        else:
            raise AuthError("invalid signature")
    except InvalidSignature:
        raise AuthError("invalid signature") from None
