"""Routes about trading: orders, fills, positions, profit and loss, activity."""

from typing import Any, Literal

from arb.desk import TradingDesk
from arb.manual import EVENT
from arb.orders.order import OwnOrder
from arb.risk.ticket import Ticket
from arb.trader import Trader
from market.amount import text_of
from market.effects import Effect
from market.order import Side

from .pages import PAGED, before, newest, page
from .requests import Amendment, NewOrder
from .route import Call, Parameter, RefusedError, Route
from .routes_market import INSTRUMENT, OF, slot_of
from .schemas import (
    Activity,
    Balance,
    Fill,
    Held,
    Order,
    OwnActivity,
    Page,
    Placed,
    Position,
    Report,
    Sent,
)

WORLD = Parameter("world", "text", "a world of fills", pattern="[a-z_]{1,32}", length_max=32)
_NUMBER = Parameter("order", "integer", "the order's number in its world", None, 1)
_SIDES: dict[int, Literal["buy", "sell"]] = {Side.BUY: "buy", Side.SELL: "sell"}


def desk_of(call: Call) -> TradingDesk:
    """Return what trades; RefusedError 409 where nothing does."""
    desk = call.host.node.desk
    if desk is None:
        raise RefusedError(
            409, "nothing trades here; trading.strategies or trading.manual turns it on"
        )
    return desk


def check_world(call: Call, name: str) -> None:
    """Raise RefusedError 404 for a world that is not there, '' standing for all."""
    worlds = desk_of(call).worlds
    if name and name not in worlds:
        raise RefusedError(404, f"no world {name!r}; there are: {', '.join(worlds)}")


def act(call: Call, name: str, argument: str) -> list[Effect]:
    """Give a command; RefusedError 409 with the reason where it means nothing there."""
    refused = call.host.view.refusal(name, argument)
    if refused:
        raise RefusedError(409, refused)
    return call.host.act(name, argument)


# --- looking ---------------------------------------------------------------------------------


def _traders(call: Call) -> list[Trader]:
    desk = call.host.node.desk
    chosen = call.text("world")
    if chosen:
        check_world(call, chosen)
    worlds = desk.worlds if desk is not None else {}
    return [world.trader for name, world in worlds.items() if chosen in ("", name)]


def _orders(call: Call) -> Page[Order]:
    name = call.text("instrument")
    slot = slot_of(call) if name else -1
    found = [
        (trader, one)
        for trader in _traders(call)
        for one in trader.store.open.values()
        if slot in (-1, one.slot)
    ]
    return page(call, found, lambda pair: _order(*pair))


def _order(trader: Trader, one: OwnOrder) -> Order:
    instrument = trader.market.instruments[one.slot]
    price, size = instrument.price.format, instrument.size.format
    return {
        "world": trader.name,
        "order": one.id,
        "instrument": instrument.id,
        "side": _SIDES[one.side],
        "type": one.type.name.lower(),
        "tif": one.tif.name.lower(),
        "post_only": one.post_only,
        "price": price(one.price),
        "size": size(one.lots),
        "filled": size(one.filled),
        "state": one.state.name.lower(),
        "cancel_wanted": one.cancel_wanted,
        "purpose": one.purpose.name.lower(),
        "strategy": one.strategy,
        "created_ns": one.created_ns,
        "updated_ns": one.updated_ns,
    }


def _get_order(call: Call) -> Order:
    check_world(call, call.text("world"))
    trader = desk_of(call).worlds[call.text("world")].trader
    order = trader.store.open.get(call.number("order"))
    if order is None:
        raise RefusedError(404, f"no order {call.number('order')} is open in {trader.name}")
    return _order(trader, order)


def _held(call: Call) -> Page[Held]:
    found = [
        (trader, number, ticket)
        for trader in _traders(call)
        for number, ticket in trader.risk.held.items()
    ]
    return page(call, found, lambda one: _waiting(*one))


def _waiting(trader: Trader, number: int, ticket: Ticket) -> Held:
    instrument = trader.market.instruments[ticket.slot]
    return {
        "world": trader.name,
        "ticket": number,
        "instrument": instrument.id,
        "side": _SIDES[ticket.side],
        "price": instrument.price.format(ticket.price),
        "size": instrument.size.format(ticket.lots),
        "strategy": ticket.strategy,
    }


def _fills(call: Call) -> Page[Fill]:
    world, name = call.text("world"), call.text("instrument")
    found = (
        one
        for one in call.host.fills.before(before(call))
        if world in ("", one["world"]) and name in ("", one["instrument"])
    )
    return newest(call, found, _same)


def _same(one: Fill) -> Fill:
    return one


def _positions(call: Call) -> Page[Position]:
    found = [
        (world, row)
        for world, held in call.host.view.positions().items()
        for row in held["positions"]
    ]
    return page(call, found, lambda pair: _position(*pair))


def _position(world: str, row: dict[str, str]) -> Position:
    return {
        "world": world,
        "instrument": row["instrument"],
        "strategy": row["strategy"],
        "position": row["position"],
        "cost": row["cost"],
        "value": row["value"],
        "unrealised": row["unrealised"],
        "currency": row["currency"],
    }


def _balances(call: Call) -> Page[Balance]:
    found = [
        (trader, key, amount)
        for trader in _traders(call)
        for key, amount in trader.portfolio.balances.items()
    ]
    return page(call, found, lambda one: _balance(*one))


def _balance(trader: Trader, key: tuple[str, str], amount: int) -> Balance:
    return {
        "world": trader.name,
        "venue": key[0],
        "asset": key[1],
        "amount": text_of(amount),
    }


def _hedges(call: Call) -> Page[Report]:
    found = [
        {"world": world, **row}
        for world, held in call.host.view.positions().items()
        for row in held["hedges"]
    ]
    return page(call, found, lambda one: one)


def _pnl(call: Call) -> Report:
    return call.host.view.pnl()


def _activity(call: Call) -> Page[Activity]:
    return page(call, range(len(call.host.node.books)), lambda slot: _active(call, slot))


def _active(call: Call, slot: int) -> Activity:
    node = call.host.node
    book, instrument = node.books[slot], node.instruments[slot]
    trades, lots = node.tape.total(slot)
    desk = node.desk
    worlds = desk.worlds.items() if desk is not None else ()
    return {
        "instrument": instrument.id,
        "changes": book.changes,
        "diffs": book.applied,
        "trades": trades,
        "volume": instrument.size.format(lots),
        "gaps": book.gaps,
        "condemned": book.condemned,
        "worlds": {name: _own_activity(world.trader, slot) for name, world in worlds},
    }


def _own_activity(trader: Trader, slot: int) -> OwnActivity:
    held = [one for (at, _), one in trader.portfolio.positions.items() if at == slot]
    return {
        "open_orders": len(trader.store.by_slot.get(slot, ())),
        "fills": sum(one.fills for one in held),
        "turnover": text_of(sum(one.turnover for one in held)),
        "fees": text_of(sum(one.fees for one in held)),
        "position": text_of(sum(one.base for one in held)),
    }


# --- doing -----------------------------------------------------------------------------------


def _place(call: Call) -> Placed:
    wanted: NewOrder = call.body
    check_world(call, wanted.world)
    if call.host.node.slot_of(wanted.instrument) is None:
        raise RefusedError(404, f"no instrument {wanted.instrument!r} is watched")
    words = [
        f"instrument={wanted.instrument} side={wanted.side} size={wanted.size}",
        f"price={wanted.price} tif={wanted.tif} post_only={int(wanted.post_only)}",
    ]
    if wanted.world:
        words.append(f"world={wanted.world}")
    return _became(act(call, "place", " ".join(words)))


def _amend(call: Call) -> Sent:
    order = _get_order(call)
    wanted: Amendment = call.body
    return _outcome(
        act(
            call,
            "amend",
            f"order={order['order']} size={wanted.size} price={wanted.price}"
            f" world={order['world']}",
        )
    )


def _cancel(call: Call) -> Sent:
    order = _get_order(call)
    return _outcome(act(call, "cancel", f"order={order['order']} world={order['world']}"))


def _became(effects: list[Effect]) -> Placed:
    return {"worlds": [_sent(one) for one in effects if one.subject == EVENT]}


def _outcome(effects: list[Effect]) -> Sent:
    sent = _became(effects)["worlds"][0]
    if sent["reason"] != "ok":
        raise RefusedError(409, f"refused: {sent['reason']}")
    return sent


def _sent(effect: Effect) -> Sent:
    _, number, reason = effect.fields
    return {"world": effect.target, "order": int(number) or None, "reason": str(reason)}


def _read(path: str, name: str, summary: str, answer: Any, handle: Any, **more: Any) -> Route:
    return Route("GET", path, name, summary, answer, handle, "trading", **more)


_OF_WORLD = (*PAGED, WORLD)
_ONE_ORDER = (WORLD, _NUMBER)

ROUTES = (
    _read(
        "/v1/orders",
        "listOrders",
        "Open orders of every world",
        Page[Order],
        _orders,
        parameters=(*_OF_WORLD, OF),
        refusals=(404, 409),
    ),
    Route(
        "POST",
        "/v1/orders",
        "placeOrder",
        "Place a limit order by hand, past every risk check",
        Placed,
        _place,
        "trading",
        body=NewOrder,
        refusals=(404, 409),
        changes=True,
    ),
    _read(
        "/v1/orders/{world}/{order}",
        "getOrder",
        "One open order",
        Order,
        _get_order,
        parameters=_ONE_ORDER,
        refusals=(404, 409),
    ),
    Route(
        "PATCH",
        "/v1/orders/{world}/{order}",
        "amendOrder",
        "Change price and size of an order that was placed by hand",
        Sent,
        _amend,
        "trading",
        _ONE_ORDER,
        Amendment,
        (404, 409),
        changes=True,
    ),
    Route(
        "DELETE",
        "/v1/orders/{world}/{order}",
        "cancelOrder",
        "Cancel an order",
        Sent,
        _cancel,
        "trading",
        _ONE_ORDER,
        refusals=(404, 409),
        changes=True,
    ),
    _read(
        "/v1/books/{instrument}/orders",
        "listBookOrders",
        "Our own open orders in one book",
        Page[Order],
        _orders,
        parameters=(INSTRUMENT, *_OF_WORLD),
        refusals=(404, 409),
    ),
    _read(
        "/v1/held",
        "listHeld",
        "Orders that wait for approval",
        Page[Held],
        _held,
        parameters=_OF_WORLD,
        refusals=(404, 409),
    ),
    _read(
        "/v1/fills",
        "listFills",
        "The newest fills, newest first",
        Page[Fill],
        _fills,
        parameters=(*_OF_WORLD, OF),
    ),
    _read(
        "/v1/positions",
        "listPositions",
        "Positions of every strategy and world",
        Page[Position],
        _positions,
        parameters=PAGED,
    ),
    _read(
        "/v1/balances",
        "listBalances",
        "Balances by venue and asset",
        Page[Balance],
        _balances,
        parameters=_OF_WORLD,
        refusals=(404, 409),
    ),
    _read(
        "/v1/hedges",
        "listHedges",
        "What hedged strategies have unhedged, and its bound",
        Page[Report],
        _hedges,
        parameters=PAGED,
    ),
    _read(
        "/v1/pnl",
        "getPnl",
        "Profit and loss of each world, where it came from, and their band",
        Report,
        _pnl,
    ),
    _read(
        "/v1/activity",
        "listActivity",
        "What happened in each instrument, and what we did there",
        Page[Activity],
        _activity,
        parameters=PAGED,
    ),
)
