"""The environment page of a workspace: packages, preparation, reset, lock file."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from base_environments import base_environment
from user_workspaces.environments import layers
from user_workspaces.environments.models import PreparedEnvironment
from user_workspaces.interfaces.environment import Base
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_job_type import FakeJobType
from user_workspaces.workspaces.actions import upload_file
from user_workspaces.workspaces.files import find_entry
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
PACKAGES = ".environment/base/python3.11/lib/python3.11/site-packages"


@pytest.fixture(autouse=True)
def base(site: Registry, tmp_path: Path, settings: Any) -> Iterator[Path]:
    """A base with one package of the index and one local package, and a store."""
    with base_environment(site, tmp_path, settings) as base:
        own = base / "lib" / "python3.11" / "site-packages" / "site_tools-1.dist-info"
        own.mkdir()
        (own / "direct_url.json").touch()
        yield base


def put(workspace: Workspace, path: str, content: str) -> None:
    upload_file(workspace=workspace, path=path, chunks=[content.encode()], now=timezone.now())


def install(workspace: Workspace, name: str, version: str, record: str = "x.py,,1024\n") -> None:
    put(workspace, f"{PACKAGES}/{name}-{version}.dist-info/RECORD", record)


def page(browser: Client, workspace: Workspace) -> str:
    response = browser.get(f"/w/{workspace.pk}/environment/")
    assert response.status_code == 200
    return response.content.decode()


def row(workspace: Workspace, **fields: Any) -> PreparedEnvironment:
    values = {
        "file": "requirements.txt",
        "requirements": [["line 1", "crab"]],
        "python": "3.11",
        "fingerprint": "workspace-1",
        "datetime_requested": timezone.now(),
    }
    return PreparedEnvironment.objects.create(workspace=workspace, **{**values, **fields})


def test_page_of_a_new_workspace_names_the_base(browser: Client, workspace: Workspace) -> None:
    shown = page(browser, workspace)
    assert "Python 3.11" in shown
    assert "2 packages provided by this site" in shown
    assert "No packages installed yet" in shown
    assert "/environment/prepare/" not in shown


def test_stranger_gets_not_found(stranger: Client, workspace: Workspace) -> None:
    for path in ("", "reset/", "lock/"):
        assert stranger.get(f"/w/{workspace.pk}/environment/{path}").status_code == 404
    assert stranger.post(f"/w/{workspace.pk}/environment/prepare/", {"file": "requirements.txt"}).status_code == 404
    assert not PreparedEnvironment.objects.exists()


def prepared(workspace: Workspace, base: Path, packages: str) -> None:
    """Record a ready environment, and create it where launches look for it."""
    made = layers.store().path_of("workspace-1")
    made.mkdir(parents=True)
    (made / "lock.txt").write_text(packages)
    (made / ".complete").touch()
    python = str((base / "bin" / "python").resolve())
    row(workspace, status="ready", layer="workspace-1", layer_file="requirements.txt", layer_interpreter=python)


def test_environment_for_another_python_is_reported_as_unused(
    browser: Client, workspace: Workspace, base: Path
) -> None:
    prepared(workspace, base, "crab==1.0\n")
    assert "no longer use these packages" not in page(browser, workspace)
    PreparedEnvironment.objects.update(layer_interpreter="/usr/bin/python3.99")
    shown = page(browser, workspace)
    assert "The site's Python has changed" in shown.replace("&#x27;", "'")
    assert "crab" not in shown


def test_own_packages_have_version_size_and_origin(browser: Client, workspace: Workspace, base: Path) -> None:
    install(workspace, "Crab_Cake", "1.5")
    prepared(workspace, base, "crab-cake==1.0\nlobster==2.0\n")
    shown = " ".join(page(browser, workspace).split())
    assert 'crab-cake</th> <td class="package-version">1.5' in shown
    assert "installed in this workspace" in shown
    assert "1 KiB" in shown
    assert shown.count("prepared from requirements.txt") == 1  # the other is shadowed
    assert "lobster" in shown


def test_packages_of_r_and_conda_are_named(browser: Client, workspace: Workspace) -> None:
    put(workspace, ".environment/R/4.2/crab/DESCRIPTION", "")
    put(workspace, ".environment/R/4.2/lobster/DESCRIPTION", "")
    put(workspace, ".environment/R/<b>/x", "")
    put(workspace, ".environment/conda/bin/python", "")
    shown = page(browser, workspace)
    assert "<span>R 4.2 with 2 packages</span>" in shown
    assert "<span>a conda environment</span>" in shown
    assert "No packages installed yet" not in shown
    lost = browser.get(f"/w/{workspace.pk}/environment/reset/", **HTMX).content.decode()
    assert "R packages" in lost
    assert "Conda environment" in lost
    browser.post(f"/w/{workspace.pk}/environment/reset/", {"sure": "1"})
    assert find_entry(workspace=workspace, path=".environment/conda") is None


HOSTILE = {
    "<b>x-1.dist-info/RECORD": "",
    "evil-1.0.dist-info/RECORD": 'x,,99999999999999999999999999\ny,,-5\nz,,7\n"',
    f"{'a' * 190}-1.dist-info/RECORD": "x,,1\n",
    "noversion.dist-info/RECORD": "",
    "deep-2.dist-info": "a file",
}


def test_hostile_folders_of_packages_do_no_harm(browser: Client, workspace: Workspace) -> None:
    for path, content in HOSTILE.items():
        put(workspace, f"{PACKAGES}/{path}", content)
    shown = page(browser, workspace)
    assert "<b>x" not in shown
    assert "noversion" not in shown
    assert ">evil<" in shown
    assert ">deep<" not in shown


def test_page_opened_with_the_polling_query_does_not_reload(browser: Client, workspace: Workspace) -> None:
    shown = browser.get(f"/w/{workspace.pk}/environment/?preparing=1").content.decode()
    assert "preparing=1" not in shown


def test_reset_in_an_initializing_workspace_keeps_the_preparation(browser: Client, workspace: Workspace) -> None:
    row(workspace, status="ready")
    Workspace.objects.update(status="initializing")
    browser.post(f"/w/{workspace.pk}/environment/reset/", {"sure": "1"})
    assert PreparedEnvironment.objects.count() == 1


def test_number_of_r_versions_is_limited(browser: Client, workspace: Workspace) -> None:
    for number in range(30):
        put(workspace, f".environment/R/4.{number}/crab/DESCRIPTION", "")
    assert page(browser, workspace).count("with 1 package<") == 20


def test_package_of_an_unreadable_folder_is_not_of_the_index(browser: Client, workspace: Workspace) -> None:
    install(workspace, "crab", "1.0")
    install(workspace, "lobster", "1.0")
    home = home_of(workspace)
    (home.storage.locate(home.location) / PACKAGES / "crab-1.0.dist-info").chmod(0)
    shown = page(browser, workspace)
    assert ">crab<" in shown
    assert ">lobster<" in shown
    lines = browser.get(f"/w/{workspace.pk}/environment/lock/").content.decode().splitlines()
    assert "# crab==1.0 is not of the index" in lines
    assert "lobster==1.0" in lines


def test_specification_is_offered_and_mentioned(browser: Client, workspace: Workspace) -> None:
    put(workspace, "requirements.txt", "crab\n")
    assert 'value="requirements.txt"' in page(browser, workspace)
    hint = f'href="/w/{workspace.pk}/environment/">Prepare its environment'
    assert hint in browser.get(f"/w/{workspace.pk}/").content.decode()
    response = browser.post(f"/w/{workspace.pk}/environment/prepare/", {"file": "requirements.txt"})
    assert response["Location"] == f"/w/{workspace.pk}/environment/"
    assert hint not in browser.get(f"/w/{workspace.pk}/").content.decode()
    assert "Preparing <code>requirements.txt</code>" in page(browser, workspace)


def test_problems_of_a_specification_are_reported(browser: Client, workspace: Workspace) -> None:
    put(workspace, "requirements.txt", "six\n-r /etc/shadow\n--index-url http://evil\n<script>\n")
    response = browser.post(f"/w/{workspace.pk}/environment/prepare/", {"file": "requirements.txt"}, follow=True)
    shown = response.content.decode()
    assert "requirements.txt, line 2: `-r /etc/shadow` has an option" in shown
    assert "line 3" in shown
    assert "<script>`" not in shown
    assert not PreparedEnvironment.objects.exists()


@pytest.mark.parametrize("file", ["", "notes.txt", "../requirements.txt", "requirements.txt"])
def test_other_files_are_not_prepared(browser: Client, workspace: Workspace, file: str) -> None:
    browser.post(f"/w/{workspace.pk}/environment/prepare/", {"file": file})
    assert not PreparedEnvironment.objects.exists()


def test_failed_preparation_is_shown_and_offered_again(browser: Client, workspace: Workspace) -> None:
    put(workspace, "requirements.txt", "crab\n")
    row(workspace, status="failed", message="requirements.txt, line 1: <none>", datetime_ended=timezone.now())
    shown = page(browser, workspace)
    assert "could not be prepared" in shown
    assert "line 1: &lt;none&gt;" in shown
    assert "Prepare requirements.txt again" in " ".join(shown.split())
    assert "requirements.txt</code> has changed. Prepare it again." in shown


def test_unchanged_file_is_not_reported_as_changed(browser: Client, workspace: Workspace) -> None:
    put(workspace, "requirements.txt", "crab\n")
    row(workspace, status="ready", message="Ready.", digest=hashlib.sha256(b"crab\n").hexdigest())
    assert "requirements.txt</code> has changed" not in page(browser, workspace)


def test_fragment_follows_the_preparation_and_reloads_at_its_end(browser: Client, workspace: Workspace) -> None:
    made = row(workspace, status="preparing", message="Installing 1 package.")
    shown = page(browser, workspace)
    address = next(part.split('"')[0] for part in shown.split('hx-get="') if "preparing=1" in part.split('"')[0])
    assert b"Installing 1 package." in browser.get(address, **HTMX).content
    PreparedEnvironment.objects.filter(pk=made.pk).update(status="ready")
    assert browser.get(address, **HTMX)["HX-Refresh"] == "true"


def test_lock_names_all_packages_once(browser: Client, workspace: Workspace) -> None:
    install(workspace, "jupyterlab", "9.9")
    install(workspace, "crab", "1.0")
    put(workspace, f"{PACKAGES}/crab-1.0.dist-info/direct_url.json", "{}")
    response = browser.get(f"/w/{workspace.pk}/environment/lock/")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="environment.lock"'
    head, digest, *lines = response.content.decode().splitlines(keepends=True)
    assert head == "# environment.lock: all packages of a workspace, for Python 3.11\n"
    assert digest == f"# sha256 of the lines below: {hashlib.sha256(''.join(lines).encode()).hexdigest()}\n"
    assert lines == [
        "# crab==1.0 is not of the index\n",
        "jupyterlab==9.9\n",
        "# site-tools==1 is not of the index\n",
    ]


def test_reset_shows_a_summary_and_deletes(browser: Client, workspace: Workspace) -> None:
    for number in range(10):
        install(workspace, f"crab{number}", "1.0")
    put(workspace, ".environment/gpu/python3.11/pyvenv.cfg", "x")
    put(workspace, ".environment/.build", "")
    row(workspace, status="ready", layer="workspace-1", layer_file="requirements.txt")
    path = f"/w/{workspace.pk}/environment/reset/"
    shown = " ".join(browser.get(path, **HTMX).content.decode().split())
    assert "10 packages installed in this workspace</strong> crab0, crab1," in shown
    assert "and 2 more" in shown
    assert "Packages prepared from requirements.txt" in shown
    assert "Packages installed in the environment gpu" in shown
    assert ".build" not in shown
    assert "Running kernels keep the packages that they have loaded." in shown
    browser.post(path)
    assert PreparedEnvironment.objects.exists()  # not confirmed
    browser.post(path, {"sure": "1"})
    assert find_entry(workspace=workspace, path=".environment/base") is None
    assert find_entry(workspace=workspace, path=".environment/gpu") is None
    assert find_entry(workspace=workspace, path=".environment/.build") is not None  # a job may hold it
    assert not PreparedEnvironment.objects.exists()
    shown = page(browser, workspace)
    assert "No packages installed yet" in shown
    assert path not in shown


def test_reset_deletes_leftovers_of_a_killed_reset(browser: Client, workspace: Workspace) -> None:
    put(workspace, ".environment/removed-20260101/x", "x")
    browser.post(f"/w/{workspace.pk}/environment/reset/", {"sure": "1"})
    assert find_entry(workspace=workspace, path=".environment/removed-20260101") is None


def test_base_of_modules_explains_what_to_do(
    browser: Client, workspace: Workspace, site: Registry, make_user: Callable[..., Any]
) -> None:
    jupyter_lab = site.job_types.get("jupyter_lab")
    assert isinstance(jupyter_lab, FakeJobType)
    jupyter_lab.brings = Base(None, ("python/3.12",))
    put(workspace, "requirements.txt", "crab\n")
    shown = page(browser, workspace)
    assert "module <code>python/3.12</code>" in shown
    assert "Install packages in the session with `pip install`." in shown
    assert "/environment/prepare/" not in shown


def test_site_without_a_base_is_reported(browser: Client, workspace: Workspace, site: Registry) -> None:
    jupyter_lab = site.job_types.get("jupyter_lab")
    assert isinstance(jupyter_lab, FakeJobType)
    jupyter_lab.brings = None
    assert "no environment to add packages to" in page(browser, workspace)


def test_workspace_in_deletion_shows_why_packages_are_missing(browser: Client, workspace: Workspace) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(status="deleting")
    assert "its files cannot be used now" in page(browser, workspace)
