"""One request to the simulated Binance, over HTTP or WebSocket, and what answers it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from .binance_auth import Auth, check_time
from .binance_error import ApiError
from .binance_limits import Meter
from .binance_params import Params
from .keys import ApiKey

# Parameters that are about the request itself: never in the way, even where they are of no use.
OF_REQUEST = frozenset({"timestamp", "recvWindow", "signature", "apiKey"})


class Security(Enum):
    """What a request has to show."""

    NONE = 0
    SIGNED = 1


@dataclass(slots=True)
class Call:
    """A request as its endpoint sees it. `unit` is the ns of a time stamp's unit."""

    params: Params
    now_ns: int
    unit: int
    account: int = 0

    def done(self) -> None:
        """Say that every parameter was read, before anything is done; ApiError if not so."""
        self.params.finish(signed=bool(self.account))


Answer = Callable[[Call], object]  # bytes are JSON already
Weigh = Callable[[Params], int]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How one kind of request is answered, and what it costs.

    One that is `free` costs its weight only where it fails. `counts` says that it enters an order.
    """

    answer: Answer
    weight: int | Weigh = 1
    security: Security = Security.NONE
    free: bool = False
    counts: bool = False

    def weigh(self, params: Params) -> int:
        """Return what a request costs."""
        return self.weight if isinstance(self.weight, int) else self.weight(params)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a signed request shows: its key, what was signed, and the signature."""

    key: str | None
    payload: bytes = b""
    signature: str | None = None


Accounts = Callable[[ApiKey], int]


class Dispatcher:
    """Charges requests, checks who sends them, and has them answered."""

    def __init__(self, auth: Auth, accounts: Accounts, now_ns: Callable[[], int]) -> None:
        self.auth = auth
        self._accounts = accounts
        self._now_ns = now_ns

    def perform(
        self,
        endpoint: Endpoint,
        params: Params,
        proof: Proof | ApiKey,
        meter: Meter,
        unit: int,
    ) -> tuple[object, int]:
        """Answer one request; returns the answer and the account, 0 for none. ApiError.

        An ApiKey instead of a proof is one that a session has shown already.
        """
        call = Call(params, self._now_ns(), unit)
        meter.charge(0 if endpoint.free else endpoint.weigh(params), call.now_ns)
        try:
            if endpoint.security is Security.SIGNED:
                call.account = self.account(self.check(params, proof, call.now_ns))
            return endpoint.answer(call), call.account
        except ApiError:
            if endpoint.free:
                meter.used += endpoint.weigh(params)
            raise

    def account(self, key: ApiKey) -> int:
        """Return the account that a key opens."""
        return self._accounts(key)

    def check(self, params: Params, proof: Proof | ApiKey, now_ns: int) -> ApiKey:
        """Return the key of a signed request; ApiError if anything is wrong with it."""
        if isinstance(proof, ApiKey):
            check_time(params, now_ns)
            return proof
        key = self.auth.key(proof.key)
        check_time(params, now_ns)
        self.auth.check_signature(key, proof.payload, proof.signature)
        return key
