"""Fuzzes every target in turn: `python -m fuzz.soak SECONDS [TARGET …] [--random]`.

With atheris (the extra `fuzz`) libFuzzer chooses the inputs. It sees the coverage of the plain twin
that each input is also given to; the compiled side is not instrumented, so coverage guides through
the twin. With --random, or without atheris, inputs are mutated at random from the seeds and from
what the guided runs found. Under the sanitizers only that works: libFuzzer then sees no coverage.
Each target is a process of its own; an input that breaks it is kept under build/soak.
"""

import argparse
import os
import random
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

TARGET_NAMES = ("binance", "coinbase", "coinbase-exchange", "scanner", "book")
OUT = Path(os.environ.get("SOAK_OUT", "build/soak"))
INPUT_MAX = 4096


def mutated(rng: random.Random, seeds: list[bytes]) -> bytes:
    """Return a seed, or two spliced, with a few bytes changed, repeated, lost or added."""
    data = bytearray(rng.choice(seeds))
    if rng.random() < 0.3:
        other = rng.choice(seeds)
        data[rng.randrange(len(data) + 1) :] = other[rng.randrange(len(other) + 1) :]
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(data) + 1)
        size = rng.randrange(1, 9)
        pieces = (
            b"",
            rng.randbytes(size),
            bytes(data[at : at + size]) * 2,
            rng.choice((b'"', b"\\", b"{", b"]", b",", b"\0", b"9" * size, b"1e9", b"-", b" ")),
        )
        data[at : at + rng.choice((0, 1, size))] = rng.choice(pieces)
    return bytes(data[:INPUT_MAX])


def fuzz_at_random(name: str, seconds: float) -> int:
    """Mutate at random until the time is over; returns the number of inputs."""
    from fuzz.targets import SEEDS, TARGETS  # noqa: PLC0415 - the other way instruments it

    found = sorted((OUT / "corpus" / name).glob("*"))
    seeds = SEEDS[name] + [path.read_bytes() for path in found]
    rng = random.Random(f"soak {name}")  # noqa: S311 - the same inputs every time
    ends = time.monotonic() + seconds
    last = OUT / f"{name}.last"
    count = 0
    while time.monotonic() < ends:
        data = mutated(rng, seeds)
        # Written first: a sanitizer ends the process without a chance to tell.
        last.write_bytes(data)
        TARGETS[name](data)
        count += 1
    last.unlink(missing_ok=True)
    return count


def fuzz_guided(name: str, seconds: int) -> None:
    """Let libFuzzer choose the inputs; it ends the process."""
    import atheris  # noqa: PLC0415 - an extra

    # What is imported here is instrumented: the plain twins, the grid and the lenient reading.
    with atheris.instrument_imports(
        include=["connectors", "market", "books", "tests"], enable_loader_override=False
    ):
        from fuzz.targets import SEEDS, TARGETS  # noqa: PLC0415

    corpus = OUT / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(SEEDS[name]):
        (corpus / f"seed-{number}").write_bytes(data)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={INPUT_MAX}",
        f"-artifact_prefix={OUT / name}-",
        "-verbosity=0",
        "-print_final_stats=1",
        str(corpus),
    ]
    atheris.Setup([sys.argv[0], *options], TARGETS[name])
    atheris.Fuzz()


def soak(names: list[str], seconds: int, *flags: str) -> int:
    """Give each target its share of the time in a process of its own; 1 when one broke."""
    share = max(1, seconds // len(names))
    failed = []
    for name in names:
        sys.stdout.write(f"soak {name}: {share} s\n")
        sys.stdout.flush()
        command = [sys.executable, "-m", "fuzz.soak", str(share), name, "--here", *flags]
        if subprocess.run(command, check=False).returncode != 0:  # noqa: S603 - our own words
            failed.append(name)
    sys.stdout.write(f"broken: {', '.join(failed)}; inputs in {OUT}\n" if failed else "clean\n")
    return 1 if failed else 0


def main() -> int:
    """Run the soak, or with --here one target in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=int)
    parser.add_argument("targets", nargs="*", choices=(*TARGET_NAMES, []), default=[])
    parser.add_argument("--here", action="store_true", help="run one target in this process")
    parser.add_argument("--random", action="store_true", help="without atheris even if it is there")
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    names = options.targets or list(TARGET_NAMES)
    if not options.here:
        return soak(names, options.seconds, *(["--random"] if options.random else []))
    if find_spec("atheris") is None or options.random:
        sys.stdout.write(f"{fuzz_at_random(names[0], options.seconds)} inputs at random\n")
    else:
        fuzz_guided(names[0], options.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
