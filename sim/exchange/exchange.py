"""One simulated venue: listings on the matching engine, accounts, and the long life of orders."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NoReturn, TypeVar

from engine.code import AMOUNT_MAX, KEEP, RATE_ONE, Reason, State, Type
from engine.core import Engine
from engine.rules import BookRules
from market.fees import PPB, Fees
from sim.market.event import Event
from sim.market.listing import Listing

from .account import Account, Listener
from .assets import Assets
from .book import Book, RestingOrder, resting
from .desk import Desk
from .order import Fill, Order, Refused, Request
from .tape import Tape

#: Accounts of one venue.
ACCOUNTS_MAX: Final = 1 << 16
#: Orders and fills that are told of when no number is asked for.
HISTORY: Final = 500
_PPB_A_RATE: Final = PPB // RATE_ONE
FREE: Final = Fees(0, 0)
_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account has of one asset: free to use, and reserved by its open orders."""

    free: Decimal
    locked: Decimal


class Exchange:
    """The market of one venue. Prices are ticks, sizes lots, times ns since the epoch.

    `fees` hold for every listing, or are given by instrument id (none for those left out); parts
    finer than 1e-8 are rounded up. `first_ids` are the update id and the trade id before the first,
    by instrument id. A listener may not trade from within a report.
    """

    def __init__(
        self,
        venue: str,
        listings: Sequence[Listing],
        fees: Mapping[str, Fees] | Fees,
        now_ns: int,
        *,
        first_ids: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        self.venue = venue
        self.listings = tuple(listings)
        self.assets = Assets(listings)
        self._numbers = {listing.id: number for number, listing in enumerate(listings)}
        if len(self._numbers) != len(listings):
            raise ValueError("two listings of the same id")
        names = list(self._numbers)
        given = fees if isinstance(fees, Mapping) else dict.fromkeys(names, fees)
        first = first_ids or {}
        self.engine = Engine(accounts_max=ACCOUNTS_MAX)
        for listing in listings:
            self.engine.add_instrument(self._rules(listing, given.get(listing.id, FREE)))
        ids = [first.get(name, (0, 0)) for name in names]
        self.tape = Tape(self.engine, names, [i[0] for i in ids], [i[1] for i in ids])
        self._books = [Book(self.engine, self.tape, i, name) for i, name in enumerate(names)]
        self._desk = Desk(names, {name: self._fee_rule(name, given) for name in names})
        self._accounts: list[Account] = []
        self._by_name: dict[str, Account] = {}
        self.engine.advance(now_ns)

    def _rules(self, listing: Listing, fees: Fees) -> BookRules:
        return BookRules(
            base=self.assets.number(listing.base),
            quote=self.assets.number(listing.quote),
            base_unit=self.assets.base_unit(listing),
            quote_unit=self.assets.quote_unit(listing),
            maker_fee=_rate(fees.maker_ppb),
            taker_fee=_rate(fees.taker_ppb),
        )

    def _fee_rule(self, name: str, fees: Mapping[str, Fees]) -> tuple[int, int, int]:
        found = fees.get(name, FREE)
        unit = self.assets.quote_unit(self.listing(name))
        return unit, _rate(found.maker_ppb), _rate(found.taker_ppb)

    # What there is.

    @property
    def now_ns(self) -> int:
        """The exchange's time."""
        return self.engine.now

    def listing(self, name: str) -> Listing:
        """Return a listing by its instrument id; KeyError if unknown."""
        return self.listings[self._numbers[name]]

    def book(self, listing: str) -> Book:
        """Return the public book of an instrument id; KeyError if unknown."""
        return self._books[self._numbers[listing]]

    def resting(self, listings: Iterable[str]) -> dict[str, list[list[RestingOrder]]]:
        """Return the resting orders of instrument ids by side, best price first, in queue order.

        It looks at every open order of the venue, once; KeyError if an id is unknown.
        """
        numbers = {self._numbers[name]: name for name in listings}
        return {numbers[key]: sides for key, sides in resting(self.engine, numbers).items()}

    def last_trade_id(self, listing: str) -> int:
        """Return the id of the last trade, or of the one before the first."""
        return self.tape.trade_id(self._numbers[listing])

    def last_price(self, listing: str) -> int:
        """Return the price of the last trade in ticks, 0 before the first."""
        return self.engine.state(self._numbers[listing])[1]

    def state(self, listing: str) -> State:
        """Return the trading state."""
        return State(self.engine.state(self._numbers[listing])[0])

    def fee_amount(self, listing: str, fee: int) -> Decimal:
        """Return the `fee` of an order or fill in the quote asset, exactly."""
        found = self.listing(listing)
        return Decimal(fee).scaleb(-(found.price_decimals + found.size_decimals + 8))

    def fee_rates(self, listing: str) -> tuple[int, int]:
        """Return maker and taker fee of a listing in 1e-8 parts; KeyError if unknown."""
        return self._desk.fee_rates(listing)

    def deposit(self, account: int, asset: str, amount: Decimal | str) -> None:
        """Credit an account; what `open_account` says of amounts and assets holds here too."""
        self._account(account)
        units = self.assets.units(asset, amount)
        self._run(self.engine.deposit, account, self.assets.number(asset), units)

    def take_events(self) -> list[Event]:
        """Return the public events since the last call, in order.

        Beyond 1,048,576 of them that nobody takes, those that wait are dropped (`tape.dropped`).
        """
        return self.tape.take()

    # Time and state.

    def advance(self, to_ns: int) -> None:
        """Move time on, never back: orders that are due expire."""
        self.engine.advance(to_ns)
        self.settle()

    def set_state(self, listing: str, state: State) -> None:
        """Change a listing's trading state; opening runs the uncross."""
        self.engine.set_state(self._numbers[listing], state)
        self.settle()

    def end_of_day(self, listing: str) -> None:
        """Expire the DAY orders of a listing."""
        self.engine.end_of_day(self._numbers[listing])
        self.settle()

    # Accounts.

    def open_account(self, name: str, balances: Mapping[str, Decimal | str] | None) -> int:
        """Open an account and return its number; without `balances` its credit is unlimited.

        ValueError if the name is taken, an amount is negative, too large or finer than the asset's
        units, or no number is left; KeyError for an asset that is not listed. Then nothing was
        opened.
        """
        number = len(self._accounts) + 1
        if name in self._by_name:
            raise ValueError(f"there is an account {name!r} already")
        if number >= ACCOUNTS_MAX:
            raise ValueError(f"at most {ACCOUNTS_MAX - 1} accounts")
        limited = balances is not None
        deposits = [
            (self.assets.number(asset), self.assets.units(asset, amount))
            for asset, amount in (balances or {}).items()
        ]
        if any(units > AMOUNT_MAX for _, units in deposits):
            raise ValueError(f"an amount is above {AMOUNT_MAX} smallest units")
        self._desk.refuse_reentry()
        if limited:
            self.engine.deposit(number, Assets.NONE, 1)
        for asset, units in deposits:
            if units:
                self.engine.deposit(number, asset, units)
        self.settle()
        account = Account(number, name, limited)
        self._accounts.append(account)
        self._by_name[name] = account
        self._desk.accounts[number] = account
        return number

    def account_of(self, name: str) -> int:
        """Return the number of an account; KeyError if there is none of that name."""
        return self._by_name[name].number

    def balances(self, account: int) -> dict[str, Balance]:
        """Return what an account has, by asset; assets that it has nothing of are left out."""
        self._account(account)
        found = {}
        for asset in self.assets.names:
            total, reserved = self.engine.balance(account, self.assets.number(asset))
            if total or reserved:
                free = self.assets.amount(asset, total - reserved)
                found[asset] = Balance(free, self.assets.amount(asset, reserved))
        return found

    def watch(self, account: int, listener: Listener) -> Callable[[], None]:
        """Hand every report of an account to a listener; returns what ends that."""
        return self._desk.watch(self._account(account), listener)

    # Orders.

    def place(self, account: int, request: Request) -> Order:
        """Enter an order; it may have ended when this returns. Raises Refused."""
        self._account(account)
        number = self._number(request.listing)
        self._desk.refuse_reentry()
        order = _order(self.tape.tracked_id(), account, request, self.now_ns)
        code = self.engine.new(
            number,
            order.id,
            account,
            request.side,
            request.price,
            request.qty,
            request.type,
            request.tif,
            request.stp,
            request.post_only,
            request.display,
            request.stop_price,
            request.expire_at_ns,
        )
        if code:
            self._refuse(code)
        self._desk.own(order)
        self.settle()
        return order

    def cancel(self, account: int, order_id: int) -> Order:
        """Cancel an open order of the account. Raises Refused."""
        order = self._open(account, order_id)
        self._run(self.engine.cancel, order_id)
        return order

    def cancel_all(self, account: int, listing: str | None) -> list[Order]:
        """Cancel the account's open orders of a listing, or of all that are not halted.

        Returns those that are canceled, in the order of acceptance. Raises Refused.
        """
        orders = self.open_orders(account, listing)
        numbers = {self._number(order.listing): None for order in orders}
        if listing is not None:
            numbers = {self._number(listing): None}
        for number in numbers:
            if listing is not None or self.engine.state(number)[0] != State.HALTED:
                self._run(self.engine.cancel_all, number, account)
        return [order for order in orders if not order.open]

    def replace(
        self, account: int, order_id: int, price: int | None, qty_open: int | None
    ) -> Order:
        """Change the limit and the open quantity of an order; None leaves one. Raises Refused."""
        order = self._open(account, order_id)
        self._desk.refuse_reentry()
        with self._desk.replacing(order_id):
            self._run(
                self.engine.replace,
                order_id,
                KEEP if price is None else price,
                KEEP if qty_open is None else qty_open,
            )
        return order

    def order(self, account: int, order_id: int) -> Order | None:
        """Return an order of the account, None if unknown or forgotten."""
        return self._account(account).order(order_id)

    def order_by_client_id(self, account: int, listing: str | None, client_id: str) -> Order | None:
        """Return the account's newest order of a client id, at one listing or anywhere."""
        return self._account(account).by_client_id(listing, client_id)

    def open_orders(self, account: int, listing: str | None = None) -> list[Order]:
        """Return the open orders of an account, oldest first."""
        found = self._account(account).open.values()
        return [order for order in found if listing in (None, order.listing)]

    def history(
        self, account: int, listing: str | None = None, limit: int = HISTORY
    ) -> list[Order]:
        """Return the newest `limit` orders, open ones too, oldest first."""
        owner = self._account(account)
        orders = sorted([*owner.closed, *owner.open.values()], key=lambda order: order.id)
        return _newest([order for order in orders if listing in (None, order.listing)], limit)

    def fills(self, account: int, listing: str | None = None, limit: int = HISTORY) -> list[Fill]:
        """Return the newest `limit` fills, oldest first."""
        found = self._account(account).fills
        return _newest([fill for fill in found if listing in (None, fill.listing)], limit)

    def settle(self) -> None:
        """Take in what the engine has to tell: agents that drive it themselves call this."""
        self.tape.read()
        self._desk.hear(self.tape.take_news())

    def _run(self, command: Callable[..., int], *arguments: int) -> None:
        self._desk.refuse_reentry()
        code = command(*arguments)
        if code:
            self._refuse(code)
        self.settle()

    def _refuse(self, code: int) -> NoReturn:
        """Raise what the engine answered; its one event is the same answer, and no news."""
        self.tape.read()
        self.tape.take_news()
        raise Refused(Reason(code))

    def _account(self, number: int) -> Account:
        if not 0 < number <= len(self._accounts):
            raise Refused(Reason.BAD_ACCOUNT)
        return self._accounts[number - 1]

    def _number(self, listing: str) -> int:
        number = self._numbers.get(listing)
        if number is None:
            raise Refused(Reason.BAD_INSTRUMENT)
        return number

    def _open(self, account: int, order_id: int) -> Order:
        order = self._account(account).open.get(order_id)
        if order is None:
            raise Refused(Reason.UNKNOWN_ORDER)
        return order


def _newest(rows: list[_Row], limit: int) -> list[_Row]:
    return rows[-limit:] if limit > 0 else []


def _rate(ppb: int) -> int:
    return -(-ppb // _PPB_A_RATE)


def _order(order_id: int, account: int, request: Request, now_ns: int) -> Order:
    working = request.type in (Type.LIMIT, Type.MARKET)
    return Order(
        id=order_id,
        account=account,
        client_id=request.client_id,
        listing=request.listing,
        side=request.side,
        type=request.type,
        tif=request.tif,
        stp=request.stp,
        post_only=request.post_only,
        price=request.price,
        stop_price=request.stop_price,
        qty=request.qty,
        display=request.display,
        expire_at_ns=request.expire_at_ns,
        created_ns=now_ns,
        updated_ns=now_ns,
        working=working,
        working_ns=now_ns if working else 0,
        tag=request.tag,
    )
