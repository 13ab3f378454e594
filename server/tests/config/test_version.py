"""The name of the build: set by the operator, or read from the files of Git."""

from pathlib import Path

import pytest

from user_workspaces.config.version import build

COMMIT = "0123456789abcdef" * 2 + "01234567"


@pytest.fixture(autouse=True)
def unnamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UWS_BUILD", raising=False)


@pytest.fixture
def git(tmp_path: Path) -> Path:
    """The `.git` folder of a checkout on the branch `main`."""
    folder = tmp_path / ".git"
    (folder / "refs" / "heads").mkdir(parents=True)
    (folder / "HEAD").write_text("ref: refs/heads/main\n")
    return folder


def test_commit_of_a_branch(git: Path, tmp_path: Path) -> None:
    (git / "refs" / "heads" / "main").write_text(f"{COMMIT}\n")
    assert build(tmp_path) == "0123456789ab"


def test_commit_of_a_packed_branch(git: Path, tmp_path: Path) -> None:
    (git / "packed-refs").write_text(
        f"# pack-refs with: peeled\n{'f' * 40} refs/heads/other\n{COMMIT} refs/heads/main\n"
    )
    assert build(tmp_path) == "0123456789ab"


def test_commit_without_a_branch(git: Path, tmp_path: Path) -> None:
    (git / "HEAD").write_text(f"{COMMIT}\n")
    assert build(tmp_path) == "0123456789ab"


def test_commit_of_a_linked_worktree(git: Path, tmp_path: Path) -> None:
    linked, beside = git / "worktrees" / "two", tmp_path / "two"
    linked.mkdir(parents=True)
    beside.mkdir()
    (beside / ".git").write_text(f"gitdir: {linked}\n")
    (linked / "HEAD").write_text("ref: refs/heads/two\n")
    (linked / "commondir").write_text("../..\n")
    (git / "refs" / "heads" / "two").write_text(f"{COMMIT}\n")
    assert build(beside) == "0123456789ab"


def test_build_is_empty_without_a_checkout(tmp_path: Path) -> None:
    assert build(tmp_path) == ""


@pytest.mark.parametrize("said", ["", "ref: refs/heads/gone", "ref: ../../etc/passwd", "<script>", "\0", "ref: \0"])
def test_build_is_empty_for_an_invalid_head(git: Path, tmp_path: Path, said: str) -> None:
    (git / "HEAD").write_text(said)
    assert build(tmp_path) == ""


def test_variable_overrides_the_commit(git: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (git / "HEAD").write_text(COMMIT)
    monkeypatch.setenv("UWS_BUILD", "v1.2 of Tuesday")
    assert build(tmp_path) == "v1.2 of Tuesday"
