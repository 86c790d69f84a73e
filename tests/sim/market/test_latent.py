"""Values and premiums: the same for the same seed, drawn to where they belong, and bounded."""

from itertools import pairwise

from sim.market.latent import HISTORY, Asset, AssetSpec, Premium, PremiumSpec

VALUE = 10**12


def run(spec, steps, seed=1):
    asset = Asset(spec, seed)
    values = []
    for _ in range(steps):
        asset.step()
        values.append(asset.value(0))
    return asset, values


def test_a_value_stands_still_between_moves_and_counts_for_how_long():
    asset = Asset(AssetSpec("X", VALUE, step_ppm=50.0), 1)
    still, before = 0, VALUE
    moves = 0
    for _ in range(2000):
        asset.step()
        still = 0 if asset.value(0) != before else still + 1
        moves += still == 0
        before = asset.value(0)
        assert asset.still_steps == still
    assert 140 < moves < 260  # one in ten


def test_a_lag_reads_an_older_value_as_far_as_they_are_known():
    asset, values = run(AssetSpec("X", VALUE, step_ppm=50.0), 200)
    assert [asset.value(lag) for lag in (0, 1, 7)] == [values[-1], values[-2], values[-8]]
    assert asset.value(HISTORY + 50) == values[-1 - HISTORY]


def test_the_same_seed_gives_the_same_values_and_another_one_others():
    spec = AssetSpec("X", VALUE, step_ppm=50.0)
    assert run(spec, 100)[1] == run(spec, 100)[1] != run(spec, 100, seed=2)[1]


def test_a_value_is_drawn_to_its_target_and_back_once_released():
    asset = Asset(AssetSpec("X", VALUE, step_ppm=0.0, pull_ppm=10_000), 1)
    asset.aim(VALUE // 2, 50_000)
    for _ in range(400):
        asset.step()
    assert abs(asset.value(0) - VALUE // 2) < VALUE // 1000
    asset.release()
    for _ in range(1000):
        asset.step()
    assert abs(asset.value(0) - VALUE) < VALUE // 1000


def test_a_trend_turns_so_that_no_value_runs_away():
    spec = AssetSpec("X", VALUE, step_ppm=5.0, trend_ppm=100.0, turn_steps=500)
    _, values = run(spec, 1000)
    assert values[499] > VALUE * 1.003
    assert values[999] < values[499] * 0.998


def test_calm_and_wild_times_of_a_value_cluster():
    """The sizes of moves, a second each, go with those of the second before."""
    _, values = run(AssetSpec("X", VALUE, step_ppm=50.0, move_permille=1000), 40_000)
    sizes = [abs(b - a) for a, b in zip(values[::20], values[20::20], strict=False)]
    mean = sum(sizes) / len(sizes)
    together = sum((a - mean) * (b - mean) for a, b in pairwise(sizes))
    assert together > 0.05 * sum((size - mean) ** 2 for size in sizes)


def test_a_premium_jumps_goes_again_and_says_when_it_changed():
    premium = Premium(PremiumSpec(noise_ppm=20.0, jump_ppm=1000.0, jump_interval_s=2.0), "x", 3)
    before, changed, seen = 0, 0, []
    for _ in range(20_000):
        told = premium.step()
        assert told == (premium.ppm != before)
        before = premium.ppm
        changed += told
        seen.append(abs(premium.ppm))
    assert max(seen) > 2000
    assert sorted(seen)[len(seen) // 2] < 1000
    assert 0.02 < changed / len(seen) < 0.2
