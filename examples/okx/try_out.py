"""A few frames of the new venue through a node: `python -m examples.okx.try_out`."""

from examples.okx import install
from market.catalog import Catalog
from market.effects import EffectKind
from market.grid import Grid
from market.inputs import InputKind
from market.instrument import Instrument
from node import Node, NodeConfig

_SOURCE = "okx.ws.1#1"
_START_NS = 1_700_000_000_000_000_000
_HEAD = b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":'
_FRAMES = (
    _HEAD + b'"snapshot","data":[{"asks":[["61000.1","0.25","0","1"]],"bids":[["61000.0","1.5",'
    b'"0","2"]],"ts":"1700000000000","prevSeqId":-1,"seqId":100}]}',
    _HEAD + b'"update","data":[{"asks":[["61000.1","0","0","0"],["61000.2","3","0","1"]],"bids":[],'
    b'"ts":"1700000000100","prevSeqId":100,"seqId":107}]}',
    _HEAD + b'"update","data":[{"asks":[],"bids":[["61000.0","9","0","1"]],'
    b'"ts":"1700000000200","prevSeqId":120,"seqId":130}]}',
)


def main() -> None:
    """Feed a snapshot, a diff and one behind a hole, and say what became of the book."""
    install()
    catalog = Catalog()
    catalog.adopt_all([Instrument("okx", "BTC-USDT", "BTC", "USDT", Grid(1), Grid(8))])
    node = Node(NodeConfig(), catalog)
    node.watch(catalog.find("BTC-USDT", "okx"), _SOURCE)
    node.handle(_START_NS, InputKind.OPEN, _SOURCE, b"", "wss://ws.okx.com:8443/ws/v5/public")
    book, instrument = node.books[0], node.instruments[0]
    for number, data in enumerate(_FRAMES):
        effects = node.handle(_START_NS + number * 100_000_000, InputKind.FRAME, _SOURCE, data)
        if book.live:
            (bid, _), (ask, _) = book.levels(False)[0], book.levels(True)[0]
            prices = f"{instrument.price.format(bid)} {instrument.price.format(ask)}"
            print(f"{instrument.id} live at {book.last_sequence}: {prices}")
        else:
            print(f"{instrument.id} cannot be read: {book.reason_label}, {book.detail}")
            for effect in effects:
                if effect.kind is EffectKind.SEND:
                    print(f"  sent: {effect.subject}")


if __name__ == "__main__":
    main()
