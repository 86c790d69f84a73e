"""Builds the compiled extensions; everything else stands in pyproject.toml.

Switches, all environment variables, all off by default:
CROSSQUOTE_NATIVE=1        tune for the processor of this machine (the result does not travel);
CROSSQUOTE_SANITIZE=1      address and undefined-behaviour sanitizers (see `make sanitize`);
CROSSQUOTE_ANNOTATE=1      Cython's HTML annotation beside the generated C.
CROSSQUOTE_JOBS=N          compile so many files at a time (default: one a processor).
"""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

ROOMS = ("market", "books", "connectors", "cache", "engine", "arb", "replay", "sim", "api")

# Floating-point contraction would make a result depend on the compiler's mood.
compile_args = ["-O3", "-ffp-contract=off", "-Wno-unused-function"]
link_args: list[str] = []
# The engine is one function in many files: without this the compiler stops inlining halfway, which
# costs a tenth of its speed.
room_args = {
    "engine": [
        "--param=inline-unit-growth=400",
        "--param=large-function-growth=2000",
        "--param=large-function-insns=20000",
    ]
}
if os.environ.get("CROSSQUOTE_NATIVE") == "1":
    compile_args.append("-march=native")
if os.environ.get("CROSSQUOTE_SANITIZE") == "1":
    sanitize = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
    compile_args += [*sanitize, "-O1", "-g", "-fno-omit-frame-pointer"]
    link_args += sanitize

jobs = int(os.environ.get("CROSSQUOTE_JOBS", os.cpu_count() or 1))
sources = sorted(path for room in ROOMS for path in Path(room).rglob("*.pyx"))
setup(
    ext_modules=cythonize(
        [
            Extension(
                ".".join(path.with_suffix("").parts),
                [path.as_posix()],
                extra_compile_args=[*compile_args, *room_args.get(path.parts[0], [])],
                extra_link_args=link_args,
            )
            for path in sources
        ],
        build_dir="build/cython",
        annotate=os.environ.get("CROSSQUOTE_ANNOTATE") == "1",
        nthreads=jobs,
        compiler_directives={
            "language_level": 3,
            "boundscheck": False,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": False,
        },
    ),
    # pip compiles one after another otherwise.
    options={"build_ext": {"parallel": jobs}},
)
