"""A hundred cut connections in less than a minute: everything comes back, and no rule is broken."""

import asyncio

from .running import Running, no_rule_broken, settings_for, verify, world

CUTS = 100
PAUSE_S = 0.05


async def test_a_hundred_forced_disconnects_are_survived_within_the_venues_rules(tmp_path):
    """The venues count: connections, messages, REST weight and requests, as real ones limit them.

    A connection is cut as soon as it is seen, by turns in order and without a word, so that the
    daemon is always about to reconnect at both venues; its own pacers hold it back.
    """
    async with world() as served:
        settings = settings_for(tmp_path, served.binance, served.coinbase)
        async with Running(settings) as running:
            await running.live()
            cut = {}
            while len(cut) < CUTS:
                for venue in (served.binance, served.coinbase):
                    cut.update(dict.fromkeys(venue.clients))
                    venue.disconnect_all(abrupt=bool(len(cut) % 2))
                await asyncio.sleep(PAUSE_S)
            await running.live()
        no_rule_broken(served)
        assert served.binance.counts.connections + served.coinbase.counts.connections > CUTS
    verify(tmp_path / "recordings")
