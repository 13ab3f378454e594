"""The log of a job stays bounded and keeps its end."""

from plugins.resource.local.worlds import World
from user_workspaces.testing.resource_contract import end_of


def test_log_of_a_talkative_job_stays_bounded_and_keeps_its_end(world: World) -> None:
    resource, most = world.resource(max_log_bytes=64 * 1024), 64 * 1024
    spec = world.spec("for i in $(seq 50000); do echo line $i; done")
    resource.submit(spec)
    end_of(resource, spec)
    assert (world.state(spec.key).folder / "log").stat().st_size <= most
    assert resource.log_tail(spec.key, lines=1) == "line 50000"


def test_log_that_pretends_to_be_huge_is_trimmed(world: World) -> None:
    resource = world.resource(max_log_bytes=64 * 1024)
    spec = world.spec("truncate --size 1T /dev/stdout; echo end")
    resource.submit(spec)
    assert end_of(resource, spec).exit_code == 0
    assert (world.state(spec.key).folder / "log").stat().st_size <= 64 * 1024
    assert resource.log_tail(spec.key, lines=1) == "end"
