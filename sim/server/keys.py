"""API keys of the simulated venues and the accounts that they open.

They sign requests to servers on loopback and protect nothing: they may stand in a configuration.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key at one venue.

    `secret` is the HMAC secret as the venue hands it out (Coinbase Exchange: base64). `public_key`
    is a PEM instead, for Ed25519 and ES256 signatures. `account` names the account; several keys
    may open the same one. `balances` are decimal texts by asset, the opening funds of the account.
    """

    venue: str
    key: str
    account: str
    secret: str = ""
    public_key: str = ""
    passphrase: str = ""
    balances: Mapping[str, str] = field(default_factory=dict)


class KeyRing:
    """The keys of one venue, by name."""

    def __init__(self, keys: Iterable[ApiKey] = ()) -> None:
        self._keys: dict[str, ApiKey] = {}
        for key in keys:
            if key.key in self._keys:
                raise ValueError(f"key {key.key!r} is given twice")
            self._keys[key.key] = key

    def __iter__(self) -> Iterator[ApiKey]:
        return iter(self._keys.values())

    def find(self, key: str) -> ApiKey | None:
        """Return a key by its public name, None when there is none."""
        return self._keys.get(key)
