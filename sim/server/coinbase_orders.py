"""Orders by REST of the simulated Advanced Trade: place, cancel, edit, preview."""

from collections.abc import Callable

import orjson

from engine.code import Tif, Type
from sim.exchange.order import Order, Refused, Request
from sim.feed.coinbase_product import Product
from sim.wire import coinbase_order as wire
from sim.wire.coinbase import product_of
from sim.wire.coinbase_id import name_uuid, order_uuid
from sim.wire.coinbase_units import UnitError, units

from .coinbase_call import BadRequestError, Call, Reply
from .coinbase_desk import CoinbaseDesk
from .coinbase_entry import price_ticks, read_order
from .coinbase_estimate import FIELDS, Estimate
from .coinbase_refusal import ADVANCED, OrderRefusedError

CANCELS_MAX = 100
_NO_PREVIEW = "UNKNOWN_PREVIEW_FAILURE_REASON"


class AdvancedOrders:
    """Answers what signed clients want done with their orders."""

    def __init__(self, desk: CoinbaseDesk, now_ns: Callable[[], int]) -> None:
        self._desk = desk
        self._now_ns = now_ns
        self._estimate = Estimate(desk)

    def routes(self) -> list[tuple[str, str, Reply]]:
        """Return (method, path below the brokerage, reply)."""
        return [
            ("POST", "/orders", self._place),
            ("POST", "/orders/batch_cancel", self._cancel),
            ("POST", "/orders/edit", self._edit),
            ("POST", "/orders/edit_preview", self._preview_edit),
            ("POST", "/orders/preview", self._preview),
        ]

    def _place(self, call: Call) -> bytes:
        body, account = call.fields(), self._desk.of(call.key)
        configuration = body.get("order_configuration")
        try:
            order = self._known_order(account, body.get("client_order_id"))
            if order is None:
                request = read_order(self._desk, body, self._now_ns())
                order = self._desk.place(account, request)
        except OrderRefusedError as error:
            reason, preview = ADVANCED[error.refusal]
            refused = {
                "error": reason,
                "message": str(error),
                "error_details": "",
                "preview_failure_reason": preview,
                "new_order_failure_reason": reason,
            }
            head = {"success": False, "failure_reason": "UNKNOWN_FAILURE_REASON", "order_id": ""}
            tail = {"error_response": refused, "order_configuration": configuration}
            return orjson.dumps(head | tail)
        row = {
            "order_id": order_uuid(order.id),
            "product_id": product_of(self._desk.listing(order)),
            "side": wire.side_of(order.side),
            "client_order_id": order.client_id,
            "attached_order_id": "",
        }
        head = {"success": True, "failure_reason": "UNKNOWN_FAILURE_REASON"}
        tail = {"success_response": row, "order_configuration": configuration}
        return orjson.dumps(head | {"order_id": row["order_id"]} | tail)

    def _known_order(self, account: int, client_id: object) -> Order | None:
        """Return the order that has this client id already: it is not made a second time."""
        if not isinstance(client_id, str) or not client_id:
            return None
        return self._desk.exchange.order_by_client_id(account, None, client_id)

    def _cancel(self, call: Call) -> bytes:
        ids = call.fields().get("order_ids")
        if not isinstance(ids, list) or not 0 < len(ids) <= CANCELS_MAX:
            message = f"order_ids: 1 to {CANCELS_MAX} are required"
            raise BadRequestError(400, "INVALID_ARGUMENT", message)
        account = self._desk.of(call.key)
        return orjson.dumps({"results": [self._cancel_one(account, text) for text in ids]})

    def _cancel_one(self, account: int, text: object) -> dict[str, object]:
        order = self._desk.find(account, text)
        reason = "UNKNOWN_CANCEL_FAILURE_REASON"
        if order is None:
            reason = "UNKNOWN_CANCEL_ORDER"
        elif not order.open:
            reason = "DUPLICATE_CANCEL_REQUEST"
        else:
            try:
                self._desk.exchange.cancel(account, order.id)
                return {"success": True, "failure_reason": reason, "order_id": text}
            except Refused:
                reason = "COMMANDER_REJECTED_CANCEL_ORDER"
        return {"success": False, "failure_reason": reason, "order_id": text}

    def _edit(self, call: Call) -> bytes:
        try:
            order, price, qty_open = self._read_edit(call)
            self._desk.replace(self._desk.of(call.key), order, price, qty_open)
        except _EditError as error:
            return _edit_failure(error.reason)
        except OrderRefusedError as error:
            return _edit_failure("CANNOT_EDIT_ORDER", ADVANCED[error.refusal][1])
        # Clients differ in where they look for the id of what they edited.
        done = {"success": True, "success_response": {"order_id": order_uuid(order.id)}}
        return orjson.dumps(done | {"errors": []})

    def _read_edit(self, call: Call) -> tuple[Order, int | None, int]:
        """Return the order to edit, its new price if it has one, and its new open size."""
        body = call.fields()
        order = self._desk.find(self._desk.of(call.key), body.get("order_id"))
        if order is None:
            raise _EditError("ORDER_NOT_FOUND")
        if not order.open:
            raise _EditError("CAN_ONLY_EDIT_OPEN_ORDERS")
        if order.type is not Type.LIMIT or order.tif is not Tif.GTC:
            raise _EditError("ONLY_LIMIT_ORDER_EDITS_SUPPORTED")
        product = self._desk.product_of(order.listing)
        price, size = body.get("price"), body.get("size")
        if price in (None, "") and size in (None, ""):
            raise _EditError("UNCHANGED_PRICE_AND_SIZE_IN_EDIT_REQUEST")
        ticks = price_ticks(product, price, "price") if price not in (None, "") else None
        lots = self._lots(product, size) if size not in (None, "") else order.qty
        if ticks in (None, order.price) and lots == order.qty:
            raise _EditError("UNCHANGED_PRICE_AND_SIZE_IN_EDIT_REQUEST")
        if lots <= order.filled:
            raise _EditError("INVALID_EDITED_SIZE")
        return order, None if ticks == order.price else ticks, lots - order.filled

    def _lots(self, product: Product, size: object) -> int:
        try:
            return units(size, product.listing.size_decimals)
        except UnitError:
            raise _EditError("INVALID_EDITED_SIZE") from None

    def _preview_edit(self, call: Call) -> bytes:
        try:
            order, price, qty_open = self._read_edit(call)
        except _EditError as error:
            return _edit_failure(error.reason)
        except OrderRefusedError as error:
            return _edit_failure("CANNOT_EDIT_ORDER", ADVANCED[error.refusal][1])
        request = Request(
            order.listing,
            order.side,
            order.type,
            qty_open,
            price=price or order.price,
            tif=order.tif,
            post_only=order.post_only,
        )
        return orjson.dumps({"errors": [], **self._estimate.fields(request)})

    def _preview(self, call: Call) -> bytes:
        errors: list[str] = []
        estimate: dict[str, object] = dict.fromkeys(FIELDS, "0")
        try:
            request = read_order(self._desk, call.fields(), self._now_ns())
            estimate = self._estimate.fields(request)
            self._estimate.check(self._desk.of(call.key), request)
        except OrderRefusedError as error:
            errors.append(ADVANCED[error.refusal][1])
        head = {"preview_id": name_uuid("preview", self._now_ns()), "errs": errors, "warning": []}
        return orjson.dumps(head | estimate | {"is_max": False, "leverage": ""})


class _EditError(Exception):
    """An edit that cannot be made."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _edit_failure(reason: str, preview: str = _NO_PREVIEW) -> bytes:
    error = {"edit_failure_reason": reason, "preview_failure_reason": preview}
    return orjson.dumps({"success": False, "errors": [error]})
