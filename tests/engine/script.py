"""Runs short scripts through the door and shows the events as short texts."""

import json

from engine.core import Engine
from engine.door import Door
from engine.naive import NaiveEngine

ENGINES = (NaiveEngine, Engine)
_SHORT = {"display": "display_qty", "stop": "stop_price", "post": "post_only"}


def command(text):
    """Read "buy a 10@100 account=A tif=IOC", "cancel a", "replace a 5@101", "time 7" and so on."""
    word, *rest = text.split()
    fields = dict(part.split("=", 1) for part in rest if "=" in part)
    plain = [part for part in rest if "=" not in part]
    fields = {_SHORT.get(name, name): value for name, value in fields.items()}
    if "post_only" in fields:
        fields["post_only"] = True
    if "expire_at_ns" in fields:
        fields["expire_at_ns"] = int(fields["expire_at_ns"])
    if word in ("buy", "sell"):
        order_id, terms = plain
        qty, _, price = terms.partition("@")
        fields = {"account": order_id.upper(), **fields}
        fields |= {"id": order_id, "side": word, "qty": qty} | ({"price": price} if price else {})
        return {"op": "new", **fields}
    if word == "replace":
        qty, _, price = plain[1].partition("@")
        fields |= {"qty": qty} if qty else {}
        fields |= {"price": price} if price else {}
        return {"op": "replace", "id": plain[0], **fields}
    if word == "deposit":
        return {"op": word, "account": plain[0], "asset": plain[1], "amount": plain[2]}
    names = {"cancel": "id", "cancel_all": "account", "state": "state", "time": "at_ns"}
    if word in names:
        return {"op": word, names[word]: int(plain[0]) if word == "time" else plain[0]}
    return {"op": word}


def short(line):
    """Show an event as a short text."""
    event = json.loads(line)
    kind = event["event"]
    match kind:
        case "trade":
            return f"trade {event['maker']} {event['taker']} {event['qty']}@{event['price']}"
        case "rejected":
            return f"rejected {event['id']} {event['reason']}"
        case "canceled" | "expired":
            return f"{kind} {event['id']} {event['remaining']}"
        case "replaced":
            return f"replaced {event['id']} {event['qty']}@{event.get('price', '')}"
        case "depth":
            sides = (
                " ".join(f"{qty}@{price}/{count}" for price, qty, count in event[side])
                for side in ("bids", "asks")
            )
            return "depth {} | {}".format(*sides).replace("  ", " ").strip()
        case "error":
            return f"error {event['line']}"
    return f"{kind} {event['id']}"


def play(kind, script, **rules):
    """Run a script of ";"-separated commands; returns the short events that are no acceptance."""
    door = Door(kind())
    first = {"op": "instrument", "tick": "1", "lot": "1", **rules}
    assert door.feed(json.dumps(first)) == []
    shown = []
    for text in script.split(";"):
        if text.strip():
            shown += [short(line) for line in door.feed(json.dumps(command(text)))]
    return shown


def endings(kind, script, **rules):
    """Run a script and leave the acceptances out."""
    return [text for text in play(kind, script, **rules) if not text.startswith("accepted")]
