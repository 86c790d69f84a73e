"""Who may ask the simulated Binance: API keys, signatures, and the age of a request."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from .binance_error import ApiError, missing
from .binance_params import E8, Params
from .keys import ApiKey, KeyRing

AHEAD_NS = 10**9  # that a request's timestamp may be before our clock
WINDOW_MS = 5000
WINDOW_MAX_MS = 60_000
_MICROSECONDS_FROM = 10**15  # a timestamp this large is in microseconds
_MS = 10**6
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_UNAUTHORIZED = 401


class Verifier(Protocol):
    """Checks signatures of one key."""

    def __call__(self, payload: bytes, signature: str) -> bool:
        """Tell whether a signature is that of a payload."""


def verifier(key: ApiKey) -> Verifier:
    """Return what checks the signatures of a key; ValueError for a kind that is not supported."""
    if not key.public_key:
        return _hmac_verifier(key.secret.encode())
    public = load_pem_public_key(key.public_key.encode())
    if isinstance(public, Ed25519PublicKey):
        return _key_verifier(public.verify)
    if isinstance(public, RSAPublicKey):
        return _key_verifier(lambda given, data: public.verify(given, data, PKCS1v15(), SHA256()))
    raise ValueError(f"key {key.key!r} is neither HMAC nor Ed25519 nor RSA")


def _hmac_verifier(secret: bytes) -> Verifier:
    def verify(payload: bytes, signature: str) -> bool:
        wanted = hmac.new(secret, payload, hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted.encode(), signature.lower().encode())

    return verify


def _key_verifier(check: Callable[[bytes, bytes], None]) -> Verifier:
    def verify(payload: bytes, signature: str) -> bool:
        try:
            check(base64.b64decode(signature, validate=True), payload)
        except (binascii.Error, ValueError, InvalidSignature):
            return False
        return True

    return verify


class Auth:
    """Checks requests against the keys of the venue."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._verifiers = {key.key: verifier(key) for key in keys}

    def key(self, name: str | None) -> ApiKey:
        """Return the key that a request names; ApiError if there is none such."""
        if name is None or not _KEY.fullmatch(name):
            raise ApiError(-2014, "API-key format invalid.", _UNAUTHORIZED)
        key = self._keys.find(name)
        if key is None:
            message = "Invalid API-key, IP, or permissions for action."
            raise ApiError(-2015, message, _UNAUTHORIZED)
        return key

    def is_ed25519(self, key: ApiKey) -> bool:
        """Tell whether a key may log a session on."""
        pem = key.public_key.encode()
        return bool(pem) and isinstance(load_pem_public_key(pem), Ed25519PublicKey)

    def check_signature(self, key: ApiKey, payload: bytes, signature: str | None) -> None:
        """Refuse a payload that the key did not sign."""
        if signature is None:
            raise missing("signature")
        if not self._verifiers[key.key](payload, signature):
            raise ApiError(-1022, "Signature for this request is not valid.")


def check_time(params: Params, now_ns: int) -> None:
    """Refuse a request that is too old or of the future; reads `timestamp` and `recvWindow`."""
    timestamp = params.integer("timestamp")
    window = params.decimal("recvWindow")
    if timestamp is None:
        raise missing("timestamp")
    window_ns = WINDOW_MS * _MS if window is None else window * _MS // E8
    if window_ns > WINDOW_MAX_MS * _MS:
        raise ApiError(-1131, "recvWindow must be less than 60000.")
    sent_ns = timestamp * (1000 if timestamp >= _MICROSECONDS_FROM else _MS)
    if sent_ns >= now_ns + AHEAD_NS:
        message = "Timestamp for this request was 1000ms ahead of the server's time."
        raise ApiError(-1021, message)
    if now_ns - sent_ns > window_ns:
        raise ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")
