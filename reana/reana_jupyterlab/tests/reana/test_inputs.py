"""Input files of a run."""

import io
import zipfile
from pathlib import Path

import pytest

from reana_jupyterlab.reana.bundle import bundle
from reana_jupyterlab.reana.errors import BadRequest
from reana_jupyterlab.reana.inputs import input_files
from reana_jupyterlab.reana.rooted import Root
from reana_jupyterlab.reana.specification import Specification, loaded


def specification(*, files: str = "[]", directories: str = "[]", more: str = "") -> Specification:
    return loaded(f"inputs:\n  files: {files}\n  directories: {directories}\n{more}")


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")


def names(root: Root, described: Specification, folder: str = "a") -> list[str]:
    return sorted(file.remote for file in input_files(root, folder, described))


def test_files_and_directories_are_uploaded_recursively(tmp_path: Path) -> None:
    fill(tmp_path, "a/one.txt", "a/data/x.csv", "a/data/deep/ü b.csv", "a/other.txt")
    found = input_files(Root(tmp_path), "a", specification(files="[one.txt]", directories="[data/]"))
    assert sorted((file.local, file.remote) for file in found) == [
        ("a/data/deep/ü b.csv", "data/deep/ü b.csv"),
        ("a/data/x.csv", "data/x.csv"),
        ("a/one.txt", "one.txt"),
    ]
    assert all(file.size == len(file.local.encode()) for file in found)


def test_ignored_files_are_not_uploaded(tmp_path: Path) -> None:
    fill(tmp_path, "a/data/x.csv", "a/data/x.log", "a/data/keep.log", "a/data/cache/y", "a/data/.git/z")
    (tmp_path / "a/.gitignore").write_text("*.log\ncache/\n.git\n", encoding="utf-8")
    (tmp_path / "a/.reanaignore").write_text("!keep.log\n", encoding="utf-8")
    assert names(Root(tmp_path), specification(directories="[data]")) == ["data/keep.log", "data/x.csv"]


@pytest.mark.parametrize("named", ["[.]", "[., .environment]", "[.environment/py/..x, .]"])
def test_environment_of_a_workspace_is_not_uploaded(tmp_path: Path, named: str) -> None:
    fill(tmp_path, "a/x.csv", "a/.environment/py/x.py", "a/.environment/y", "a/.environments/z")
    described = specification(files="[x.csv, .environment/y]", directories=named)
    assert names(Root(tmp_path), described) == [".environments/z", "x.csv"]


def test_file_that_is_named_goes_up_though_ignored(tmp_path: Path) -> None:
    fill(tmp_path, "a/x.log")
    (tmp_path / "a/.gitignore").write_text("*.log\n", encoding="utf-8")
    assert names(Root(tmp_path), specification(files="[x.log]")) == ["x.log"]


def test_file_named_twice_goes_up_once(tmp_path: Path) -> None:
    fill(tmp_path, "a/data/x.csv")
    assert names(Root(tmp_path), specification(files="[data/x.csv, ./data/x.csv]", directories="[data]")) == [
        "data/x.csv"
    ]


@pytest.mark.parametrize("name", ["../b/x", "/etc/passwd", "link", "nope"])
def test_input_outside_or_missing_is_refused(tmp_path: Path, name: str) -> None:
    fill(tmp_path, "a/y", "b/x")
    (tmp_path / "a/link").symlink_to("/etc/passwd")
    for kind in ({"files": f"[{name}]"}, {"directories": f"[{name}]"}):
        with pytest.raises(BadRequest):
            input_files(Root(tmp_path), "a", specification(**kind))


def test_links_out_of_a_directory_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path, "a/data/x", "a/shared/y")
    (tmp_path / "a/data/etc").symlink_to("/etc")
    (tmp_path / "a/data/y").symlink_to("../shared/y")
    found = input_files(Root(tmp_path), "a", specification(directories="[data]"))
    assert sorted((file.remote, file.size) for file in found) == [("data/x", 8), ("data/y", 10)]


def test_recursive_directory_is_an_error(tmp_path: Path) -> None:
    fill(tmp_path, "a/data/x")
    (tmp_path / "a/data/again").symlink_to(".")
    with pytest.raises(BadRequest, match="contains itself"):
        input_files(Root(tmp_path), "a", specification(directories="[data]"))


def test_bundle_holds_the_specification_and_its_source(tmp_path: Path) -> None:
    fill(tmp_path, "a/flow/Snakefile", "a/other")
    described = loaded("workflow:\n  type: snakemake\n  file: flow/Snakefile\n")
    with zipfile.ZipFile(io.BytesIO(bundle(Root(tmp_path), "a", described))) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == {
            "reana.yaml": described.text,
            "flow/Snakefile": "a/flow/Snakefile",
        }
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
    assert bundle(Root(tmp_path), "a", described) == bundle(Root(tmp_path), "a", described)
