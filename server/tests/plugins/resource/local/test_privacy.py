"""Files of jobs are readable by their owner only, or by the group if so configured."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from plugins.resource.local.worlds import IS_ROOT, World, make_user
from user_workspaces.plugins.resource.local.options import ConnectionDetails
from user_workspaces.testing.resource_contract import end_of

SECRET = "the answer is 42"
HISTORY = ".ipython/profile_default/history.sqlite"
WRITE = f"""
umask
mkdir -p "$HOME/$(dirname {HISTORY})" out
echo '{SECRET}' | tee "$HOME/{HISTORY}" out/result.txt > /dev/null
"""
needs_root = pytest.mark.skipif(not IS_ROOT, reason="needs two accounts")


@pytest.fixture
def home(world: World) -> Path:
    """A home that is open to others, as they were made before: the mode of the files has to do."""
    home = world.base / "home"
    home.mkdir(mode=0o755)
    os.chown(home, make_user().uid, make_user().gid)
    return home


def modes_below(top: Path) -> set[int]:
    return {stat.S_IMODE(path.lstat().st_mode) for path in top.rglob("*")}


def read_as(uid: int, gid: int, path: Path) -> str:
    """Return what an account reads of a file; empty where it is refused."""
    tried = subprocess.run(
        ["cat", path], check=False, capture_output=True, text=True, user=uid, group=gid, extra_groups=[]
    )
    return tried.stdout


def run(world: World, home: Path, umask: str | None) -> tuple[Path, Path, Path]:
    """Run a job that writes a history and a result; return both, and the job's directory."""
    resource = world.resource() if umask is None else world.resource(umask=umask)
    spec = world.spec(WRITE, environment=[("HOME", str(home))])
    spec.working_directory.chmod(0o755)
    resource.submit(spec)
    assert end_of(resource, spec).exit_code == 0
    return home / HISTORY, spec.working_directory / "out" / "result.txt", resource.job_directory(spec.key)


@pytest.mark.root
@needs_root
@pytest.mark.parametrize(
    ("umask", "modes", "group_reads"),
    [
        (None, {0o700, 0o600}, False),
        ("077", {0o700, 0o600}, False),
        ("027", {0o750, 0o640}, True),
        ("007", {0o770, 0o660}, True),
    ],
)
def test_another_account_reads_nothing_that_a_job_wrote(
    world: World, home: Path, umask: str | None, modes: set[int], *, group_reads: bool
) -> None:
    world.base.chmod(0o755)
    *written, directory = run(world, home, umask)
    stranger, member = make_user(21_900), make_user()
    for path in written:
        assert path.read_text().strip() == SECRET
        assert read_as(stranger.uid, stranger.gid, path) == ""
        assert (read_as(stranger.uid, member.gid, path).strip() == SECRET) == group_reads
    assert modes_below(home) | modes_below(written[1].parent) == modes
    assert modes_below(directory) <= {0o700, 0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


@pytest.mark.parametrize("umask", ["022", "000", "0", "077 ", "77", "0077", "177", "023", "026", "0x7", 63, None])
def test_umask_that_gives_others_something_is_refused(umask: object) -> None:
    with pytest.raises(ValidationError):
        ConnectionDetails.model_validate({"umask": umask})
