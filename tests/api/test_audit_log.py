"""The record of calls: a line each, in files that stay bounded and private."""

import stat

import orjson

from api.audit_log import AuditLog


def log(path, bytes_max=1 << 20, keep=2):
    return AuditLog(path, bytes_max, keep, lambda: 7)


def test_a_line_says_who_did_what_and_what_came_of_it(tmp_path):
    path = tmp_path / "logs" / "audit.jsonl"
    log(path).note("desk", "tcp", "halt", "/v1/risk/halt", b'{"reason": "\xff"}', "")
    assert orjson.loads(path.read_bytes()) == {
        "ts_ns": 7,
        "caller": "desk",
        "way": "tcp",
        "name": "halt",
        "target": "/v1/risk/halt",
        "body": '{"reason": "\ufffd"}',
        "refusal": "",
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_files_are_rotated_and_the_oldest_goes(tmp_path):
    path = tmp_path / "audit.jsonl"
    kept = log(path, 2_000, 2)
    for at in range(100):
        kept.note("desk", "tcp", str(at), "/", b"x" * 5_000, "")
    files = sorted(one.name for one in tmp_path.iterdir())
    assert files == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"]
    assert all(one.stat().st_size <= 2_000 for one in tmp_path.iterdir())
    assert orjson.loads(path.read_bytes().splitlines()[-1])["name"] == "99"


def test_a_line_that_cannot_be_written_is_counted_and_stops_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    kept = log(tmp_path / "file" / "audit.jsonl")
    for _ in range(3):
        kept.note("desk", "tcp", "halt", "/", b"", "")
    assert kept.missed == 3
