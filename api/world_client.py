"""The client of the simulated venues' control door."""

from typing import Any

import orjson

from .client import DoorClient


class WorldClient(DoorClient):
    """Asks the simulated venues whose door is at `path`; see `api.world_view.WorldView`."""

    def spell(self) -> dict[str, Any]:
        """Return the newest fault; DoorReplyError before the first."""
        return self._object("GET", "/spell")

    def truth(self) -> list[dict[str, Any]]:
        """Return the truth so far."""
        return self._rows("/truth")

    def watch(self, venue: str) -> dict[str, Any]:
        """Begin to take down the truth."""
        return self._object("POST", "/watch", orjson.dumps({"venue": venue}))

    def unwatch(self) -> dict[str, Any]:
        """Forget the truth."""
        return self._object("POST", "/unwatch")

    def fault(self, venue: str, given: dict[str, Any]) -> dict[str, Any]:
        """Begin a fault."""
        return self._object("POST", "/fault", orjson.dumps({"venue": venue, **given}))
