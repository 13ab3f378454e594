"""The output of commands: while they run, and within bounds."""

from plugins.job_type.reana_workflow.worlds import LIMIT_SECONDS, World
from user_workspaces.testing.waiting import eventually

MEGABYTE = 1 << 20


def test_output_is_there_while_the_command_runs(world: World) -> None:
    world.plan("echo out; echo err >&2; until [ -e go ]; do sleep 0.05; done; echo end")
    runner = world.start()
    logs = world.state / "logs"
    eventually(lambda: [path.read_bytes() for path in logs.glob("*")] == [b"out\nerr\n"], limit_seconds=LIMIT_SECONDS)
    (world.workspace / "go").touch()
    assert world.outcome(runner) == (0, "")
    assert world.log() == b"out\nerr\nend\n"


def test_hundred_megabytes_of_output_are_bounded_and_the_gap_is_reported(world: World) -> None:
    total = 100 * MEGABYTE
    world.plan(f"echo first; head -c {total} /dev/zero | tr '\\0' x; echo; echo last")
    assert world.run("--log-bytes", str(2 * MEGABYTE)) == (0, "")
    log = world.log()
    assert len(log) <= 2 * MEGABYTE + 200
    assert (log.startswith(b"first\nxxx"), log.endswith(b"x\nlast\n"), log.count(b"[...")) == (True, True, 1)
    omitted = int(log.partition(b"[... ")[2].split()[0])
    note = len(f"\n[... {omitted} bytes of output omitted ...]\n")
    assert len(log) - note + omitted == len("first\n") + total + len("\nlast\n")


def test_output_of_any_bytes_is_kept_as_it_is(world: World) -> None:
    world.plan("printf '\\000\\377\\r\\033[31m'")
    assert world.run() == (0, "")
    assert world.log() == b"\x00\xff\r\x1b[31m"


def test_output_that_the_disk_does_not_take_costs_the_output_only(world: World) -> None:
    world.plan("head -c 3000000 /dev/zero; touch done")
    runner = world.start_dying(2, when="before")  # so the uuid is known before the first start
    world.outcome(runner)
    (world.state / "logs").mkdir(exist_ok=True)
    log = world.state / "logs" / f"{world.read().steps[0].uuid}.log"
    log.unlink(missing_ok=True)
    assert world.run("--log-bytes", "1") == (0, "")
    assert (log.stat().st_size <= MEGABYTE, (world.workspace / "done").exists()) == (True, True)
