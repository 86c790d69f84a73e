"""Lines come out of files of any compression; damage ends a file after what was whole."""

import gzip

import pytest
import zstandard

from replay import lines as module
from replay.lines import RecordingError, lines

TEXT = [b"one", b"", b"three" * 100, b"last"]


def write(path, data: bytes):
    """Write plain bytes as the suffix of the path says."""
    if path.suffix == ".gz":
        data = gzip.compress(data)
    elif path.suffix == ".zst":
        data = zstandard.ZstdCompressor(write_checksum=True).compress(data)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("suffix", ["txt", "gz", "zst"])
@pytest.mark.parametrize("ended", [True, False])
def test_each_compression_gives_the_same_lines(tmp_path, suffix, ended):
    data = b"\n".join(TEXT) + (b"\n" if ended else b"")
    assert list(lines(write(tmp_path / f"a.{suffix}", data))) == TEXT


@pytest.mark.parametrize("suffix", ["txt", "gz", "zst"])
def test_an_empty_file_has_no_lines(tmp_path, suffix):
    assert list(lines(write(tmp_path / f"a.{suffix}", b""))) == []
    (tmp_path / f"b.{suffix}").write_bytes(b"")
    assert list(lines(tmp_path / f"b.{suffix}")) == []


def test_lines_longer_than_a_chunk_come_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_CHUNK", 7)
    assert list(lines(write(tmp_path / "a.zst", b"\n".join(TEXT)))) == TEXT


def until_damage(path) -> tuple[int, str]:
    """Return the number of lines before the damage, and the message."""
    count = 0
    try:
        for _ in lines(path):
            count += 1
    except RecordingError as error:
        return count, str(error)
    return count, ""


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_a_cut_file_gives_what_was_whole_and_then_says_so(tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(module, "_CHUNK", 4096)
    rows = b"".join(b"%d %d\n" % (at, at * at * 7919 % 1_000_003) for at in range(40_000))
    path = write(tmp_path / f"a.{suffix}", rows)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    count, message = until_damage(path)
    assert 0 < count < 40_000
    assert message.startswith(f"a.{suffix}: damaged or cut off")


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_flipped_bytes_are_found(tmp_path, suffix):
    rows = b"".join(b"%d\n" % (at * 7919 % 1_000_003) for at in range(20_000))
    path = write(tmp_path / f"a.{suffix}", rows)
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 2, len(data) // 2 + 64):
        data[at] ^= 0xA5
    path.write_bytes(bytes(data))
    _, message = until_damage(path)
    assert f"a.{suffix}: damaged" in message


def test_several_zstd_frames_follow_one_another(tmp_path):
    packed = zstandard.ZstdCompressor().compress
    (tmp_path / "a.zst").write_bytes(packed(b"one\ntwo\n") + packed(b"three\n"))
    assert list(lines(tmp_path / "a.zst")) == [b"one", b"two", b"three"]


def test_an_endless_line_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LINE_MAX", 100)
    monkeypatch.setattr(module, "_CHUNK", 64)
    (tmp_path / "a.txt").write_bytes(b"x" * 1000)
    assert "a line is longer than 100 bytes" in until_damage(tmp_path / "a.txt")[1]


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(lines(tmp_path / "none.gz"))
