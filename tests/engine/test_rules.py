"""Every sentence of docs/matching.md as a short script with its events, on both twins."""

import pytest

from .script import ENGINES, endings, play

PRO_RATA = {"allocation": "pro_rata"}
S3 = "sell a 5@100;sell b 5@100;sell c 5@101;"

CASES = [
    # (what is expected, rules, script, events without acceptances)
    (
        "trades happen at the maker's price, best price first, then first in first out",
        {},
        S3 + "buy t 12@105",
        ["trade a t 5@100", "trade b t 5@100", "trade c t 2@101"],
    ),
    (
        "a limit order stops at its limit and rests",
        {},
        S3 + "buy t 12@100;depth",
        ["trade a t 5@100", "trade b t 5@100", "depth 2@100/1 | 5@101/1"],
    ),
    (
        "an unfilled market remainder expires",
        {},
        "sell a 5@100;buy t 8 type=market",
        ["trade a t 5@100", "expired t 3"],
    ),
    ("a market order without a book expires whole", {}, "buy t 8 type=market", ["expired t 8"]),
    (
        "an unfilled IOC remainder expires",
        {},
        S3 + "buy t 12@100 tif=IOC;depth",
        ["trade a t 5@100", "trade b t 5@100", "expired t 2", "depth | 5@101/1"],
    ),
    (
        "a FOK that cannot fill expires whole",
        {},
        S3 + "buy t 11@100 tif=FOK",
        ["expired t 11"],
    ),
    (
        "a FOK that can fill does",
        {},
        S3 + "buy t 11@101 tif=FOK",
        ["trade a t 5@100", "trade b t 5@100", "trade c t 1@101"],
    ),
    (
        "a market FOK fills whole or not at all",
        {},
        S3 + "buy t 16 type=market tif=FOK;buy u 15 type=market tif=FOK",
        ["expired t 16", "trade a u 5@100", "trade b u 5@100", "trade c u 5@101"],
    ),
    (
        "a FOK counts hidden quantity",
        {},
        "sell a 9@100 display=2;buy t 9@100 tif=FOK",
        [
            "trade a t 2@100",
            "trade a t 2@100",
            "trade a t 2@100",
            "trade a t 2@100",
            "trade a t 1@100",
        ],
    ),
    (
        "a FOK does not count own orders that would be cancelled",
        {},
        "sell a 5@100 account=T;sell b 5@100;buy t 6@100 tif=FOK stp=cancel_maker",
        ["expired t 6"],
    ),
    (
        "a FOK passes own orders that are cancelled on the way",
        {},
        "sell a 5@100 account=T;sell b 6@100;buy t 6@100 tif=FOK stp=cancel_maker",
        ["canceled a 5", "trade b t 6@100"],
    ),
    (
        "a FOK counts nothing behind an own order that blocks it",
        {},
        (
            "sell b 3@100;sell a 5@100 account=T;sell c 6@100;buy t 6@100 tif=FOK stp=cancel_taker;"
            "buy t 3@100 tif=FOK stp=cancel_taker"
        ),
        ["expired t 6", "trade b t 3@100"],
    ),
    (
        "a FOK under decrement does not count on own orders",
        {},
        "sell a 5@100 account=T;sell b 5@100;buy t 5@100 tif=FOK stp=decrement",
        ["expired t 5"],
    ),
    (
        "a FOK does count own orders when nothing prevents self-trades",
        {},
        "sell a 5@100 account=T;buy t 5@100 tif=FOK",
        ["trade a t 5@100"],
    ),
    # Time.
    (
        "GTD expires when the time reaches its expiry, not before",
        {},
        "buy a 5@100 tif=GTD expire_at_ns=10;time 9;time 10",
        ["expired a 5"],
    ),
    (
        "a GTD order that is due when it comes is accepted and expires",
        {},
        "time 10;buy a 5@100 tif=GTD expire_at_ns=10",
        ["expired a 5"],
    ),
    (
        "time does not go back",
        {},
        "time 10;time 5;buy a 5@100 tif=GTD expire_at_ns=8",
        ["expired a 5"],
    ),
    (
        "GTD orders expire by expiry, then acceptance",
        {},
        (
            "buy a 1@99 tif=GTD expire_at_ns=9;buy b 1@98 tif=GTD expire_at_ns=7;"
            "buy c 1@97 tif=GTD expire_at_ns=9;time 20"
        ),
        ["expired b 1", "expired a 1", "expired c 1"],
    ),
    (
        "DAY orders expire at the end of the day, others stay",
        {},
        (
            "buy a 1@99 tif=DAY;buy b 1@98;sell c 2@105 tif=DAY;buy s 1 type=stop stop=200 tif=DAY;"
            "end_of_day;depth"
        ),
        ["expired a 1", "expired c 2", "expired s 1", "depth 1@98/1 |"],
    ),
    (
        "an id may be used again once it is closed, not while it is open",
        {},
        "buy a 1@99;buy a 1@98;cancel a;buy a 1@98;depth",
        ["rejected a duplicate_id", "canceled a 1", "depth 1@98/1 |"],
    ),
    (
        "any id that is not open is unknown",
        {},
        "cancel x;replace x 5@100;buy a 1@99;sell b 1@99;cancel a;cancel b",
        [
            "rejected x unknown_order",
            "rejected x unknown_order",
            "trade a b 1@99",
            "rejected a unknown_order",
            "rejected b unknown_order",
        ],
    ),
    # Post-only.
    (
        "a post-only order that would cross is refused, one tick away it rests",
        {},
        "sell a 5@100;buy t 5@100 post=1;buy u 5@99 post=1;depth",
        ["rejected t would_cross", "depth 5@99/1 | 5@100/1"],
    ),
    (
        "a post-only order is refused before self-trade prevention is asked",
        {},
        "sell a 5@100 account=T;buy t 5@100 post=1 stp=cancel_maker;depth",
        ["rejected t would_cross", "depth | 5@100/1"],
    ),
    (
        "a replace of a post-only order that would cross is refused and changes nothing",
        {},
        "sell a 5@100;buy t 5@99 post=1;replace t 4@100;depth",
        ["rejected t would_cross", "depth 5@99/1 | 5@100/1"],
    ),
    # Replace.
    (
        "replace to zero is a bad quantity",
        {},
        "buy a 5@99;replace a 0;depth",
        ["rejected a bad_qty", "depth 5@99/1 |"],
    ),
    (
        "a smaller quantity at the same price keeps priority",
        {},
        "buy a 5@99;buy b 5@99;replace a 3@99;sell t 3@99",
        ["replaced a 3@99", "trade a t 3@99"],
    ),
    (
        "a larger quantity loses priority",
        {},
        "buy a 5@99;buy b 5@99;replace a 6@99;sell t 5@99",
        ["replaced a 6@99", "trade b t 5@99"],
    ),
    (
        "an unchanged quantity loses priority",
        {},
        "buy a 5@99;buy b 5@99;replace a 5@99;sell t 5@99",
        ["replaced a 5@99", "trade b t 5@99"],
    ),
    (
        "another price loses priority",
        {},
        "buy a 5@99;buy b 5@98;replace a 3@98;sell t 5@98",
        ["replaced a 3@98", "trade b t 5@98"],
    ),
    (
        "what a replace leaves out stays",
        {},
        "buy a 5@99;replace a 3;replace a @98;depth",
        ["replaced a 3@99", "replaced a 3@98", "depth 3@98/1 |"],
    ),
    (
        "a replace that crosses acts as a new order",
        {},
        "sell a 5@100;buy t 5@99;replace t 8@100;depth",
        ["replaced t 8@100", "trade a t 5@100", "depth 3@100/1 |"],
    ),
    (
        "the quantity of a replace is the open quantity wanted, whatever has traded",
        {},
        "buy a 10@100;sell t 4@100;replace a 5;depth",
        ["trade a t 4@100", "replaced a 5@100", "depth 5@100/1 |"],
    ),
    # Iceberg.
    (
        "an iceberg shows a peak and its refill goes to the back",
        {},
        "sell a 6@100 display=2;sell b 3@100;depth;buy t 4@100;depth",
        ["depth | 5@100/2", "trade a t 2@100", "trade b t 2@100", "depth | 3@100/2"],
    ),
    (
        "an iceberg takes with its full quantity and what rests shows a full peak",
        {},
        "sell a 5@100;buy t 9@100 display=3;depth",
        ["trade a t 5@100", "depth 3@100/1 |"],
    ),
    (
        "the last peak of an iceberg is what is left",
        {},
        "sell a 5@100 display=3;buy t 3@100;depth",
        ["trade a t 3@100", "depth | 2@100/1"],
    ),
    # Stops.
    (
        "a stop waits while nothing has traded",
        {},
        "sell a 5@100;buy s 2 type=stop stop=90;depth",
        ["depth | 5@100/1"],
    ),
    (
        "a stop triggers at once when the last trade is at its price",
        {},
        "sell a 5@100;buy t 1@100;buy s 2 type=stop stop=100",
        ["trade a t 1@100", "triggered s", "trade a s 2@100"],
    ),
    (
        "a sell stop triggers when the last trade is at or below its price",
        {},
        "buy a 5@100;buy b 5@98;sell s 4 type=stop stop=99;sell t 5@100;sell u 1@98",
        ["trade a t 5@100", "trade b u 1@98", "triggered s", "trade b s 4@98"],
    ),
    (
        "stops enter after the command has finished, in the order of the trades",
        {},
        (
            "sell a 1@100;sell b 1@101;sell c 9@102;buy y 1 type=stop stop=101;"
            "buy x 1 type=stop stop=100;buy t 3@102"
        ),
        [
            "trade a t 1@100",
            "trade b t 1@101",
            "trade c t 1@102",
            "triggered x",
            "trade c x 1@102",
            "triggered y",
            "trade c y 1@102",
        ],
    ),
    (
        "stops that one trade reaches enter by entry order",
        {},
        "sell a 9@100;buy y 1 type=stop stop=100;buy x 1 type=stop stop=95;buy t 1@100",
        ["trade a t 1@100", "triggered y", "trade a y 1@100", "triggered x", "trade a x 1@100"],
    ),
    (
        "a stop limit enters as a limit order and rests",
        {},
        "sell a 1@100;sell b 5@103;buy s 2@101 type=stop_limit stop=100;buy t 1@100;depth",
        ["trade a t 1@100", "triggered s", "depth 2@101/1 | 5@103/1"],
    ),
    (
        "a waiting stop can be cancelled and its quantity replaced",
        {},
        "buy s 2 type=stop stop=100;replace s 5;replace s 5@99;cancel s",
        ["replaced s 5@", "rejected s bad_price", "canceled s 5"],
    ),
    # Pro-rata.
    (
        "pro-rata shares are floors, what is left goes first in first out",
        PRO_RATA,
        "sell a 5@100;sell b 3@100;sell c 2@100;buy t 7@100",
        ["trade a t 4@100", "trade b t 2@100", "trade c t 1@100"],
    ),
    (
        "in pro-rata the displayed quantity shares",
        PRO_RATA,
        "sell a 100@100 display=5;sell b 5@100;buy t 4@100",
        ["trade a t 2@100", "trade b t 2@100"],
    ),
    (
        "a pro-rata taker of all that is displayed shares the refill next",
        PRO_RATA,
        "sell a 9@100 display=4;sell b 4@100;buy t 10@100",
        ["trade a t 4@100", "trade b t 4@100", "trade a t 2@100"],
    ),
    (
        "top-of-book priority serves the first order before all",
        {**PRO_RATA, "top_order": True},
        "sell a 4@100;sell b 10@100;sell c 10@100;buy t 9@100",
        ["trade a t 4@100", "trade b t 3@100", "trade c t 2@100"],
    ),
    (
        "a share below the minimum counts as none",
        {**PRO_RATA, "min_share": "3"},
        "sell a 2@100;sell b 2@100;sell c 16@100;buy t 10@100",
        ["trade a t 2@100", "trade c t 8@100"],
    ),
    # Self-trade prevention.
    (
        "without prevention an account trades with itself",
        {},
        "sell a 5@100 account=T;buy t 5@100",
        ["trade a t 5@100"],
    ),
    (
        "cancel_taker cancels what is left of the taker",
        {},
        "sell b 2@100;sell a 5@100 account=T;buy t 5@100 stp=cancel_taker;depth",
        ["trade b t 2@100", "canceled t 3", "depth | 5@100/1"],
    ),
    (
        "cancel_maker cancels the maker and goes on",
        {},
        "sell a 5@100 account=T;sell b 2@100;buy t 5@100 stp=cancel_maker;depth",
        ["canceled a 5", "trade b t 2@100", "depth 3@100/1 |"],
    ),
    (
        "cancel_both cancels the maker, then the taker",
        {},
        "sell a 5@100 account=T;buy t 3@100 stp=cancel_both;depth",
        ["canceled a 5", "canceled t 3", "depth |"],
    ),
    (
        "decrement: the smaller maker is cancelled and the taker goes on",
        {},
        "sell a 2@100 account=T;sell b 9@100;buy t 5@100 stp=decrement",
        ["canceled a 0", "replaced t 3@100", "trade b t 3@100"],
    ),
    (
        "decrement: the smaller taker is cancelled and the maker keeps its priority",
        {},
        "sell a 5@100 account=T;sell b 9@100;buy t 2@100 stp=decrement;buy u 3@100",
        ["canceled t 0", "replaced a 3@100", "trade a u 3@100"],
    ),
    (
        "decrement of equals cancels both, maker first",
        {},
        "sell a 5@100 account=T;buy t 5@100 stp=decrement",
        ["canceled a 0", "canceled t 0"],
    ),
    (
        "the taker's mode rules, not the maker's",
        {},
        "sell a 5@100 account=T stp=cancel_both;buy t 5@100",
        ["trade a t 5@100"],
    ),
    # States.
    (
        "halted takes nothing",
        {},
        "buy a 5@99;state halted;buy b 1@98;cancel a;replace a 3;cancel_all A;depth",
        [
            "rejected b halted",
            "rejected a halted",
            "rejected a halted",
            "rejected None halted",
            "depth 5@99/1 |",
        ],
    ),
    (
        "cancel only takes cancels",
        {},
        "buy a 5@99;state cancel_only;buy b 1@98;replace a 3;cancel a",
        ["rejected b halted", "rejected a halted", "canceled a 5"],
    ),
    (
        "cancel all cancels an account's orders in the order of acceptance, stops too",
        {},
        (
            "buy a 1@99 account=X;buy b 1@98;buy s 1 type=stop stop=120 account=X;"
            "sell c 1@105 account=X;cancel_all X"
        ),
        ["canceled a 1", "canceled s 1", "canceled c 1"],
    ),
    (
        "an auction matches nothing and refuses what cannot rest",
        {},
        "state auction;sell a 5@100;buy b 5@101;buy c 1@101 tif=IOC;buy d 1 type=market;depth",
        ["rejected c halted", "rejected d halted", "depth 5@101/1 | 5@100/1"],
    ),
    # Bands.
    (
        "a limit beyond the collar is refused on either side, at it accepted",
        {"collar": "0.1"},
        "sell a 5@100;buy t 1@100;buy b 1@111;buy c 1@110;sell d 1@89;buy e 1@89;sell f 1@111",
        [
            "trade a t 1@100",
            "rejected b price_band",
            "trade a c 1@100",
            "rejected d price_band",
            "rejected e price_band",
            "rejected f price_band",
        ],
    ),
    (
        "without a trade there is no collar",
        {"collar": "0.1"},
        "buy a 1@1;sell b 1@1000;depth",
        ["depth 1@1/1 | 1@1000/1"],
    ),
    (
        "a match beyond the halt band does not happen, the book halts, the remainder expires",
        {"halt_band": "0.05"},
        "sell a 2@100;buy t 1@100;sell b 5@105;sell c 5@106;buy m 9 type=market;buy x 1@90",
        [
            "trade a t 1@100",
            "trade a m 1@100",
            "trade b m 5@105",
            "expired m 3",
            "rejected x halted",
        ],
    ),
    (
        "a limit's remainder rests when the book halts, and trades when it opens",
        {"halt_band": "0.05"},
        "sell a 1@100;buy t 1@100;sell c 5@106;buy m 9@107;depth;state open;depth",
        ["trade a t 1@100", "depth 9@107/1 | 5@106/1", "trade c m 5@107", "depth 4@107/1 |"],
    ),
    (
        "a FOK neither counts what lies beyond the halt band nor halts the book",
        {"halt_band": "0.05"},
        "sell a 1@100;buy t 1@100;sell c 5@106;buy m 5@107 tif=FOK;buy x 1@90;depth",
        ["trade a t 1@100", "expired m 5", "depth 1@90/1 | 5@106/1"],
    ),
    # Malformed orders.
    ("a quantity of zero is bad", {}, "buy a 0@100", ["rejected a bad_qty"]),
    ("a quantity off the lot is bad", {}, "buy a 1.5@100", ["rejected a bad_qty"]),
    ("an unreadable quantity is bad", {}, "buy a many@100", ["rejected a bad_qty"]),
    ("a price off the tick is bad", {}, "buy a 1@100.5", ["rejected a bad_price"]),
    ("a negative price is bad", {}, "buy a 1@-1", ["rejected a bad_price"]),
    ("a limit order needs a price", {}, "buy a 1", ["rejected a bad_price"]),
    ("a market order has no price", {}, "buy a 1@5 type=market", ["rejected a bad_price"]),
    ("a stop needs a stop price", {}, "buy a 1 type=stop", ["rejected a bad_price"]),
    ("a limit order has no stop price", {}, "buy a 1@5 stop=4", ["rejected a bad_price"]),
    ("an unknown type is bad", {}, "buy a 1@5 type=peg", ["rejected a bad_type"]),
    ("an unknown time in force is bad", {}, "buy a 1@5 tif=GFX", ["rejected a bad_type"]),
    ("a post-only IOC is bad", {}, "buy a 1@5 tif=IOC post=1", ["rejected a bad_type"]),
    ("a GTD without expiry is bad", {}, "buy a 1@5 tif=GTD", ["rejected a bad_type"]),
    ("an expiry without GTD is bad", {}, "buy a 1@5 expire_at_ns=9", ["rejected a bad_type"]),
    ("a peak above the quantity is bad", {}, "buy a 1@5 display=2", ["rejected a bad_qty"]),
    # Accounts.
    (
        "a buy reserves price times quantity and the larger fee",
        {"maker_fee": "0.01", "taker_fee": "0.05"},
        "deposit A quote 1049;buy a 10@100;deposit A quote 1;buy a 10@100;buy b 1@1 account=A",
        ["rejected a insufficient_balance", "rejected b insufficient_balance"],
    ),
    (
        "a sell reserves its lots and a cancel gives them back",
        {},
        "deposit A base 5;sell a 5@100;sell b 1@100 account=A;cancel a;sell b 5@100 account=A",
        ["rejected b insufficient_balance", "canceled a 5"],
    ),
    (
        "a market buy must cover what it could take now",
        {},
        (
            "sell a 2@100;sell b 2@110;deposit T quote 309;buy t 3 type=market;"
            "deposit T quote 1;buy t 3 type=market"
        ),
        ["rejected t insufficient_balance", "trade a t 2@100", "trade b t 1@110"],
    ),
    (
        "a better price gives the rest of the reservation back",
        {},
        "sell a 5@90;deposit T quote 500;buy t 5@100;buy u 1@50 account=T;buy v 1@1 account=T",
        ["trade a t 5@90", "rejected v insufficient_balance"],
    ),
    (
        "a larger replace needs the money for it",
        {},
        "deposit A quote 100;buy a 1@100;replace a 2;replace a 1@99",
        ["rejected a insufficient_balance", "replaced a 1@99"],
    ),
    (
        "a triggered stop that cannot be paid is refused",
        {},
        (
            "deposit S quote 200;buy s 2 type=stop stop=100;sell a 1@100;sell b 5@150;buy t 1@100;"
            "cancel s"
        ),
        [
            "trade a t 1@100",
            "triggered s",
            "rejected s insufficient_balance",
            "rejected s unknown_order",
        ],
    ),
]


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize(
    ("rules", "script", "events"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_rule(kind, rules, script, events):
    assert endings(kind, script, **rules) == events


@pytest.mark.parametrize("kind", ENGINES)
def test_accepted_comes_first_then_trades_then_the_ending(kind):
    events = play(kind, "sell a 2@100;buy t 5 type=market")
    assert events == ["accepted a", "accepted t", "trade a t 2@100", "expired t 3"]


@pytest.mark.parametrize("kind", ENGINES)
def test_a_refused_order_is_not_accepted(kind):
    assert play(kind, "buy a 0@5") == ["rejected a bad_qty"]


UNCROSS = [
    ("most volume wins", "sell a 5@98;sell b 5@100;buy c 9@100;buy d 1@99", 100),
    ("then least surplus", "sell a 5@98;buy b 5@101;buy c 4@100", 101),
    ("then the highest when the surplus is bought", "sell a 5@98;buy b 8@102", 102),
    ("then the lowest when the surplus is sold", "sell a 8@98;buy b 5@102", 98),
    ("then nearest to the last trade", "sell a 5@98;buy b 5@102", 101),
    ("an end of the range when the last trade is outside", "sell a 5@103;buy b 5@105", 103),
]


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize(("name", "orders", "price"), UNCROSS, ids=[row[0] for row in UNCROSS])
def test_uncross_price(kind, name, orders, price):
    first = "sell x 1@101;buy y 1@101;state auction;"
    events = endings(kind, first + orders + ";state open")
    traded = [text for text in events[1:] if text.startswith("trade")]
    assert traded
    assert {text.rsplit("@", 1)[1] for text in traded} == {str(price)}


@pytest.mark.parametrize("kind", ENGINES)
def test_uncross_without_a_last_trade_takes_the_lower_price(kind):
    events = endings(kind, "state auction;sell a 5@98;buy b 5@102;state open")
    assert events == ["trade a b 5@98"]


@pytest.mark.parametrize("kind", ENGINES)
def test_uncross_trades_in_price_then_queue_order_and_lets_stops_in_after(kind):
    script = (
        "state auction;sell a 3@99;sell b 3@98;buy c 2@101;buy d 4@102;"
        "sell s 1 type=stop stop=101;buy z 5@90;state open"
    )
    assert endings(kind, script) == [
        "trade b d 3@99",
        "trade a d 1@99",
        "trade a c 2@99",
        "triggered s",
        "trade z s 1@90",
    ]
