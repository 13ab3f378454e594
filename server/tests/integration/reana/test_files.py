"""`reana-client`: list, ls, du, diff, download, mv, rm, prune, retention-rules-list, open and close."""

import zipfile
from pathlib import Path

import httpx
import pytest

from integration.reana.conftest import Reana, specification
from support.server_process import wait_for

pytestmark = pytest.mark.slow
BLOCK = 4096
"""Bytes; the block size of the file system."""


@pytest.mark.soak
def test_list(reana: Reana) -> None:
    reana.finish("listed")
    reana.finish("listed")
    plain = reana("list", "--filter", "name=listed", "--sort", "run_number")
    assert plain.lines[0].split() == ["NAME", "RUN_NUMBER", "CREATED", "STARTED", "ENDED", "STATUS"]
    assert [[row[0], row[1], row[-1]] for row in plain.rows] == [
        ["listed", "2", "finished"],
        ["listed", "1", "finished"],
    ]
    found = reana("list", "-v", "--json", "--filter", "name=listed", "--filter", "status=finished").json
    assert {"id", "user", "size", "progress", "duration"} <= set(found[0])
    assert [one["progress"] for one in found] == ["2/2", "2/2"]
    assert reana("list", "--filter", "name=listed", "--filter", "status=failed").rows == []
    assert len(reana("list", "--filter", "name=listed", "--page", "2", "--size", "1").rows) == 1


@pytest.mark.soak
def test_ls_and_du(reana: Reana) -> None:
    reana.finish("measured")
    listed = reana("ls", "-w", "measured")
    assert listed.lines[0].split() == ["NAME", "SIZE", "LAST-MODIFIED"]
    lock = reana.get("workflows/measured/workspace/environment.lock").content
    assert lock.startswith(b"# Python 3.")
    assert [row[:2] for row in listed.rows] == [
        ["code/greet.py", str((reana.folder / "code/greet.py").stat().st_size)],
        ["data/names.txt", "9"],
        ["environment.lock", str(len(lock))],
        ["reana.yaml", str((reana.folder / "reana.yaml").stat().st_size)],
        ["results/count.txt", "2"],
        ["results/greetings.txt", "23"],
    ]
    assert [row[0] for row in reana("ls", "-w", "measured", "results/*").rows] == [
        "results/count.txt",
        "results/greetings.txt",
    ]
    assert [row[0] for row in reana("ls", "-w", "measured", "--filter", "name=count").rows] == ["results/count.txt"]
    used = reana("du", "-w", "measured", "-h")
    assert ["8", "KiB", "./code"] in used.rows
    all_of_it = 36 + -(-len(lock) // BLOCK) * 4
    assert used.rows[-1] == [str(all_of_it), "KiB", "."]
    assert reana("du", "-w", "measured", "-s").rows == [[str(all_of_it * 1024), "."]]


@pytest.mark.soak
def test_download_a_file_to_standard_output_and_a_folder(reana: Reana, tmp_path: Path) -> None:
    reana.finish("fetched")
    assert reana("download", "results/greetings.txt", "-w", "fetched", "-o", "-").out == "Hello Jane!\nHello Joe!\n"
    said = reana("download", "results", "-w", "fetched", "-o", str(tmp_path / "got"))
    assert said.code == 0
    (archive,) = (tmp_path / "got").iterdir()
    assert archive.name.startswith("download_fetched.1_results_")
    with zipfile.ZipFile(archive) as packed:
        assert {name for name in packed.namelist() if not name.endswith("/")} == {
            "results/count.txt",
            "results/greetings.txt",
        }
    missing = reana("download", "nope.txt", "-w", "fetched")
    assert missing.code == 1
    assert "nope.txt does not exist." in missing.err


@pytest.mark.soak
def test_mv_and_rm(reana: Reana) -> None:
    reana.finish("moved")
    said = reana("mv", "data/names.txt", "data/people.txt", "-w", "moved")
    assert (said.code, said.lines) == (0, ["==> SUCCESS: data/names.txt was successfully moved to data/people.txt."])
    assert reana("rm", "data/*.txt", "-w", "moved").lines == [
        "==> SUCCESS: File data/people.txt was successfully deleted.",
        "==> SUCCESS: 9 bytes freed up.",
    ]
    missing = reana("rm", "nope", "-w", "moved")
    assert missing.code == 1
    assert "nope did not match any existing file." in missing.err


@pytest.mark.soak
def test_mv_replaces_a_file(reana: Reana) -> None:
    reana.finish("replaced")
    said = reana("mv", "results/count.txt", "data/names.txt", "-w", "replaced")
    assert (said.code, said.lines) == (
        0,
        ["==> SUCCESS: results/count.txt was successfully moved to data/names.txt."],
    ), said
    assert reana("download", "data/names.txt", "-w", "replaced", "-o", "-").out == "2\n"
    said = reana("mv", "data/names.txt", "new/folder/", "-w", "replaced")
    assert (said.code, "Path new/folder/ does not exist" in said.err) == (1, True)


@pytest.mark.soak
def test_download_files_with_other_letters(reana: Reana, tmp_path: Path) -> None:
    names = ["ü.txt", "ä.txt", 'with "quotes" and spaces.txt', "in/ß.txt"]
    reana.finish("letters")
    for name in names:
        (reana.folder / name).parent.mkdir(exist_ok=True)
        (reana.folder / name).write_text(name)
    assert reana("upload", *names, "-w", "letters").code == 0
    said = reana("download", *names, "-w", "letters", "-o", str(tmp_path / "got"))
    assert said.code == 0, said
    for name in names:
        assert (tmp_path / "got" / name).read_text() == name


@pytest.mark.soak
def test_diff_and_prune(reana: Reana) -> None:
    reana.finish("compared")
    (reana.folder / "data" / "names.txt").write_text("Ada\n")
    reana.finish("compared", pause=0.1)
    lines = reana("diff", "compared.1", "compared.2").lines
    assert "==> Differences in workflow inputs" in lines
    assert "-  pause: 0" in lines
    assert "+  pause: 0.1" in lines
    assert "+Hello Ada!" in lines
    brief = reana("diff", "--brief", "compared.1", "compared.2").lines
    assert "Files compared.1/results/greetings.txt and compared.2/results/greetings.txt differ" in brief
    said = reana("prune", "-w", "compared.2", "--include-outputs")
    assert (said.code, said.lines) == (0, ["==> SUCCESS: The workspace has been correctly pruned."])
    left = reana.get("workflows/compared.2/workspace").json()["items"]
    assert [one["name"] for one in left] == ["code/greet.py", "data/names.txt", "reana.yaml"]


@pytest.mark.soak
def test_retention_rules_list(reana: Reana) -> None:
    reana.finish("kept")
    said = reana("retention-rules-list", "-w", "kept")
    assert (said.code, len(said.lines)) == (0, 1)
    rules = {"workspace": {"retention_days": {"**/*.tmp": 7, "scratch": 1}}}
    made = reana.request("POST", "workflows", json={**specification(), **rules}, workflow_name="ruled")
    assert made.status_code == 201
    assert reana("retention-rules-list", "-w", "ruled").rows == [
        ["scratch", "1", "-", "created"],
        ["**/*.tmp", "7", "-", "created"],
    ]


@pytest.mark.soak
def test_open_and_close(reana: Reana) -> None:
    reana.finish("opened")
    said = reana("open", "-w", "opened")
    assert said.code == 0
    assert said.lines[0] == "==> SUCCESS: Interactive session opened successfully"
    address = said.lines[1]
    assert address.endswith(f"/session?token={reana.token}")
    (row,) = [row for row in reana("list", "--sessions").rows if row[0] == "opened"]
    assert row[3] == "jupyter"
    page = httpx.get(address, timeout=60)
    assert page.status_code in {200, 302}
    assert page.headers["Referrer-Policy"] == "no-referrer"
    again = reana("open", "-w", "opened")
    assert again.code == 1
    assert "Interactive session is already open" in again.err
    closed = reana("close", "-w", "opened")
    assert (closed.code, closed.lines) == (
        0,
        ["==> SUCCESS: Interactive session for workflow opened was successfully closed"],
    )
    wait_for(lambda: httpx.get(address, timeout=60).status_code == 404, within=120)
    assert "has no open interactive session." in reana("close", "-w", "opened").err


def test_token_is_in_no_log(reana: Reana) -> None:
    reana.get("workflows/nosuch.1/logs")
    reana.get("nowhere/at/all")
    reana.request("PUT", "workflows/nosuch/status", status="stop")
    assert reana.token not in reana.server.log()
