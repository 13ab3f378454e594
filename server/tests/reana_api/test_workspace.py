"""The files of a run: upload, list, download, delete, move and measure, all within the workspace."""

import io
import os
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest

from reana_api.conftest import Reana
from support.runs import created
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.patterns import Pattern
from user_workspaces.workspaces.queries import home_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
FILES = {"code/run.py": b"print()", "data.txt": b"hello", "results/a.txt": b"a", "results/deep/b.txt": b"bb"}


@pytest.fixture
def run(ada: Reana) -> Run:
    assert ada.user
    made = created(ada.user)
    for name, content in FILES.items():
        assert ada.upload("hello", name, content).status == 200
    return made


def folder(run: Run) -> Path:
    home = home_of(run.workspace)
    return home.storage.locate(home.location)


def listed(ada: Reana, **query: object) -> list[str]:
    return [one["name"] for one in ada("GET", "workflows/hello/workspace", **query).body["items"]]


def test_upload(ada: Reana, run: Run) -> None:
    response = ada.upload("hello", "new/a b.txt")
    assert (response.status, response.body) == (200, {"message": "new/a b.txt has been successfully uploaded."})
    assert ada.upload("hello", "/from/a/slash.txt").status == 200
    assert (folder(run) / "from/a/slash.txt").read_bytes() == b"hello"
    assert ada.upload("hello", "data.txt", b"again").status == 200
    assert (folder(run) / "data.txt").read_bytes() == b"again"


@pytest.mark.parametrize("name", ["../x", "a/../../x", "..", "", "/", "a\0b"])
def test_uploads_stay_in_workspace(ada: Reana, run: Run, name: str) -> None:
    response = ada.upload("hello", name)
    assert response.status == 400
    if ".." in name:
        assert response.body == {"message": "'..' is not a valid path component"}
    assert sorted(listed(ada)) == sorted(FILES)


def test_upload_requires_content_type(ada: Reana, run: Run) -> None:
    assert ada("POST", "workflows/hello/workspace", b"x", file_name="x").status == 400


def test_list(ada: Reana, run: Run) -> None:
    whole = ada("GET", "workflows/hello/workspace").body
    assert [one["name"] for one in whole["items"]] == sorted(FILES)
    assert whole["items"][1]["size"] == {"raw": 5, "human_readable": "5 Bytes"}
    assert set(whole["items"][1]) == {"name", "last-modified", "size"}
    assert (whole["total"], whole["page"], whole["has_next"], whole["has_prev"]) == (4, 1, False, False)
    assert listed(ada, file_name="results/*") == ["results/a.txt", "results/deep/b.txt"]
    assert listed(ada, file_name="*.txt") == ["data.txt"]
    assert listed(ada, file_name="**/*.txt") == ["data.txt", "results/a.txt", "results/deep/b.txt"]
    assert listed(ada, search='{"name": ["deep"]}') == ["results/deep/b.txt"]
    assert listed(ada, size=2, page=2) == ["results/a.txt", "results/deep/b.txt"]


def test_download(ada: Reana, run: Run) -> None:
    response = ada("GET", "workflows/hello/workspace/results/a.txt")
    assert (response.status, response.content) == (200, b"a")
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"] == 'attachment; filename="results/a.txt"'
    assert ada("GET", "workflows/hello/workspace/results%2Fa.txt").content == b"a"
    assert ada("HEAD", "workflows/hello/workspace/results/a.txt").status == 200
    missing = ada("GET", "workflows/hello/workspace/nope.txt")
    assert (missing.status, missing.body) == (404, {"message": "nope.txt does not exist."})


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("results", ["results/a.txt", "results/deep/b.txt"]),
        ("results/*", ["results/a.txt", "results/deep/b.txt"]),
        ("*.[tp]*t", None),
    ],
)
def test_folders_and_globs_are_downloaded_as_archives(ada: Reana, run: Run, path: str, names: list[str] | None) -> None:
    response = ada("GET", f"workflows/hello/workspace/{path}")
    if names is None:  # a single file is not archived
        assert response.content == b"hello"
        return
    assert response.headers["Content-Type"] == "application/zip"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="download_hello.1_results')
    with zipfile.ZipFile(io.BytesIO(response.content)) as packed:
        assert sorted(name for name in packed.namelist() if not name.endswith("/")) == names


def test_delete(ada: Reana, run: Run) -> None:
    for path in ("nope.txt", "results", "nope/*"):
        assert ada("DELETE", f"workflows/hello/workspace/{path}").body == {"deleted": {}, "failed": {}}
    response = ada("DELETE", "workflows/hello/workspace/results/*.txt")
    assert response.body == {"deleted": {"results/a.txt": {"size": 1}}, "failed": {}}


def test_names_that_are_not_utf8(ada: Reana, run: Run) -> None:
    """Listed files can be downloaded, moved and deleted by their listed names."""
    (folder(run) / "results" / "caf\udce9.txt").write_bytes(b"12345")
    (named,) = (name for name in listed(ada) if "caf" in name)
    assert named == r"results/caf\xE9.txt"
    assert listed(ada, file_name="results/caf*") == [named]
    assert ada("GET", f"workflows/hello/workspace/{quote(named)}").content == b"12345"
    assert ada("PUT", "workflows/move_files/hello", source=named, target=r"caf\xE9.txt").status == 200
    moved = ada("DELETE", f"workflows/hello/workspace/{quote(chr(92)).join(('caf', 'xE9.txt'))}")
    assert moved.body == {"deleted": {r"caf\xE9.txt": {"size": 5}}, "failed": {}}
    os.mkfifo(folder(run) / "pipe")
    assert "pipe" in listed(ada)
    assert ada("GET", "workflows/hello/workspace/pipe").status == 409
    assert ada("DELETE", "workflows/hello/workspace/pipe").body["deleted"] == {"pipe": {"size": 0}}


def test_move(ada: Reana, run: Run) -> None:
    response = ada("PUT", "workflows/move_files/hello", source="data.txt", target="results")
    assert response.body == {
        "message": "Files were successfully moved",
        "workflow_id": str(run.pk),
        "workflow_name": "hello.1",
    }
    assert "results/data.txt" in listed(ada)
    assert ada("PUT", "workflows/move_files/hello", source="nope", target="x").status == 404
    assert ada("PUT", "workflows/move_files/hello", source="results", target="../out").status == 400
    assert ada("PUT", "workflows/move_files/hello", target="x").status == 400


@pytest.mark.parametrize(
    ("source", "target", "status", "left"),
    [
        ("data.txt", "code/run.py", 200, {"code/run.py": b"hello", "data.txt": None}),
        ("data.txt", "results/a.txt", 200, {"results/a.txt": b"hello"}),
        ("data.txt", "new/b.txt", 200, {"new/b.txt": b"hello"}),
        ("results/a.txt", "same", 200, {"same/a.txt": b"a"}),
        ("data.txt", "data.txt", 200, {"data.txt": b"hello"}),
        ("results/deep", "code", 200, {"code/deep/b.txt": b"bb"}),
        ("data.txt", "new/folder/", 409, {"data.txt": b"hello", "new": None}),
        ("data.txt", "code/run.py/", 409, {"data.txt": b"hello", "code/run.py": b"print()"}),
        ("results", "data.txt", 409, {"data.txt": b"hello", "results/a.txt": b"a"}),
        ("results", "results", 409, {"results/a.txt": b"a"}),
        ("results", "results/deep", 409, {"results/a.txt": b"a"}),
        ("data.txt", "taken", 409, {"data.txt": b"hello", "taken/data.txt/x": b"hello"}),
        ("data.txt", "data.txt/below", 409, {"data.txt": b"hello"}),
        ("../data.txt", "x", 400, {"x": None}),
        ("data.txt", "/../x", 400, {"data.txt": b"hello"}),
    ],
)
def test_move_onto_existing_path(
    ada: Reana, run: Run, source: str, target: str, status: int, left: dict[str, bytes | None]
) -> None:
    """As in REANA, a file replaces an existing file; a folder is never replaced, and never replaces a file."""
    ada.upload("hello", "same/a.txt", b"old")
    ada.upload("hello", "taken/data.txt/x")
    response = ada("PUT", "workflows/move_files/hello", source=source, target=target)
    assert (response.status, bool(response.body["message"])) == (status, True)
    for path, content in left.items():
        location = folder(run) / path
        assert (location.read_bytes() if location.is_file() else None) == content, path


def test_disk_usage(ada: Reana, run: Run) -> None:
    usage = ada("GET", "workflows/hello/disk_usage").body
    assert usage["workflow_name"] == "hello"
    sizes = {one["name"]: one["size"]["raw"] for one in usage["disk_usage_info"]}
    assert sizes["/data.txt"] == 4096
    assert sizes["/results"] == 4 * 4096
    assert sizes[""] == 8 * 4096
    assert usage["disk_usage_info"][-1]["name"] == ""
    short = ada("GET", "workflows/hello/disk_usage", {"summarize": True}).body["disk_usage_info"]
    assert short == [{"name": "", "size": {"raw": 32768, "human_readable": "32 KiB"}}]
    wanted = {"parameters": {"search": '{"name": ["data"]}'}}
    assert [one["name"] for one in ada("GET", "workflows/hello/disk_usage", wanted).body["disk_usage_info"]] == [
        "/data.txt"
    ]


def test_links_are_not_followed(ada: Reana, run: Run, tmp_path: Path) -> None:
    """Commands of a run can create any link: its target is never read, archived, moved or removed."""
    (tmp_path / "secret.txt").write_text("kanarienvogel")
    (folder(run) / "out").symlink_to(tmp_path)
    (folder(run) / "link.txt").symlink_to(tmp_path / "secret.txt")
    for path in ("out/secret.txt", "link.txt", "out", "*", "out/*", "l*"):
        assert b"kanarienvogel" not in ada("GET", f"workflows/hello/workspace/{path}").content
    assert ada.upload("hello", "out/new.txt").status == 400
    ada("DELETE", "workflows/hello/workspace/out/secret.txt")
    ada("PUT", "workflows/move_files/hello", source="out/secret.txt", target="got.txt")
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["secret.txt"]
    assert ada("GET", "workflows/hello/disk_usage").status == 200
    assert ada("POST", "workflows/hello/prune").status == 200
    assert (tmp_path / "secret.txt").exists()


def test_prune_keeps_inputs_outputs_and_lock(ada: Reana, run: Run) -> None:
    for path in ("results/out.txt", "reana.yaml", "environment.lock", "environment-1.lock", "a/environment.lock"):
        ada.upload("hello", path)
    assert ada("POST", "workflows/hello/prune").body["message"] == "The workspace has been correctly pruned."
    locks = ["environment-1.lock", "environment.lock"]
    assert listed(ada) == ["data.txt", *locks, "reana.yaml", "results/out.txt"]
    ada("POST", "workflows/hello/prune", include_inputs="true")
    assert listed(ada) == [*locks, "results/out.txt"]
    ada("POST", "workflows/hello/prune", include_inputs="true", include_outputs="true")
    assert not list(folder(run).iterdir())


@pytest.mark.parametrize(
    ("pattern", "fits", "fails"),
    [
        ("*.txt", ["a.txt", "a.txt/b"], ["a/b.txt", "a.txtx"]),
        ("a/**", ["a/b", "a/b/c"], ["b/a"]),
        ("**/c", ["c", "a/c", "a/b/c"], ["a/cc"]),
        ("a?[bc]", ["a1b"], ["a/b", "ab"]),
        ("(x)+.$", ["(x)+.$"], ["xx"]),
    ],
)
def test_globs(pattern: str, fits: list[str], fails: list[str]) -> None:
    found = Pattern(pattern)
    assert [path for path in fits if not found.fits(path)] == []
    assert [path for path in fails if found.fits(path)] == []


def test_expensive_pattern_is_rejected(ada: Reana, run: Run) -> None:
    ada.upload("hello", "a" * 200)
    assert ada("GET", "workflows/hello/workspace", file_name="*a" * 50 + "b").status == 400
    assert listed(ada, file_name="*a" * 20 + "b") == []
