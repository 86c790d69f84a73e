"""What the agents of one listing are told, and who they are: the vocabulary of both flow twins."""

from typing import NamedTuple


class Agents(NamedTuple):
    """How one listing is traded. Whole numbers all: prices in ticks, sizes in lots.

    Rates are in thousandths of actions a second, chances in thousandths. An action is one of the
    five kinds by its weight; takers excite all of them, a self-exciting flow with an exponential
    kernel: each brings `excite` thousandths of further actions, which fade with `fade_ms`.

    `makers` quote `layers` prices a side around the lagged fair price, `layer_gap` apart; their
    prices lean against what they hold, a tick for every `lean_lots` up to `lean_max`. Noise keeps
    up to `levels` orders a side: the i-th lies `gap` * i + `curve` * i * i / 1024 from the fair
    price, near ones (mean place `near`) stir most, and its mean size is `lots` and as much again
    every 1024 / `swell` places; some step in front of the best where that is further than `spread`
    from the other side. Takers execute in runs of one side. Informed
    ones trade against whom the unlagged price has passed by more than `edge`, momentum ones follow
    the middle once it is `chase` from its average.
    """

    rate: int
    maker_weight: int
    noise_weight: int
    taker_weight: int
    informed_weight: int
    momentum_weight: int
    excite: int
    fade_ms: int
    spread: int
    makers: int
    layers: int
    layer_gap: int
    lean_lots: int
    lean_max: int
    levels: int
    gap: int
    curve: int
    near: int
    swell: int
    lots: int  # mean of a resting order at the touch
    taker_lots: int  # mean of an aggressive one
    run: int  # chance that a run of one side doubles its length
    edge: int
    chase: int
    place: int = 700  # chance that a free place of the noise is filled
    withdrawn: int = 0  # 1: makers pull their quotes instead
    taker_side: int = -1  # a side that all takers are on, or -1


#: Accounts of each kind at a venue; the kinds come in the order of the weights.
CREW = 8
MAKERS, NOISE, TAKERS, INFORMED, MOMENTUM = range(5)
KINDS = 5

#: Limits of a listing's agents.
MAKERS_MAX = CREW
LAYERS_MAX = 16
LEVELS_MAX = 65_536
RUN_MAX = 256
#: Orders that one action pulls at most.
RETREAT_MAX = 16
LOTS_MAX = 1 << 40
#: Any other number: the most that keeps every product within 63 bits.
NUMBER_MAX = 1 << 30
#: Times the base rate that excitement may add.
EXCITEMENT_MAX = 20.0


def check(agents: Agents) -> Agents:
    """Return the agents; ValueError for numbers that the flow cannot hold."""
    least = {"rate": 1, "fade_ms": 1, "spread": 1, "lots": 1, "taker_lots": 1, "gap": 1, "near": 1}
    least |= {"lean_lots": 1, "layer_gap": 1, "levels": 1, "makers": 1, "layers": 1}
    most = {"makers": MAKERS_MAX, "layers": LAYERS_MAX, "levels": LEVELS_MAX, "taker_side": 1}
    most |= {"withdrawn": 1, "lots": LOTS_MAX, "taker_lots": LOTS_MAX, "lean_lots": LOTS_MAX}
    for name, value in agents._asdict().items():
        low = -1 if name == "taker_side" else least.get(name, 0)
        high = most.get(name, NUMBER_MAX)
        if not low <= value <= high:
            raise ValueError(f"{name} must lie between {low} and {high}, not {value}")
    if sum(agents[1 : 1 + KINDS]) == 0:
        raise ValueError("at least one kind of agent must have a weight")
    return agents
