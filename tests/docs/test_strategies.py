"""The page about strategies names every strategy, and every key with its default."""

import re
from pathlib import Path

import pytest

from arb.quoting.model import MODELS
from arb.schedule.make import SCHEDULES
from arb.strategy import spec
from arb.strategy.spec import STRATEGIES, StrategySpec, check

PAGE = (Path(__file__).parents[2] / "docs" / "strategies.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}
_ROW = re.compile(r"^\| (`[^|]+`) \| ([^|]+) \|", re.MULTILINE)


def keys_of(section):
    """Return the keys of a section's table with their defaults where these are texts."""
    found = {}
    for names, defaults in _ROW.findall(section):
        listed = re.findall(r"`(\w+)`", names)
        given = re.findall(r"^`([^`]+)`|, `([^`]+)`$", defaults.strip())
        texts = ["".join(one) for one in given]
        found |= dict(zip(listed, texts + [""] * len(listed), strict=False))
    return found


def sections(name):
    """Return the titles of the sections in which a strategy's keys stand."""
    own = [title for title in SECTIONS if f"`{name}`" in title]
    shared = []
    if name == "xemm" or name in MODELS:
        shared.append("What all of them keep to")
    if name in ("xemm", "arbitrage"):
        shared.append("Keys of a hedge")
    return own, shared


class Asked(dict):
    """Keys that a builder asked for."""

    def __init__(self):
        super().__init__()
        self.names = set()

    def pop(self, key, *default):
        self.names.add(key)
        return super().pop(key, *default)

    def __contains__(self, key):
        self.names.add(key)
        return super().__contains__(key)


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_page_has_exactly_the_keys_of_a_strategy(name):
    own, shared = sections(name)
    assert len(own) == 1, f"{name} has no section of its own"
    written = set()
    for title in (*own, *shared):
        written |= set(keys_of(SECTIONS[title]))
    if name in SCHEDULES and name != "vwap":
        written -= {"profile", "period_s"}
    asked = Asked()
    spec._BUILDERS[name](spec.StrategySpec(name), (0, 1, 2), asked)
    assert written == asked.names


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_defaults_on_the_page_are_values_that_the_strategy_takes(name):
    own, shared = sections(name)
    given = {}
    for title in (*own, *shared):
        given |= keys_of(SECTIONS[title])
    if name != "vwap":
        given = {key: value for key, value in given.items() if key not in ("profile", "period_s")}
    if name == "pov":
        del given["participation"]  # its default is the second one of the row
    # A default that refers to another key, or is none, is words.
    texts = {key: value for key, value in given.items() if value and value not in given}
    assert len(texts) > 3
    check(StrategySpec(name, (), tuple(texts.items())))
