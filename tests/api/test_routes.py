"""What the routes say of a node that trades, and what they do to it."""

import orjson
import pytest

from arb.orders.order import Purpose
from arb.risk.reason import RiskState
from arb.strategy.spec import StrategySpec
from tests.trading_world import SLOW, SPECS, trading_node

from .node_host import BOOK, INPUTS, OWN, NodeHost, ask, served


@pytest.fixture
async def port(tmp_path):
    host = NodeHost(trading_node((*SPECS, SLOW), orders_per_second=0)).go_on(INPUTS)
    async with served(host, tmp_path) as opened:
        opened.host, opened.folder = host, tmp_path
        yield opened


@pytest.fixture
async def idle(tmp_path):
    """A port over a node to which nothing has happened yet."""
    async with served(NodeHost(), tmp_path) as opened:
        yield opened


async def get(port, target):
    status, data = await ask(port, "GET", target)
    assert status == 200, data
    return data


async def all_of(port, path, limit):
    """Return every item of a list, part after part."""
    found, cursor = [], ""
    while cursor is not None:
        query = f"{'&' if '?' in path else '?'}limit={limit}" + (cursor and f"&cursor={cursor}")
        part = await get(port, path + query)
        assert len(part["items"]) <= limit
        found += part["items"]
        cursor = part["next"]
    return found


LISTS = (
    *("instruments", "quotes", "books", "edges", "opportunities", "opportunities?state=open"),
    *("trades", f"trades?instrument={BOOK}", "connections", "orders", "orders?world=optimistic"),
    *(f"books/{BOOK}/orders", "held", "fills", "positions", "balances", "hedges", "refusals"),
    *("activity", "schedules", "schedules?world=optimistic"),
)


async def test_parts_of_a_list_make_the_whole_without_gaps_or_repeats(port):
    for name in LISTS:
        whole = await all_of(port, f"/v1/{name}", 50)
        parts = await all_of(port, f"/v1/{name}", 2 if len(whole) < 40 else 17)
        assert parts == whole, name


async def test_a_quote_has_the_exact_numbers_of_the_book(port):
    node = port.host.node
    slot = node.slot_of(BOOK)
    data = await get(port, f"/v1/quotes/{BOOK}")
    held = node.l1.read(slot, node.now)
    grid = node.instruments[slot]
    assert data["bid"] == grid.price.format(held.bid_price)
    assert data["ask_size"] == grid.size.format(held.ask_lots)
    assert data["usable"] is held.usable
    assert data["ts_recv_ns"] == held.ts_recv


async def test_a_book_has_as_many_levels_as_asked_and_its_orders_are_ours(port):
    data = await get(port, f"/v1/books/{BOOK}?levels=3")
    assert len(data["bids"]) == len(data["asks"]) == 3
    for row in (await get(port, f"/v1/books/{BOOK}/orders"))["items"]:
        assert row["instrument"] == BOOK


async def test_an_unknown_instrument_world_or_order_is_not_found(port):
    for path in (
        "/v1/quotes/NO-SUCH.BINANCE",
        "/v1/orders?world=other",
        "/v1/orders/optimistic/99",
    ):
        status, data = await ask(port, "GET", path)
        assert status == 404, path
        assert data["error"]


async def test_an_order_by_hand_reaches_each_world_and_is_amended_and_cancelled_in_one(port):
    host = port.host
    bid = (await get(port, f"/v1/quotes/{BOOK}"))["bid"]
    body = {"instrument": BOOK, "side": "buy", "size": "0.01", "price": bid.partition(".")[0]}
    status, placed = await ask(port, "POST", "/v1/orders", OWN, json=body)
    assert status == 200
    assert {one["reason"] for one in placed["worlds"]} == {"ok"}
    sent = next(one for one in placed["worlds"] if one["world"] == "optimistic")
    host.go_on(100)
    path = f"/v1/orders/optimistic/{sent['order']}"
    assert (await get(port, path))["state"] == "live"
    lower = str(int(body["price"]) - 1)
    change = {"price": lower, "size": "0.02"}
    status, sent = await ask(port, "PATCH", path, OWN, json=change)
    assert status == 200, sent
    host.go_on(100)
    assert (await get(port, path))["price"] == lower
    assert (await ask(port, "DELETE", path, OWN))[0] == 200
    host.go_on(100)
    assert (await ask(port, "GET", path))[0] == 404
    others = await all_of(port, "/v1/orders", 100)
    assert [one for one in others if one["strategy"] == "manual" and one["world"] != "optimistic"]


async def test_a_schedule_is_paused_goes_on_and_is_cancelled_in_one_world_or_all(port):
    host = port.host

    async def states():
        rows = (await get(port, "/v1/schedules"))["items"]
        return {one["world"]: one["state"] for one in rows if one["schedule"] == "twap"}

    before = await states()
    assert set(before.values()) == {"working"}
    one = "/v1/schedules/twap"
    status, done = await ask(port, "POST", f"{one}/pause", OWN, json={"world": "optimistic"})
    assert (status, done) == (200, {"accepted": True, "reason": ""})
    assert await states() == before | {"optimistic": "paused"}
    assert (await ask(port, "POST", f"{one}/resume", OWN))[0] == 200
    assert await states() == before
    assert (await ask(port, "POST", f"{one}/cancel", OWN))[0] == 200
    host.go_on(100)
    assert await states() == dict.fromkeys(before, "cancelled")
    status, said = await ask(port, "POST", f"{one}/pause", OWN)
    assert (status, said["error"]) == (409, "schedule 'twap' is over: cancelled")
    log = [orjson.loads(line) for line in (port.folder / "audit.jsonl").read_bytes().splitlines()]
    assert [row["name"] for row in log] == [
        *("pauseSchedule", "resumeSchedule", "cancelSchedule", "pauseSchedule")
    ]
    assert "is over" in log[-1]["refusal"]


async def test_a_schedule_or_world_that_is_not_there_is_answered_with_those_that_are(port):
    status, said = await ask(port, "POST", "/v1/schedules/other/pause", OWN)
    assert (status, said["error"]) == (404, "no schedule 'other'; there are: twap")
    where = {"world": "mars"}
    status, said = await ask(port, "POST", "/v1/schedules/twap/pause", OWN, json=where)
    assert status == 404
    assert "pessimistic" in said["error"]
    assert (await ask(port, "POST", "/v1/schedules/twap/pause"))[0] == 403


async def test_a_schedule_whose_instrument_is_not_known_yet_cannot_be_paused_now(tmp_path):
    specs = (*SPECS, StrategySpec("pov", ("BTC-USDT.NOWHERE",)))
    async with served(NodeHost(trading_node(specs)).go_on(100), tmp_path) as port:
        status, said = await ask(port, "POST", "/v1/schedules/pov/pause", OWN)
    assert (status, said["error"]) == (409, "schedule 'pov' waits for its instrument")


async def test_an_order_that_risk_refuses_says_by_which_rule(port):
    body = {"instrument": BOOK, "side": "buy", "size": "0.01", "price": "9999999"}
    _, placed = await ask(port, "POST", "/v1/orders", OWN, json=body | {"world": "optimistic"})
    assert [one["order"] for one in placed["worlds"]] == [None]
    assert placed["worlds"][0]["reason"] == "price_collar"


async def test_an_order_of_a_strategy_may_be_cancelled_but_not_amended(port):
    trader = port.host.node.desk.worlds["optimistic"].trader
    order = next(one for one in trader.store.open.values() if one.purpose is not Purpose.MANUAL)
    path = f"/v1/orders/optimistic/{order.id}"
    change = {"price": "1", "size": "1"}
    status, data = await ask(port, "PATCH", path, OWN, json=change)
    assert (status, data["error"]) == (409, "refused: not_by_hand")
    assert (await ask(port, "DELETE", path, OWN))[0] == 200
    assert order.cancel_wanted


async def test_the_switches_halt_and_resume_every_world(port):
    traders = [world.trader for world in port.host.node.desk.worlds.values()]
    assert (await ask(port, "POST", "/v1/risk/halt", OWN, json={"reason": "fire"}))[0] == 200
    assert {one.switch.state for one in traders} == {RiskState.HALT}
    wrong = await ask(port, "POST", "/v1/risk/resume", OWN, json={"causes": "weather"})
    assert wrong[0] == 409
    assert (await ask(port, "POST", "/v1/risk/resume", OWN, json={"causes": "user"}))[0] == 200
    assert {one.switch.state for one in traders} == {RiskState.ACTIVE}
    for name in ("cancel-all", "flatten"):
        assert (await ask(port, "POST", f"/v1/risk/{name}", OWN))[0] == 200
    assert {one.switch.state for one in traders} == {RiskState.HALT}


async def test_fills_are_listed_newest_first_with_their_world(port):
    fills = await all_of(port, "/v1/fills", 100)
    assert fills
    assert [one["id"] for one in fills] == sorted((one["id"] for one in fills), reverse=True)
    only = await all_of(port, "/v1/fills?world=optimistic", 100)
    assert only == [one for one in fills if one["world"] == "optimistic"]


async def test_latency_has_the_stages_that_were_measured_and_our_own_answers(port):
    await get(port, "/v1/quotes")
    data = await get(port, "/v1/latency")
    assert set(data["stages"]["binance"]) == {"decode"}
    assert data["stages"]["binance"]["decode"]["samples"] == 1
    assert data["api"]["samples"] >= 1
    assert set(data["instruments"][BOOK]) == {"lag_ns", "silence_ns"}


async def test_trades_and_activity_count_the_same(port):
    rows = {one["instrument"]: one for one in await all_of(port, "/v1/activity", 10)}
    trades = await all_of(port, f"/v1/trades?instrument={BOOK}", 200)
    assert rows[BOOK]["trades"] == len(trades) > 0


async def test_where_nothing_trades_orders_are_empty_and_switches_refused(tmp_path):
    host = NodeHost()
    host.node.desk = None
    host.view.positions = host.view.risk = host.view.pnl = dict
    async with served(host, tmp_path) as port:
        for path in ("orders", "fills", "positions", "balances", "held", "hedges", "refusals"):
            assert (await get(port, f"/v1/{path}"))["items"] == []
        status, data = await ask(port, "POST", "/v1/risk/halt", OWN)
        assert status == 409
        assert "trading.manual" in data["error"]
        assert (await ask(port, "GET", "/v1/orders?world=optimistic"))[0] == 409


WRONG = {
    "quotes?limit=0": "limit",
    "quotes?limit=201": "limit",
    "quotes?limit=x": "limit",
    "books?limit=51": "limit",
    "quotes?limit=1&limit=2": "more than once",
    "quotes?cursor=x": "cursor",
    "quotes?nonsense=1": "unknown parameter",
    "opportunities?state=x": "state",
    "books/btc?levels=1": "instrument",
}


async def test_a_wrong_query_is_refused_with_the_name_of_what_is_wrong(idle):
    for target, word in WRONG.items():
        status, data = await ask(idle, "GET", f"/v1/{target}")
        assert status == 400, target
        assert word in data["error"]


async def test_a_wrong_body_is_refused(idle):
    for body in (b"{", b"[]", b"5", b'{"extra": 1}', b'{"reason": 5}', b"\xff"):
        status, data = await ask(idle, "POST", "/v1/risk/halt", OWN, data=body)
        assert status == 400, body
        assert data["error"].startswith("body: ")


async def test_a_body_where_none_belongs_or_a_huge_one_is_refused(idle):
    assert (await ask(idle, "DELETE", "/v1/orders/optimistic/1", OWN, data=b"{}"))[0] == 400
    assert (await ask(idle, "POST", "/v1/risk/halt", OWN, data=b" " * 5_000))[0] == 413


async def test_faults_and_full_books_are_not_there_without_simulated_venues(port):
    assert (await ask(port, "GET", f"/v1/books/{BOOK}/level3"))[0] == 404
    fault = {"venue": "binance", "kind": "drop"}
    assert (await ask(port, "POST", "/v1/faults", OWN, json=fault))[0] == 404
