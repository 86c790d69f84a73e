"""The filters of a listing at the simulated Binance: what an order must keep to."""

from dataclasses import dataclass

from engine.code import Side
from sim.market.listing import Listing
from sim.wire import binance_info as info

from .binance_error import ApiError, filter_failure
from .binance_params import E8


@dataclass(frozen=True, slots=True)
class Filters:
    """Checks one listing's orders: prices in ticks, quantities in lots, notionals in both."""

    listing: Listing

    def ticks(self, price: int) -> int:
        """Return a price in 1e-8 as ticks; ApiError if it is off the grid or out of range."""
        scale: int = 10**self.listing.price_decimals
        ticks, rest = divmod(price * scale, E8)
        if rest or not self.listing.price_min <= ticks <= self.listing.price_max:
            raise filter_failure("PRICE_FILTER")
        return ticks

    def lots(self, qty: int) -> int:
        """Return a quantity in 1e-8 as lots; ApiError if it is off the grid or out of range."""
        scale: int = 10**self.listing.size_decimals
        lots, rest = divmod(qty * scale, E8)
        if rest or not self.listing.qty_min <= lots <= self.listing.qty_max:
            raise filter_failure("LOT_SIZE")
        return lots

    def check_iceberg(self, lots: int, display: int) -> None:
        """Refuse an iceberg that shows more than there is, or that has too many parts."""
        if display > lots:
            raise ApiError(-2010, "IcebergQty exceeds QTY.")
        if -(-lots // display) > info.ICEBERG_PARTS:
            raise filter_failure("ICEBERG_PARTS")

    def check_band(self, price: int, average: int) -> None:
        """Refuse a price too far from the average, which is 0 where nothing traded."""
        if average and not average <= price * info.BAND <= average * info.BAND**2:
            raise filter_failure("PERCENT_PRICE_BY_SIDE")

    def check_notional(self, notional: int, is_market: bool) -> None:
        """Refuse a notional that is too small, and one that is too large for a limit order."""
        too_large = notional > info.notional_max(self.listing) and not is_market
        if notional < info.notional_min(self.listing) or too_large:
            raise filter_failure("NOTIONAL")


def check_open(orders: int, algo_orders: int, is_algo: bool) -> None:
    """Refuse one more order where as many are open as the listing allows."""
    if orders >= info.ORDERS_MAX:
        raise filter_failure("MAX_NUM_ORDERS")
    if is_algo and algo_orders >= info.ALGO_ORDERS_MAX:
        raise filter_failure("MAX_NUM_ALGO_ORDERS")


def reached(last: int, stop: int, side: Side, takes_profit: bool) -> bool:
    """Tell whether the last price has reached a stop; nothing traded yet is 0 and reaches none."""
    if not last:
        return False
    upwards = (side is Side.BUY) is not takes_profit
    return last >= stop if upwards else last <= stop
