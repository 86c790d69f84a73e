"""The key that halts trading: it asks once, so that a slip of the finger costs nothing."""

import time

from rich.text import Text

from api.client import DoorClient
from api.errors import DoorError

from .fields import printable

#: For so long what came of a key is shown.
_SHOWN_S = 5.0
_QUESTION = "halt trading and cancel every order?  y halts, any other key does not"


class HaltKey:
    """Takes keys; `note` is what the last line of the screen says about them, None for nothing."""

    def __init__(self, client: DoorClient) -> None:
        self._client = client
        self._asking = False
        self._note: Text | None = None
        self._until = 0.0

    def press(self, key: str) -> None:
        """Take one key: h asks, then y halts."""
        if self._asking:
            self._asking = False
            if key == "y":
                self._halt()
            else:
                self._say("trading goes on", "bold")
        elif key == "h":
            self._asking = True
            self._note = Text(_QUESTION, "bold reverse red")

    def note(self) -> Text | None:
        """Return what is to be said; the question stands until it is answered."""
        if not self._asking and time.monotonic() >= self._until:
            self._note = None
        return self._note

    def _halt(self) -> None:
        try:
            answer = self._client.command("halt", "key of the watch view")
        except DoorError as error:
            self._say(f"NOT HALTED: {error}", "bold reverse red")
            return
        if answer.get("accepted"):
            self._say("told to halt; the state of each world is above", "bold red")
        else:
            self._say(f"NOT HALTED: {printable(str(answer.get('reason')))}", "bold reverse red")

    def _say(self, text: str, style: str) -> None:
        self._note = Text(text, style)
        self._until = time.monotonic() + _SHOWN_S
