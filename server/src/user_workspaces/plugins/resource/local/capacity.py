"""The processors and the memory for a job: those of the machine within the server's own limits."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from user_workspaces.interfaces.capacity import Capacity

KIBIBYTE, MEBIBYTE = 2**10, 2**20
UNIFIED = ""
"""The controllers field of cgroup v2 in `/proc/self/cgroup`, which is empty."""


def capacity_of_machine(*, root: Path = Path("/")) -> Capacity:
    """Return the server's own limits, without those that cannot be read. Reads a few small files."""
    # The affinity mask, not the number of processors: taskset(1) and cpusets limit the server by it.
    cpus = [len(os.sched_getaffinity(0)), *_quotas(root)]
    memory = [*_total_memory(root), *_memory_limits(root)]
    return Capacity(cpus=min(cpus), memory_mb=min(memory) // MEBIBYTE if memory else None)


def _total_memory(root: Path) -> Iterator[int]:
    with suppress(OSError, ValueError, IndexError):
        for line in (root / "proc/meminfo").read_text().splitlines():
            if line.startswith("MemTotal:"):
                yield int(line.split()[1]) * KIBIBYTE


def _memory_limits(root: Path) -> Iterator[int]:
    """Yield the memory limits of all control groups above this process, in bytes; v1 has a huge number for none."""
    for folder in _groups(root, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            with suppress(OSError, ValueError):  # `max`: unlimited
                yield int((folder / name).read_text())


def _quotas(root: Path) -> Iterator[int]:
    """Yield the CPU limits of all control groups above this process; a fraction of a processor counts as one."""
    for folder in _groups(root, "cpu"):
        with suppress(OSError, ValueError):
            quota, period = (folder / "cpu.max").read_text().split()
            yield max(1, int(quota) // int(period))
        with suppress(OSError, ValueError):
            quota, period = ((folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
            if int(quota) > 0:  # -1: unlimited
                yield max(1, int(quota) // int(period))


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Yield the folders of this process's control groups, up to the highest one that is mounted."""
    with suppress(OSError, ValueError):
        own = _own_groups((root / "proc/self/cgroup").read_text())
        for line in (root / "proc/self/mountinfo").read_text().splitlines():
            # The number of optional fields before " - " varies, so fields are counted on each side of it.
            before, _, after = line.partition(" - ")
            kind, _, options = after.split(" ", maxsplit=2)
            key = UNIFIED if kind == "cgroup2" else controller
            if kind in {"cgroup", "cgroup2"} and key in own and (not key or key in options.split(",")):
                top, mounted_at = before.split(" ")[3:5]
                location = root / mounted_at.lstrip("/")
                below = _below(own[key], top)
                yield location / below
                yield from (location / parent for parent in below.parents if parent != below)  # their limits hold, too


def _own_groups(text: str) -> dict[str, PurePosixPath]:
    """Return the path of the process's group by controller."""
    lines = (line.split(":", maxsplit=2) for line in text.splitlines())
    return {name: PurePosixPath(path) for _, names, path in lines for name in names.split(",")}


def _below(group: PurePosixPath, top: str) -> PurePosixPath:
    """Return the path of a group relative to the mounted one; a group outside of it counts as the mounted one."""
    if ".." in group.parts or not group.is_relative_to(top):
        return PurePosixPath()
    return group.relative_to(top)
