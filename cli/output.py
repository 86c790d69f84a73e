"""What the verbs print: lines for people, JSON for programs."""

import json
import os
import sys
from typing import Any

from .settings import SettingsError
from .settings.problem import lines


def emit(text: str) -> None:
    """Print text; a reader that went away (`| head`) ends the output quietly."""
    # A file's name need be neither UTF-8 nor in the terminal's alphabet.
    encoding = sys.stdout.encoding or "utf-8"
    text = text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes standard output once more at its end: let that go nowhere.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def emit_json(data: Any) -> None:
    """Print data as indented JSON."""
    emit(json.dumps(data, indent=2, ensure_ascii=False))


def report_refusal(error: SettingsError, *, as_json: bool) -> int:
    """Print why a configuration was refused and return exit code 2.

    Every verb that reads the configuration ends with this on SettingsError.
    """
    if as_json:
        emit_json({"ok": False, "problems": [problem.as_dict() for problem in error.problems]})
        return 2
    count = len(error.problems)
    noun = "1 problem" if count == 1 else f"{count} problems"
    listed = "".join(f"  {line}\n" for line in lines(error.problems))
    sys.stderr.write(f"The configuration has {noun}:\n{listed}")
    return 2
