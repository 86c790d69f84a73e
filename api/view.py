"""What the control door needs of a daemon."""

from typing import Any, Protocol

#: Levels of a side that a reply may hold.
LEVELS_MAX = 200

#: Characters of a command's name and of its argument.
COMMAND_NAME_MAX = 32
COMMAND_ARGUMENT_MAX = 256


class DaemonView(Protocol):
    """A running daemon as the door sees it.

    Every method is called on the daemon's event loop, must return at once without waiting for
    anything, and returns data that is plain JSON: objects with text keys, lists, text, integers of
    64 bits, floats, booleans, None. Prices and sizes are exact decimal text. Readers treat any
    field as possibly absent, so a daemon may leave out what it does not know.
    """

    def status(self) -> dict[str, Any]:
        """Return the process as a whole.

        `version` text, `code` a hash over what decides; `pid`; `mode` text;
        `started_ns` since the epoch; `uptime_seconds`;
        `inputs` and `events` counted since the start; `digest` hexadecimal text;
        `recording` {`state` text, `dir` text, `bytes`, `segments`, `errors`};
        `clock` {`steps` of the wall clock, `ahead_ms` of our stamps over it};
        `loop_lag_ms` {`p50`, `p99`, `max`}; `rss_mb` in MiB; `queues` {name: entries waiting};
        `l2` of the shared memory {`state` text, …};
        `venues` {name: {`state` text, `offset_ns` of the venue's clock or None, `rest` {…},
        `errors` {name: count}}};
        `api` the address at which it is served, '' where it is not;
        `trading` what `cli.trading_view.summary` says, None where nothing trades;
        `consolidated` [{`pair`, `bid` and `ask` {`instrument`, `price`, `size`} or None,
        `usable`, `venues`, `crossed`}].
        """

    def books(self, levels: int) -> list[dict[str, Any]]:
        """Return every book, with at most `levels` (0 to LEVELS_MAX) of each side.

        A row is `cli.report.book_row` and: `grade` a list of labels, empty when good;
        `touch` {`bid`, `ask`} the quote as strategies read it, each side [price, size] or None;
        `silence_ms` and `lag_ms`, None when unknown; `touch_source` text;
        `bids` and `asks` [[price, size], …] best first, empty when the book is not live;
        `audit_score` from 0 to 1 and `last_clean_audit_seconds` ago, None before the first.
        """

    def edges(self) -> dict[str, Any]:
        """Return both directions of every edge by name.

        A value is a row of `cli.report.edge_rows` and `now` {`gross_bps`, `net_bps`, `rule`}:
        what the direction is worth at the touch before and after all costs, and the label of the
        rule that blocks it; each None when it cannot be known.
        """

    def connections(self) -> list[dict[str, Any]]:
        """Return every connection as `cli.report.connection_row`."""

    def orders(self) -> dict[str, Any]:
        """Return each world's open and held orders, as `cli.trading_view.orders`; {} without."""

    def positions(self) -> dict[str, Any]:
        """Return each world's positions, hedges and balances; {} where nothing trades."""

    def risk(self) -> dict[str, Any]:
        """Return limits and each world's risk state, as `cli.trading_view.risk`; {} without."""

    def pnl(self) -> dict[str, Any]:
        """Return each world's profit and loss and their band; {} where nothing trades."""

    def schedules(self) -> dict[str, Any]:
        """Return each world's execution schedules, as `cli.schedule_view.view`; {} without."""

    def command(self, name: str, argument: str) -> dict[str, Any]:
        """Take a command as an input of the node, which is recorded before it is handled.

        `resync` with a book's id drops that book and builds it anew; `halt` with a reason,
        `resume` with causes or '' for all, `cancel-all`, `flatten` and `approve` with the number
        of a held order, and perhaps a world's name, act in every world of trading; `schedule` takes
        the words of `arb.schedule.request`. Returns
        {`accepted` boolean, `reason` text}; an unknown name or argument is not accepted, and is no
        error.
        """

    def refusal(self, name: str, argument: str) -> str:
        """Return why a command would not be accepted, '' when it would."""

    def stop(self) -> None:
        """Begin a graceful stop and return; a second call changes nothing."""
