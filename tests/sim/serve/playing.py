"""A player that runs beside a test."""

import asyncio
from contextlib import asynccontextmanager

from sim.serve.player import Player


@asynccontextmanager
async def serving(sources, speed=None):
    """Serve recordings, at full speed unless told; yields the player and its task."""
    player = Player(sources, speed)
    player.scan()
    await player.start({})
    playing = asyncio.create_task(player.run())
    try:
        yield player, playing
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        await player.stop()
