"""What the machine or the user may do to a daemon: each has a stated behaviour and a message."""

import contextlib
import resource
import time

import pytest
from msgspec.structs import replace

from books.grade import Grade
from cache.client import open_reader
from cache.l2_quote import Miss
from cache.l2_writer import L2Writer
from cli.main import main
from connectors.transport.clock import StampClock
from market.inputs import InputKind
from replay.native_reader import Recording
from sim.server.faults import Fault

from .process import DaemonProcess
from .running import Running, no_rule_broken, settings_for, until, verify

KIBIBYTE = 1 << 10
SECOND_NS = 10**9


@contextlib.contextmanager
def files_up_to(size):
    """Let no file of this process grow beyond a size, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def fill_a_segment(running):
    """Give the daemon commands until a new segment had to be opened."""
    recorder = running.daemon.recorder
    before = recorder.segment
    for _ in range(400):
        running.daemon.command("unheard", "x" * 4000)
        if recorder.segment > before or not recorder.recording:
            return
    raise AssertionError("no segment was filled")


async def test_a_full_disk_stops_the_recording_and_nothing_else(served, tmp_path):
    settings = settings_for(tmp_path, served.binance, served.coinbase)
    settings = replace(settings, recording=replace(settings.recording, segment_mb=1))
    async with Running(settings) as running:
        await running.live()
        with files_up_to(512 * KIBIBYTE):
            fill_a_segment(running)
            told = running.view.status()["recording"]
            assert told["state"].startswith("stopped: ")
            assert told["errors"] == 1
            versions = {name: book.version for name, book in running.books.items()}
            await until(
                lambda: all(book.version > versions[name] for name, book in running.books.items()),
                "news without a recording",
            )
            assert running.view.status()["recording"]["missed"] > 0
        await until(
            lambda: running.view.status()["recording"]["state"] == "on", "the next recording"
        )
        running.untouched(*running.books)
        no_rule_broken(served)
    assert len(Recording(tmp_path / "recordings").numbers) == 2
    done = verify(tmp_path / "recordings", open_ends=1)
    missed = running.last_status["recording"]["missed"]
    assert done.inputs >= running.last_status["inputs"] - missed


async def test_without_room_for_the_shared_quotes_the_daemon_runs_on_and_says_so(served, tmp_path):
    settings = settings_for(tmp_path, served.binance, served.coinbase)
    settings = replace(
        settings,
        recording=replace(settings.recording, segment_mb=1),
        l2=replace(settings.l2, slots=4096, depth=128),
    )
    with files_up_to(2048 * KIBIBYTE):
        async with Running(settings) as running:
            await running.live()
            told = running.view.status()["l2"]
    assert told["path"] in told["state"]
    assert not (tmp_path / "table.l2").exists()
    verify(tmp_path / "recordings")


async def test_a_table_that_cannot_be_made_is_named_and_nothing_else_suffers(served, tmp_path):
    settings = settings_for(tmp_path, served.binance, served.coinbase)
    path = tmp_path / "nowhere" / "table.l2"
    settings = replace(settings, l2=replace(settings.l2, path=str(path)))
    async with Running(settings) as running:
        await running.live()
        assert str(path) in running.view.status()["l2"]["state"]


async def test_the_table_of_another_daemon_is_left_alone(served, tmp_path):
    settings = settings_for(tmp_path, served.binance, served.coinbase)
    other = L2Writer(settings.l2.path, 4, 4, time.time_ns())
    async with Running(settings) as running:
        await running.live()
        assert "writes this table" in running.view.status()["l2"]["state"]
        assert (tmp_path / "table.l2").exists()
    assert (tmp_path / "table.l2").exists()
    other.close()


async def test_instruments_beyond_the_room_of_the_table_are_counted_once(served, tmp_path):
    settings = settings_for(tmp_path, served.binance, served.coinbase)
    settings = replace(settings, l2=replace(settings.l2, slots=2))
    async with Running(settings) as running:
        await running.live()
        versions = {name: book.version for name, book in running.books.items()}
        await until(
            lambda: all(book.version > versions[name] for name, book in running.books.items())
        )
        assert running.view.status()["l2"]["left_out"] == 3
        assert sum(running.readable(name) for name in running.books) == 2


@pytest.mark.parametrize("step_ns", [3600 * SECOND_NS, -SECOND_NS // 2], ids=["ahead", "back"])
async def test_a_step_of_the_clock_is_an_input_and_quotes_are_good_again(served, tmp_path, step_ns):
    step = [0]
    settings = settings_for(tmp_path, served.binance, served.coinbase)
    clock = StampClock(wall_ns=lambda: time.time_ns() + step[0])
    async with Running(settings, clock) as running:
        await running.live()
        await until(lambda: all(feed.offset for feed in running.daemon.feeds.values()), "offsets")
        step[0] = step_ns
        await until(lambda: running.daemon.node.clock_steps == 1, "the step")
        # Stamps follow a step ahead, and with them the offsets; a step back they never follow.
        assert running.daemon.feeds["binance"].offset.offset_ns == pytest.approx(
            -max(step_ns, 0), abs=SECOND_NS // 4
        )
        for name in running.books:
            await until(lambda name=name: running.readable(name), f"a quote of {name}")
        running.untouched(*running.books)
        no_rule_broken(served)
    verify(tmp_path / "recordings")
    entries = Recording(tmp_path / "recordings").part(1)
    inputs = [entry.input for entry in entries if entry.input is not None]
    steps = [at for at, item in enumerate(inputs) if item.kind is InputKind.CLOCK]
    assert len(steps) == 1
    assert inputs[steps[0]].number == pytest.approx(step_ns, abs=SECOND_NS // 4)
    stamps = [item.ts_recv for item in inputs]
    assert stamps == sorted(stamps)
    if step_ns > 0:
        # Both venues' offsets moved by as much, and are told before the next frame is judged.
        told = inputs[steps[0] + 1 : steps[0] + 3]
        assert [item.kind for item in told] == [InputKind.OFFSET] * 2
        assert {item.source for item in told} == {"binance.rest", "coinbase.rest"}


async def test_while_the_clock_is_back_silence_is_still_seen_and_readers_still_served(
    served, tmp_path
):
    """An hour back: node time goes on, so that a venue that says nothing is silent in time."""
    step = [0]
    settings = settings_for(tmp_path, served.binance, served.coinbase)
    venues = settings.venues
    settings = replace(
        settings, venues=replace(venues, binance=replace(venues.binance, silence_ms=300))
    )
    clock = StampClock(wall_ns=lambda: time.time_ns() + step[0])
    async with Running(settings, clock) as running:
        await running.live()
        step[0] = -3600 * SECOND_NS
        node = running.daemon.node
        await until(lambda: node.clock_steps == 1, "the step")
        before = node.now
        await until(lambda: node.now > before + SECOND_NS // 2, "node time going on")
        # Another process goes by the wall clock, which is an hour behind the node's.
        wall = open_reader(settings.l2.path)
        for name in running.books:
            await until(
                lambda name=name: (
                    not isinstance(wall.quote(name, SECOND_NS, time.time_ns() + step[0]), Miss)
                ),
                f"a quote of {name} by the wall clock",
            )
        served.binance.faults.order(Fault.DROP, "@depth", frames=10**6)
        await until(
            lambda: Grade.SILENT in Grade(node.l1.grade(0, running.daemon.clock.now_ns())),
            "silence",
        )
        wall.close()
    verify(tmp_path / "recordings")


async def test_a_port_in_use_is_named_and_nothing_is_left_behind(served, tmp_path):
    ports = f"sim: {{ports: {{binance: {served.binance.port}}}}}\n"
    with DaemonProcess(tmp_path / "run", ports) as daemon:
        assert (await daemon.ended())[0] == 1
        assert f"{served.binance.port}): address already in use" in daemon.told
        assert "changed by sim.ports.binance" in daemon.told
        assert not daemon.socket.exists()
        assert not daemon.table.exists()


def refused(folder, *arguments):
    """Run the daemon in this process, which it refuses before it connects; returns the code."""
    path = folder / "config.yaml"
    path.write_text(
        "version: 1\nmode: paper\n"
        f"recording: {{dir: {folder / 'recordings'}, segment_mb: 4}}\n"
        f"control: {{socket: {folder / 'door.sock'}}}\n"
        f"l2: {{path: {folder / 'table.l2'}}}\n"
        "log: {file: ''}\n"
    )
    code = main(["run", "--config", str(path), *arguments])
    assert not (folder / "table.l2").exists()
    return code


def test_a_folder_that_was_asked_for_and_cannot_be_recorded_into_ends_with_2(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    where = tmp_path / "file" / "recordings"
    assert refused(tmp_path, "--record", str(where)) == 2
    told = capsys.readouterr().err
    assert f"--record: cannot record into {where}: Not a directory" in told
    assert "a file stands in the way: choose another folder" in told
    assert not (tmp_path / "door.sock").exists()


async def test_without_a_folder_for_its_recording_the_daemon_runs_on_and_records_when_it_can(
    served, tmp_path
):
    settings = settings_for(tmp_path, served.binance, served.coinbase)
    folder = tmp_path / "recordings"
    folder.write_text("in the way")
    async with Running(settings) as running:
        await running.live()
        told = running.view.status()["recording"]
        assert told["state"].startswith(f"stopped: cannot record into {folder}: File exists")
        assert told["errors"] >= 1
        assert told["missed"] > 0
        folder.unlink()
        await until(lambda: running.view.status()["recording"]["state"] == "on", "the recording")
        missed = running.view.status()["recording"]["missed"]
        assert missed >= told["missed"]
        await until(lambda: running.daemon.node.inputs > missed + 50, "recorded inputs")
        running.untouched(*running.books)
    done = verify(folder)
    assert done.inputs == running.daemon.node.inputs - missed
    assert running.last_status["recording"]["errors"] == 1


async def test_the_recording_of_another_daemon_is_left_alone(served, tmp_path):
    settings = settings_for(tmp_path, served.binance, served.coinbase)
    async with Running(settings) as first:
        await first.live()
        other = settings_for(tmp_path / "other", served.binance, served.coinbase)
        (tmp_path / "other").mkdir()
        async with Running(replace(other, recording=settings.recording)) as second:
            await second.live()
            told = second.view.status()["recording"]["state"]
            assert "has a writer already" in told
            assert "stop the daemon that records there" in told
    verify(settings.recording.dir)


def test_a_door_that_cannot_be_opened_leaves_no_table_and_a_whole_recording(tmp_path, capsys):
    door = tmp_path / "door.sock"
    door.write_text("not a socket")
    assert refused(tmp_path) == 1
    told = capsys.readouterr().err
    assert f"{door}: stands there and is not a socket" in told
    assert "control.socket sets the path" in told
    assert door.read_text() == "not a socket"
    assert main(["replay", str(tmp_path / "recordings"), "--verify"]) == 0


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("modee: sim", "modee"),
        ("mode: live", "mode"),
        ("recording: {segment_mb: 0}", "recording.segment_mb"),
        ("venues: {binance: {silence_ms: soon}}", "venues.binance.silence_ms"),
    ],
)
def test_a_bad_configuration_is_named_by_its_path_and_ends_with_2(tmp_path, capsys, line, named):
    path = tmp_path / "config.yaml"
    path.write_text(f"version: 1\n{line}\n")
    assert main(["run", "--config", str(path)]) == 2
    assert named in capsys.readouterr().err
