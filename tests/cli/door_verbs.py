"""Runs a verb that speaks to a daemon, as the command line does."""

import argparse
import asyncio
import importlib


def run_verb(name, *words):
    """Return the exit code of a verb; SystemExit where argparse ends it."""
    module = importlib.import_module(f"cli.{name.replace('-', '_')}")
    parser = argparse.ArgumentParser(prog=f"crossquote {name}")
    parser.set_defaults(verb=name)
    module.configure(parser)
    return module.run(parser.parse_args([str(word) for word in words]))


async def run_beside(name, *words):
    """Run a verb in a thread, beside the loop that serves the door."""
    return await asyncio.to_thread(run_verb, name, *words)
