"""What `crossquote run` makes of its options before anything starts."""

from dataclasses import replace as changed

from msgspec.structs import replace

from cli.run import _before, _with_strategies
from cli.settings import Settings, load
from cli.settings.trading import StrategySettings


def with_trading(settings, **changes):
    return replace(settings, trading=replace(settings.trading, **changes))


def test_strategies_of_the_command_line_come_to_those_of_the_configuration_once_each():
    loaded = load(None, {})
    known = StrategySettings(name="xemm", keys={"size": "0.5"})
    loaded = changed(loaded, settings=with_trading(loaded.settings, strategies=(known,)))
    found = _with_strategies(loaded, ["glft", "xemm", "glft"]).settings.trading.strategies
    assert found == (known, StrategySettings(name="glft"))
    assert _with_strategies(loaded, []).settings == loaded.settings


def test_with_venues_that_begin_anew_trading_begins_anew_too(tmp_path):
    given = Settings(version=1)
    recording = replace(given.recording, dir=str(tmp_path))
    strategies = (StrategySettings(name="xemm"),)
    trading = with_trading(replace(given, recording=recording), strategies=strategies)
    assert _before(trading).why == "the simulated venues begin anew"
    assert not _before(trading).lost
    elsewhere = replace(trading, sim=replace(trading.sim, start=False))
    assert _before(elsewhere).why == "there is no recording"
    assert _before(given).why == ""
