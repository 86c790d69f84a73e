"""A thread asks for short turns on the processor, and has its own again afterwards."""

import os
import platform
import re

import pytest

from cli import slices
from cli.slices import SLICE_NS, short_slices, slice_ns

release = tuple(map(int, re.findall(r"\d+", platform.release())[:2]))
understood = pytest.mark.skipif(
    platform.system() != "Linux" or release < (6, 12) or platform.machine() not in slices._CALLS,
    reason="the kernel does not know of turns",
)


@understood
def test_turns_are_short_within_the_block_and_as_before_afterwards():
    before = slice_ns()
    with short_slices() as refused:
        assert refused == ""
        assert slice_ns() == SLICE_NS != before
    assert slice_ns() == before


@understood
def test_turns_are_as_before_after_a_failure():
    before = slice_ns()
    with pytest.raises(ZeroDivisionError), short_slices():
        raise ZeroDivisionError
    assert slice_ns() == before


@understood
def test_a_policy_that_someone_chose_stays():
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    try:
        with short_slices() as refused:
            assert "policy" in refused
        assert os.sched_getscheduler(0) == os.SCHED_BATCH
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@understood
def test_a_length_that_the_kernel_refuses_is_bounded_or_named():
    with short_slices(1) as refused:
        assert refused or slice_ns() >= SLICE_NS


def test_on_another_machine_the_block_runs_and_the_reason_is_told(monkeypatch):
    monkeypatch.setattr(slices.platform, "machine", lambda: "abacus")
    ran = []
    with short_slices() as refused:
        ran.append(refused)
    assert len(ran) == 1
    assert "abacus" in ran[0]
