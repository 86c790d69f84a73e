"""The page on the recording format is true: the reader that it shows reads a recording."""

import re
from pathlib import Path

from market.digest import Digest
from market.inputs import InputKind
from replay.native_compress import Compressor
from replay.native_format import KIND_FINAL, KIND_SOURCE
from tests.recorded_world import feed, record

PAGE = (Path(__file__).parents[2] / "docs" / "format-recording.md").read_text()


def shown():
    """Return what the page's code defines."""
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
    defined = {}
    exec(compile(code, "page", "exec"), defined)
    return defined


def test_the_reader_of_the_page_gives_every_input_as_it_was(tmp_path):
    compressor = Compressor()
    record(tmp_path, feed(), segment_bytes=192 * 1024, compress=compressor)
    compressor.close(finish=True)
    assert len(list(tmp_path.glob("*.seg.zst"))) > 1
    assert len(list(tmp_path.glob("*.seg"))) >= 1
    assert list(shown()["inputs"](tmp_path)) == [tuple(item) for item in feed()]


def test_the_page_names_every_kind_of_input_and_of_record():
    rows = dict(re.findall(r"^\| (\d+) \| ([A-Z]+) \|", PAGE, re.MULTILINE))
    assert rows == {str(int(kind)): kind.name for kind in InputKind}
    assert f"{KIND_SOURCE:#x} | SOURCE" in PAGE
    assert f"{KIND_FINAL:#x} | FINAL" in PAGE


def test_the_digest_of_the_page_is_ours():
    """The four lines of the page, worked off by hand."""
    mask, digest, ours = (1 << 64) - 1, 0, Digest()
    for word in (0, 1, -1, 1 << 62):
        z = ((digest + 0x9E3779B97F4A7C15) & mask) ^ (word & mask)
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & mask
        digest = z ^ z >> 31
        ours.add(word)
    assert int(ours) == digest
    for number in ("0x9E3779B97F4A7C15", "0xBF58476D1CE4E5B9", "0x94D049BB133111EB"):
        assert number in PAGE
