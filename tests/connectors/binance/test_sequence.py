"""Binance's sequence rules, line by line in the venue's own words."""

import pytest

from books.sequence import SequenceRule, Verdict
from connectors.binance.sequence import FuturesDepthRule, SpotDepthRule

APPLY, STALE, GAP = Verdict.APPLY, Verdict.STALE, Verdict.GAP

# (held, fresh, U, u) -> verdict; held is lastUpdateId while fresh, then the last u applied.
SPOT = {
    "u < lastUpdateId: ignore": (160, True, 150, 159, STALE),
    "u = lastUpdateId: nothing new": (160, True, 157, 160, STALE),
    "U <= lastUpdateId < u: straddles": (160, True, 157, 165, APPLY),
    "U = lastUpdateId + 1: follows": (160, True, 161, 165, APPLY),
    "U > lastUpdateId + 1: events were missed": (160, True, 162, 165, GAP),
    "U = previous u + 1: follows": (165, False, 166, 170, APPLY),
    "U <= previous u < u: overlaps, sizes are absolute": (165, False, 160, 170, APPLY),
    "u <= previous u: repeated": (165, False, 160, 165, STALE),
    "U > previous u + 1: events were missed": (165, False, 167, 170, GAP),
    "one id": (165, False, 166, 166, APPLY),
    "ids at the limit": (10**18 - 2, False, 10**18 - 1, 10**18 - 1, APPLY),
}
# (held, fresh, U, u, pu) -> verdict
FUTURES = {
    "drop u < lastUpdateId": (160, True, 150, 159, 149, STALE),
    "u = lastUpdateId is the first to process": (160, True, 150, 160, 149, APPLY),
    "U <= lastUpdateId <= u is the first to process": (160, True, 157, 165, 156, APPLY),
    "U > lastUpdateId cannot be the first": (160, True, 161, 165, 160, GAP),
    "the first event's pu does not count": (160, True, 157, 165, 1, APPLY),
    "pu = previous u: follows": (165, False, 170, 175, 165, APPLY),
    "pu > previous u: events were missed": (165, False, 170, 175, 169, GAP),
    "pu < previous u: events were missed": (165, False, 160, 175, 159, GAP),
    "U = previous u + 1 does not help": (165, False, 166, 170, 164, GAP),
    "u <= previous u: repeated": (165, False, 160, 165, 159, STALE),
    "no pu at all": (165, False, 166, 170, -1, GAP),
}


@pytest.mark.parametrize("name", SPOT)
def test_spot(name):
    """Spot judges by U and u against the id that the book holds."""
    held, fresh, first, last, verdict = SPOT[name]
    assert SpotDepthRule().judge(held, fresh, first, last) is verdict


@pytest.mark.parametrize("name", FUTURES)
def test_futures(name):
    """Futures judge the first event by U and u, the later ones by pu."""
    held, fresh, first, last, prev, verdict = FUTURES[name]
    assert FuturesDepthRule().judge(held, fresh, first, last, prev) is verdict


def test_a_channel_without_ids_takes_everything():
    """Where nothing is numbered nothing can be missing by number."""
    for held, first, last in ((0, 5, 9), (9, 1, 2), (-1, -1, -1)):
        assert SequenceRule().judge(held, False, first, last) is APPLY
