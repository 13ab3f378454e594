"""The capacity of the machine within the limits of control groups v1 and v2."""

import os
from pathlib import Path

import pytest

from user_workspaces.interfaces.capacity import Capacity
from user_workspaces.plugins.resource.local import LocalResource
from user_workspaces.plugins.resource.local.capacity import capacity_of_machine

CPUS = len(os.sched_getaffinity(0))
GIBIBYTE = 2**30
MEMORY = "MemTotal:       8388608 kB\nMemFree:        1 kB\n"
UNLIMITED = "9223372036854771712\n"
V2 = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = (
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 {top} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 {top} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
)


def machine(root: Path, files: dict[str, str], *, mounts: str, groups: str) -> Path:
    """Make the files that a machine would have."""
    proc = {"proc/meminfo": MEMORY, "proc/self/mountinfo": mounts, "proc/self/cgroup": groups}
    for name, text in (*proc.items(), *((f"sys/fs/cgroup/{name}", text) for name, text in files.items())):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_this_machine_has_something(resource: LocalResource) -> None:
    found = resource.capacity()
    assert found.cpus is not None
    assert 1 <= found.cpus <= CPUS
    assert found.memory_mb is not None
    assert 0 < found.memory_mb <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20


def test_without_limits_capacity_is_the_machine(tmp_path: Path) -> None:
    files = {"own/cpu.max": "max 100000\n", "own/memory.max": "max\n"}
    root = machine(tmp_path, files, mounts=V2, groups="0::/own\n")
    assert capacity_of_machine(root=root) == Capacity(CPUS, 8192)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a/b/cpu.max": "100000 100000\n", "a/b/memory.max": f"{GIBIBYTE}\n"}, Capacity(1, 1024)),
        ({"a/cpu.max": "50000 100000\n", "a/b/memory.max": "max\n", "memory.max": f"{GIBIBYTE}\n"}, Capacity(1, 1024)),
        ({"a/b/cpu.max": "1600000 100000\n", "a/b/memory.max": f"{64 * GIBIBYTE}\n"}, Capacity(CPUS, 8192)),
        ({"other/cpu.max": "100000 100000\n", "other/memory.max": "1\n"}, Capacity(CPUS, 8192)),
        ({"a/b/cpu.max": "", "a/b/memory.max": "much\n"}, Capacity(CPUS, 8192)),
    ],
)
def test_limits_of_the_unified_hierarchy(tmp_path: Path, files: dict[str, str], expected: Capacity) -> None:
    root = machine(tmp_path, files, mounts=V2, groups="0::/a/b\n")
    assert capacity_of_machine(root=root) == expected


@pytest.mark.parametrize(
    ("top", "group", "location"),
    [("/", "/a/b", "a/b/"), ("/docker/1", "/docker/1", ""), ("/docker/1", "/docker/1/a", "a/"), ("/x", "/y", "")],
)
def test_limits_of_the_first_version(tmp_path: Path, top: str, group: str, location: str) -> None:
    files = {
        f"cpu,cpuacct/{location}cpu.cfs_quota_us": "150000\n",
        f"cpu,cpuacct/{location}cpu.cfs_period_us": "100000\n",
        f"memory/{location}memory.limit_in_bytes": f"{GIBIBYTE}\n",
    }
    groups = f"4:memory:{group}\n2:cpu,cpuacct:{group}\n1:name=systemd:/\n0::/\n"
    root = machine(tmp_path, files, mounts=V1.format(top=top), groups=groups)
    assert capacity_of_machine(root=root) == Capacity(1, 1024)


def test_first_version_without_limits(tmp_path: Path) -> None:
    files = {
        "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        "memory/memory.limit_in_bytes": UNLIMITED,
    }
    root = machine(tmp_path, files, mounts=V1.format(top="/"), groups="4:memory:/\n2:cpu,cpuacct:/\n")
    assert capacity_of_machine(root=root) == Capacity(CPUS, 8192)


@pytest.mark.parametrize("groups", ["", "odd", "0::/../..\n", "::::\n"])
@pytest.mark.parametrize("mounts", ["", "odd - odd", "1 2 - cgroup2 x y\n", V2])
def test_odd_files_are_left_out(tmp_path: Path, groups: str, mounts: str) -> None:
    root = machine(tmp_path, {}, mounts=mounts, groups=groups)
    assert capacity_of_machine(root=root) == Capacity(CPUS, 8192)


def test_unreadable_files_leave_memory_unknown(tmp_path: Path) -> None:
    assert capacity_of_machine(root=tmp_path) == Capacity(CPUS, None)
