"""The event array of hftbacktest (https://hftbacktest.readthedocs.io/en/latest/data.html).

One instrument a file, member `data.npy`. Times are ns. Rows that the exchange side plays are in
order of `exch_ts`, those of the local side in order of `local_ts`; a row may serve both.
"""

from typing import Any

import numpy as np

MEMBER = "data.npy"
#: How an array of version 1.0 begins.
MAGIC = b"\x93NUMPY\x01\x00"

DEPTH, TRADE, CLEAR, SNAPSHOT, BBO = 1, 2, 3, 4, 5
#: From here on come the events of single orders.
ORDERS = 10
EXCHANGE = 1 << 31
LOCAL = 1 << 30
BUY = 1 << 29
SELL = 1 << 28
KIND = 0xFF

EVENT = np.dtype(
    [
        ("ev", "u8"),
        ("exch_ts", "i8"),
        ("local_ts", "i8"),
        ("px", "f8"),
        ("qty", "f8"),
        ("order_id", "u8"),
        ("ival", "i8"),
        ("fval", "f8"),
    ],
    align=True,
)
#: The fields that our rows use.
FIELDS = ("ev", "exch_ts", "local_ts", "px", "qty")
#: Reading and writing of array headers, which numpy gives no types.
HEADERS: Any = np.lib.format
#: Rows held in memory at a time.
ROWS = 1 << 16
