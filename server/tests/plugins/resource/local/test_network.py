"""A job's network: what others reach of it (nothing), and what it reaches of others."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from plugins.resource.local.peers import (
    SERVERS,
    Service,
    ask,
    can_connect_to_name,
    network_of,
    own_address,
    reaches,
    service,
)
from plugins.resource.local.worlds import IS_ROOT, World
from user_workspaces.errors import SubmissionRejected
from user_workspaces.interfaces.values import EndedBy
from user_workspaces.plugins.resource.local import LocalResource, isolation
from user_workspaces.plugins.resource.local.isolation import describe_missing, server_addresses
from user_workspaces.plugins.resource.local.network import NAME_SERVER, without_loopback
from user_workspaces.plugins.resource.local.options import ConnectionDetails
from user_workspaces.testing.resource_contract import end_of
from user_workspaces.testing.waiting import eventually

possible = pytest.mark.skipif(bool(describe_missing()), reason=describe_missing() or "possible here")
rooted = pytest.mark.skipif(not IS_ROOT, reason="needs root")
REPOSITORY = Path(__file__).parents[5]


@pytest.fixture
def bystander() -> Iterator[Service]:
    """A service on loopback that jobs have no business with."""
    with service() as found:
        yield found


def run(world: World, text: str, resource: LocalResource | None = None) -> list[str]:
    """Run a job to its end; returns what it printed."""
    resource, spec = resource or world.resource(), world.spec(text)
    resource.submit(spec)
    end_of(resource, spec)
    return resource.log_tail(spec.key, lines=50).splitlines()


def reached_from_outside(world: World, resource: LocalResource) -> tuple[set[str], bool]:
    """Run servers in a job; returns the hosts at which they are reached, and whether their abstract socket is."""
    spec = world.spec(f"exec python3 {world.base}/servers.py $UWS_JOB_KEY")
    (world.base / "servers.py").write_text(SERVERS)
    resource.submit(spec)
    eventually(lambda: "reached from inside" in resource.log_tail(spec.key, lines=5))
    ports = (spec.working_directory / "ports").read_text().split()
    hosts = ["127.0.0.1", "::1", *filter(None, [own_address()])]
    return {host for host in hosts for port in ports if reaches(host, int(port), spec.key)}, can_connect_to_name(
        spec.key
    )


@possible
def test_nothing_that_a_job_opens_is_reached_from_outside(world: World) -> None:
    assert reached_from_outside(world, world.resource()) == (set(), False)


@rooted
def test_all_that_a_job_opens_is_reached_where_the_network_is_shared(world: World) -> None:
    """The control: the same job, the same callers."""
    hosts, by_name = reached_from_outside(world, world.resource(network="shared"))
    assert (hosts >= {"127.0.0.1", "::1"}, by_name) == (True, True)


@possible
def test_job_reaches_what_is_not_loopback(world: World) -> None:
    if not (address := own_address()):
        pytest.skip("this machine has no address but loopback")
    with service(address) as far:
        assert run(world, ask(*far.address)) == ["answered"]
    assert (far.heard, far.believed) == ([b"asked\n"], [False])  # no job passes for a trusted web server


@possible
def test_job_does_not_reach_the_loopback_of_the_machine(world: World, bystander: Service) -> None:
    ways = ("127.0.0.1", "localhost", "198.19.0.2", "198.19.0.3", "10.0.2.2", "0.0.0.0")  # noqa: S104  asked, not offered
    assert run(world, "".join(ask(host, bystander.address[1]) for host in ways)) == ["nothing"] * len(ways)
    assert bystander.heard == []


@possible
def test_job_reaches_the_server_at_its_own_address_and_nothing_beside_it(world: World, bystander: Service) -> None:
    with service() as server:
        resource = world.resource(server_url=f"http://localhost:{server.address[1]}")
        asked = (ask("localhost", server.address[1]), ask("127.0.0.1", server.address[1]), ask(*bystander.address))
        assert run(world, "".join(asked), resource) == ["answered", "answered", "nothing"]
    assert (server.heard, bystander.heard) == ([b"asked\n"] * 2, [])
    assert server.believed == [False, False]


@possible
def test_job_reaches_the_services_that_the_site_names(world: World, bystander: Service) -> None:
    with service() as named:
        resource = world.resource(loopback_services=(f"127.0.0.1:{named.address[1]}",))
        assert run(world, ask(*named.address) + ask(*bystander.address), resource) == ["answered", "nothing"]


@pytest.mark.parametrize(
    "service", ["127.0.0.1:99999", "127.0.0.1", "127.0.0.999:80", "10.0.0.1:80", "localhost:80", "[::1]:0", ""]
)
def test_invalid_loopback_service_is_refused(service: str) -> None:
    with pytest.raises(ValidationError, match="loopback_services"):
        ConnectionDetails(loopback_services=(service,))
    assert ConnectionDetails(loopback_services=("127.0.0.1:80", "[::1]:3128"))


@possible
def test_server_that_is_away_comes_back_for_the_same_job(world: World) -> None:
    with service() as server:
        port = server.address[1]
    resource = world.resource(server_url=f"http://127.0.0.1:{port}")
    spec = world.spec(f"{ask('127.0.0.1', port)} until [ -e back ]; do sleep 0.05; done; {ask('127.0.0.1', port)}")
    resource.submit(spec)
    eventually(lambda: resource.log_tail(spec.key, lines=5) == "nothing")
    with socket.create_server(("127.0.0.1", port)) as again:
        (spec.working_directory / "back").touch()
        peer, _ = again.accept()
        with peer:
            assert peer.recv(100) == b"asked\n"
            peer.sendall(b"again\n")
    end_of(resource, spec)
    assert resource.log_tail(spec.key, lines=5) == "nothing\nagain"


@possible
def test_two_jobs_of_one_user_do_not_share_a_network(world: World) -> None:
    one, other = (run(world, "readlink /proc/self/ns/net; echo $UWS_NETWORK; cat /proc/net/dev") for _ in range(2))
    assert one[0] != network_of(1) != other[0]
    assert one[1] == other[1] == "isolated"
    assert sorted(line.split(":")[0].strip() for line in one[4:]) == ["lo", "tap0"]


@rooted
def test_without_slirp4netns_jobs_run_and_health_names_the_command(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "STANDARD_PATH", "/nonexistent")
    resource = world.resource()
    health = resource.check()
    assert (health.connected, "`apt install slirp4netns`" in health.message) == (True, True)
    ran = run(world, "readlink /proc/self/ns/net; echo $UWS_NETWORK", resource)
    assert ran == [str(Path("/proc/self/ns/net").readlink()), "shared"]


@rooted
def test_job_that_must_be_isolated_is_refused_without_slirp4netns(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "STANDARD_PATH", "/nonexistent")
    resource = world.resource(network="isolated")
    assert not resource.check().connected
    with pytest.raises(SubmissionRejected, match="apt install slirp4netns"):
        resource.submit(world.spec())


@possible
def test_slirp4netns_failure_is_reported_and_the_job_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(isolation, "PROGRAM", "false")
        resource = world.resource()
        assert run(world, "echo $UWS_NETWORK", resource) == ["shared"]
        health = resource.check()
        assert (health.connected, "slirp4netns did not start" in health.message) == (True, True)
    assert run(world, "echo $UWS_NETWORK") == ["isolated"]
    assert world.resource().check().message == ""


@possible
def test_job_that_must_be_isolated_does_not_run_when_slirp4netns_does_not_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "PROGRAM", "false")
    resource, spec = world.resource(network="isolated"), world.spec("touch ran")
    resource.submit(spec)
    end = end_of(resource, spec)
    assert (end.ended_by, end.exit_code) == (EndedBy.EXIT, 126)
    assert end.reason == "The job could not be started as its owner: it would share this machine's network."
    assert not (spec.working_directory / "ran").exists()
    assert not resource.check().connected


@rooted
def test_site_may_have_jobs_share_the_network(world: World) -> None:
    resource = world.resource(network="shared")
    assert run(world, "echo $UWS_NETWORK", resource) == ["shared"]
    assert (resource.check().connected, resource.check().message) == (True, "")


def test_server_without_root_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 21_001)
    assert describe_missing() == "the server does not run as root."


@pytest.mark.skipif(IS_ROOT, reason="root may do all")
def test_jobs_of_a_server_without_root_share_the_network_and_health_says_so(world: World) -> None:
    assert run(world, "echo $UWS_NETWORK") == ["shared"]
    assert (world.resource().check().connected, describe_missing() in world.resource().check().message) == (True, True)


@pytest.mark.parametrize(
    ("url", "addresses"),
    [
        ("http://127.0.0.1:8000", [("127.0.0.1", 8000)]),
        ("http://[::1]:8000", [("::1", 8000)]),
        ("http://127.0.1.1", [("127.0.1.1", 80)]),
        ("https://127.0.0.1", [("127.0.0.1", 443)]),
        ("https://192.0.2.7", []),
        ("http://a name of nobody.invalid", []),
        ("", []),
    ],
)
def test_address_of_the_server_is_passed_on_where_it_is_loopback(url: str, addresses: list[tuple[str, int]]) -> None:
    assert server_addresses(url) == addresses


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("nameserver 10.0.0.1\nsearch a\n", "nameserver 10.0.0.1\nsearch a\n"),
        ("nameserver 127.0.0.53\noptions edns0\n", f"nameserver {NAME_SERVER}\noptions edns0\n"),
        ("nameserver ::1\nnameserver 10.0.0.1\n", f"nameserver {NAME_SERVER}\nnameserver 10.0.0.1\n"),
        ("search a\n", f"nameserver {NAME_SERVER}\nsearch a\n"),
        ("", f"nameserver {NAME_SERVER}\n"),
        ("nameserver\nnameserver 10.0.0.1\n", "nameserver\nnameserver 10.0.0.1\n"),
    ],
)
def test_name_servers_on_loopback_are_replaced(before: str, after: str) -> None:
    assert without_loopback(before) == after


@possible
def test_names_are_found_where_the_resolver_of_the_machine_is_on_loopback(world: World) -> None:
    """In a machine that sees another resolv.conf, whose resolver is at a loopback address."""
    (world.base / "resolv.conf").write_text("nameserver 127.45.83.7\n")
    program = Path(__file__).with_name("asking_for_names.py")
    command = 'mount --bind "$0/resolv.conf" /etc/resolv.conf && exec "$1" "$2" "$0"'
    ran = subprocess.run(
        ["unshare", "--mount", "sh", "-c", command, world.base, sys.executable, program],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY / "server" / "tests",
        env={"PYTHONPATH": f"{REPOSITORY}/server/tests:{REPOSITORY}/server/src", "PATH": "/usr/bin:/bin:/usr/sbin"},
    )
    assert ran.stdout.splitlines() == [f"nameserver {NAME_SERVER}", "192.0.2.77"], ran.stderr
