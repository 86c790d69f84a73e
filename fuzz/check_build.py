"""Fails unless the compiled modules come from this copy and carry the sanitizers."""

import sys
from pathlib import Path

COPY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(COPY))

import books.book  # noqa: E402
import market.scan  # noqa: E402


def main() -> int:
    """Return 0 when the sanitized modules are the ones that tests would import."""
    for module in (books.book, market.scan):
        path = Path(module.__file__)
        if COPY not in path.parents or b"__asan_init" not in path.read_bytes():
            sys.stderr.write(f"{module.__name__} is not the sanitized build: {path}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
