#!/usr/bin/env bash
# Runs the tests of the compiled core under the address and undefined-behaviour sanitizers, or
# `python ARGUMENTS…` where arguments are given.
# Everything happens in a copy of the tree under build/sanitize: the normal build stays as it is.
# Needs gcc with its sanitizer libraries (Debian: they come with gcc) and the .venv of `make setup`.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
python=$root/.venv/bin/python
copy=$root/build/sanitize

asan=$("${CC:-gcc}" -print-file-name=libasan.so)
ubsan=$("${CC:-gcc}" -print-file-name=libubsan.so)
for library in "$asan" "$ubsan"; do
  [[ -e $library ]] || { echo "sanitizer library missing: $library (apt-get install gcc)"; exit 1; }
done

mkdir -p "$copy"
# tar keeps the times of files, so that only what changed is compiled again.
tar -cf - --exclude='*.so' --exclude='*.c' --exclude=__pycache__ --exclude=./build --exclude=./.venv \
  --exclude=./.git --exclude=./.hypothesis --exclude='./.*_cache' . | tar -xf - -C "$copy"
# The C that Cython wrote for the normal build serves this one too.
mkdir -p "$copy/build"
cp -rp build/cython "$copy/build/"
cd "$copy"
CROSSQUOTE_SANITIZE=1 "$python" setup.py --quiet build_ext --inplace

# Freed and overread bytes objects are seen only when Python takes each from malloc.
export PYTHONMALLOC=malloc LD_PRELOAD="$asan $ubsan"
export ASAN_OPTIONS=detect_leaks=0:halt_on_error=1:abort_on_error=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export CROSSQUOTE_FEEDS="${CROSSQUOTE_FEEDS:-$root/../shared/feeds}"
"$python" fuzz/check_build.py
[[ $# -gt 0 ]] && exec "$python" "$@"

tests=()
for path in tests/connectors/test_decode*.py tests/connectors/test_fuzz*.py tests/books \
  tests/market/test_scan.py tests/market/test_frame.py tests/market/test_frame_fill.py tests/market/test_digest.py \
  tests/cache/test_l1.py tests/cache/test_l2_table.py tests/cache/test_l2_misses.py \
  tests/cache/test_l2_round_trip.py tests/cache/test_intake.py tests/cache/test_publisher.py tests/cache/test_tape.py \
  tests/connectors/transport/test_gate.py tests/connectors/transport/test_splitter.py \
  tests/market/test_histogram.py tests/market/test_probe.py \
  tests/replay/test_segment_core.py tests/replay/test_input_log.py \
  tests/replay/test_frame_path.py tests/replay/test_book_log.py tests/sim/exchange tests/sim/market/test_flow.py \
  tests/sim/simtest/test_parts.py tests/engine tests/arb/test_sight.py tests/arb/quoting \
  tests/arb/risk tests/arb/paper/test_mirror.py tests/arb/strategy/test_single.py \
  tests/api/test_fan.py tests/api/test_spell.py tests/api/test_market_text.py; do
  [[ -e $path ]] && tests+=("$path")
done

# Memory that the sanitizer keeps back after it was freed would look like a leak.
exec "$python" -m pytest -q -n 2 --dist loadfile -p fuzz.small -p no:cacheprovider -k "not leak" "${tests[@]}"
