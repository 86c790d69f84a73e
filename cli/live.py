"""The running daemon as the control door sees it."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from arb.command import COMMANDS
from arb.command import refusal as refusal_of
from bench.node import rss_mb
from books.grade import Grade
from checkpoint import build
from cli import schedule_view, testnet, trading_view
from cli.report import book_row, connection_row, edge_rows
from daemon import Daemon
from market.instrument import Instrument
from replay.native_format import LOG
from replay.segment_files import list_segments


class LiveView:
    """Implements api.view.DaemonView; every method reads and returns at once."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    def status(self) -> dict[str, Any]:
        """Return the process as a whole."""
        daemon = self._daemon
        node = daemon.node
        now = daemon.clock.now_ns()
        return {
            "version": build().version,
            "code": build().code,
            "pid": os.getpid(),
            "mode": daemon.settings.mode,
            "started_ns": daemon.started_ns,
            "uptime_seconds": round((now - daemon.started_ns) / 1e9, 3),
            "inputs": node.inputs,
            "events": node.events,
            "digest": node.digest.hex,
            "recording": self._recording(),
            "clock": {
                "steps": node.clock_steps,
                "ahead_ms": round(daemon.clock.ahead_ns / 1e6, 1),
            },
            "loop_lag_ms": daemon.lag.summary(),
            "rss_mb": round(rss_mb(), 1),
            "sim_socket": daemon.options.sim_socket if daemon.settings.mode == "sim" else "",
            "queues": {"timers": len(node.timers)},
            "l2": {
                "state": daemon.l2_state,
                "path": daemon.settings.l2.path,
                "left_out": daemon.publisher.left_out if daemon.publisher else 0,
            },
            "venues": {name: self._venue(name) for name in daemon.feeds},
            "consolidated": [
                asdict(node.consolidated.best(pair, now)) for pair in node.consolidated.pairs
            ],
            "api": daemon.api_address,
            "trading": trading_view.summary(node.desk) if node.desk is not None else None,
        }

    def _recording(self) -> dict[str, Any]:
        recorder = self._daemon.recorder
        folder = self._daemon.settings.recording.dir
        missing = self._daemon.unrecorded
        if missing is not None:
            return {
                "state": f"stopped: {missing.reason}",
                "dir": folder,
                "bytes": 0,
                "segments": 0,
                "errors": missing.tries,
                "missed": self._daemon.node.inputs,
            }
        if recorder is None:
            return {"state": "off", "dir": folder}
        files = list_segments(Path(folder), LOG)
        return {
            "state": "on" if recorder.recording else f"stopped: {recorder.reason}",
            "dir": folder,
            "bytes": sum(file.path.stat().st_size for file in files if file.path.exists()),
            "segments": len(files),
            "errors": recorder.counts.stops,
            "missed": recorder.counts.missed,
        }

    def _venue(self, name: str) -> dict[str, Any]:
        daemon = self._daemon
        links = [link for link in daemon.node.links.values() if link.venue.name == name]
        streams = [link for link in links if not link.name.endswith(".rest")]
        offset = daemon.feeds[name].offset
        errors: dict[str, int] = {}
        for key, count in daemon.counters.snapshot().items():
            if key.venue == name:
                errors[key.reason] = errors.get(key.reason, 0) + count
        for link in links:
            for reason, count in link.errors.items():
                errors[reason] = errors.get(reason, 0) + count
        return {
            "state": "open" if any(link.connected for link in streams) else "down",
            "offset_ns": offset.offset_ns if offset else None,
            "offset_doubt_ns": offset.doubt_ns if offset else None,
            "rest": {"replies": sum(link.replies for link in links)},
            "orders": self._orders_at(name),
            "errors": errors,
        }

    def _orders_at(self, venue: str) -> str:
        """Return where a venue's orders go and how its order channel stands; '' on paper."""
        desk = self._daemon.node.desk
        live = desk.live if desk is not None else None
        words = testnet.order_words(self._daemon.settings, venue)
        if live is None or venue not in live.channels:
            return words
        state = live.channels[venue].state.name.lower()
        return f"{words}, {state}" if words else state

    def books(self, levels: int) -> list[dict[str, Any]]:
        """Return every book with at most `levels` of each side."""
        return [self._book(slot, levels) for slot in range(len(self._daemon.node.books))]

    def _book(self, slot: int, levels: int) -> dict[str, Any]:
        daemon = self._daemon
        node = daemon.node
        book, instrument = node.books[slot], node.instruments[slot]
        now = daemon.clock.now_ns()
        quote = node.l1.read(slot, now)
        lag = node.l1.lag(slot)
        row = book_row(node, slot)
        row["grade"] = Grade(quote.grade).labels
        row["silence_ms"] = round(quote.silence_ns / 1e6, 1) if quote.silence_ns >= 0 else None
        row["lag_ms"] = round(lag / 1e6, 1) if lag is not None else None
        row["touch"] = {
            "bid": _level(instrument, quote.bid_price, quote.bid_lots),
            "ask": _level(instrument, quote.ask_price, quote.ask_lots),
        }
        row["touch_source"] = "quote" if quote.from_quote else "depth"
        for name, ask in (("bids", False), ("asks", True)):
            held = book.walk(ask, levels) if book.live and levels else []
            row[name] = [
                [instrument.price.format(ticks), instrument.size.format(lots)]
                for ticks, lots in held
            ]
        clean = row.get("last_clean_audit_ns")
        row["last_clean_audit_seconds"] = round((now - clean) / 1e9, 1) if clean else None
        return row

    def edges(self) -> dict[str, Any]:
        """Return both directions of every edge by name."""
        rows: dict[str, Any] = {}
        for edge in self._daemon.node.edges:
            for direction, row in enumerate(edge_rows(self._daemon.node, edge)):
                row["now"] = edge.look(direction)
                rows[row["name"]] = row
        return rows

    def connections(self) -> list[dict[str, Any]]:
        """Return every connection."""
        node = self._daemon.node
        return [connection_row(node, name) for name in node.links]

    def orders(self) -> dict[str, Any]:
        """Return each world's open and held orders."""
        desk = self._daemon.node.desk
        return trading_view.orders(desk) if desk is not None else {}

    def positions(self) -> dict[str, Any]:
        """Return each world's positions, hedges and balances."""
        desk = self._daemon.node.desk
        return trading_view.positions(desk) if desk is not None else {}

    def risk(self) -> dict[str, Any]:
        """Return limits and each world's risk state."""
        desk = self._daemon.node.desk
        return trading_view.risk(desk, self._daemon.returns) if desk is not None else {}

    def pnl(self) -> dict[str, Any]:
        """Return each world's profit and loss, and their band."""
        desk = self._daemon.node.desk
        return trading_view.pnl(desk) if desk is not None else {}

    def schedules(self) -> dict[str, Any]:
        """Return each world's execution schedules."""
        desk = self._daemon.node.desk
        return schedule_view.view(desk, self._daemon.clock.now_ns()) if desk is not None else {}

    def command(self, name: str, argument: str) -> dict[str, Any]:
        """Take a command as an input of the node, unless it means nothing there."""
        refused = self.refusal(name, argument)
        if refused:
            return {"accepted": False, "reason": refused}
        self._daemon.command(name, argument)
        return {"accepted": True, "reason": ""}

    def refusal(self, name: str, argument: str) -> str:
        """Return why a command cannot be taken, '' when it can."""
        node = self._daemon.node
        if name == "resync":
            known = ", ".join(one.id for one in node.instruments)
            unknown = node.slot_of(argument) is None
            return f"no book {argument!r}; there are: {known}" if unknown else ""
        if name not in COMMANDS:
            known = ", ".join(("resync", *COMMANDS))
            return f"unknown command {name!r}; known: {known}"
        if node.desk is None:
            return "nothing trades here; trading.strategies of the configuration says what does"
        if name == "resume" and self._daemon.halt_file_stands:
            path = self._daemon.settings.trading.halt_file
            return f"the file {path} is there and halts trading; remove it first"
        return refusal_of(node.desk, name, argument)

    def stop(self) -> None:
        """Begin a graceful stop."""
        self._daemon.stop()


def _level(instrument: Instrument, ticks: int, lots: int) -> list[str] | None:
    """Return price and size of one side of a quote as text, None for an empty side."""
    return [instrument.price.format(ticks), instrument.size.format(lots)] if lots else None
