"""`crossquote completion`: the script with which a shell completes the command line."""

import argparse

import shtab

from .main import VERBS, full_parser
from .output import emit

SHELLS = ("bash", "zsh", "fish")
_EXAMPLES = """examples:
  crossquote completion bash > ~/.local/share/bash-completion/completions/crossquote
  crossquote completion zsh > ~/.zfunc/_crossquote        (with fpath+=~/.zfunc in .zshrc)
  crossquote completion fish > ~/.config/fish/completions/crossquote.fish

The script knows the verbs and options of the version that printed it: print it again after an
upgrade.
exit codes: 0 printed, 2 wrong usage
"""
#: Options whose argument is a file or a folder.
_FILES = (
    "--config",
    "--instruments",
    "--record",
    "--report",
    "--resume",
    "--sim-socket",
    "--socket",
    "--tls",
    "--write",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    parser.add_argument("shell", choices=SHELLS, help="the shell that is to complete")


def run(args: argparse.Namespace) -> int:
    """Print the script; returns 0."""
    emit(script(args.shell))
    return 0


def script(shell: str) -> str:
    """Return the script for a shell, with every verb of `VERBS` and all their options."""
    parser = full_parser()
    for verb in verbs_of(parser).values():
        for action in verb._actions:
            if set(action.option_strings) & set(_FILES) or action.metavar == "DIR":
                action.complete = shtab.FILE  # type: ignore[attr-defined]
            # shtab takes every positional with a dict of choices for one of parsers.
            if isinstance(action.choices, dict):
                action.choices = tuple(action.choices)
    found = shtab.complete(parser, shell)
    assert isinstance(found, str)
    assert all(name in found for name in VERBS)
    return found


def verbs_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of the verbs by name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise ValueError("the parser has no verbs")
