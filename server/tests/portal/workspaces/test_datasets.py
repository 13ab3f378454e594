"""The dataset forms and the picker that fills them."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from user_workspaces.interfaces.values import PluginContext
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage
from user_workspaces.plugins.storage.local_file_system.options import ConnectionDetails, LocalFileSystemOptions
from user_workspaces.registry import Registry
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db
HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
PAGES = ("/new/", "/w/{}/files/")


@pytest.fixture
def roots(site: Registry, tmp_path: Path) -> Iterator[Path]:
    """A dataset root that every account can enter."""
    root = Path(tempfile.mkdtemp(prefix="uws-datasets-")).resolve()  # other accounts cannot enter tmp_path
    (root / "sky" / "north").mkdir(parents=True)
    (root / "sky" / "stars.csv").write_text("x")
    root.chmod(0o755)
    context = PluginContext("local", tmp_path, tmp_path / "state", tmp_path / "run", lambda _token: None)
    options = LocalFileSystemOptions(
        root_dir=Path("workspaces"), connection_details=ConnectionDetails(dataset_roots=[root])
    )
    site.storages.add("local", LocalFileSystemStorage(context, options))
    yield root
    shutil.rmtree(root)


def test_site_without_datasets_has_no_form(browser: Client, workspace: Workspace) -> None:
    for page in PAGES:
        content = browser.get(page.format(workspace.pk)).content
        assert (b"dataset root" in content, b'name="path"' in content, b"links-0-path" in content) == (False,) * 3
        assert b"Browse datasets" not in content
    assert browser.get("/datasets/").status_code == 404
    sent = {"name": "plain", "description": "", "default_job_type": ""}
    assert browser.post("/new/", sent).status_code == 302
    assert Workspace.objects.filter(name="plain").exists()


def test_site_with_datasets_has_a_form_and_a_picker(roots: Path, browser: Client, workspace: Workspace) -> None:
    for page in PAGES:
        assert b"Browse datasets" in browser.get(page.format(workspace.pk)).content


@pytest.mark.parametrize("picker", ["/datasets/", "/w/{}/datasets/"])
def test_picker_browses_the_roots(roots: Path, browser: Client, workspace: Workspace, picker: str) -> None:
    here = picker.format(workspace.pk)
    top = browser.get(here, **HTMX).content.decode()
    assert f'data-dataset="{roots}"' in top
    inside = browser.get(here, {"at": f"{roots}/sky"}, **HTMX).content.decode()
    assert inside.index(f'data-dataset="{roots}/sky/north"') < inside.index(f'data-dataset="{roots}/sky/stars.csv"')
    assert "<strong>sky</strong>" in inside
    for outside in ("/etc", f"{roots}/..", f"{roots}/no"):
        shown = browser.get(here, {"at": outside}, **HTMX).content.decode()
        assert "This folder cannot be opened, or it no longer exists." in shown
        assert f'data-dataset="{roots}"' in shown


def test_choice_without_scripts_fills_the_form(roots: Path, browser: Client, workspace: Workspace) -> None:
    page = browser.get("/datasets/", {"at": f"{roots}/sky"}).content.decode()
    assert "Choose a dataset" in page
    for form in PAGES:
        filled = browser.get(form.format(workspace.pk), {"dataset": f"{roots}/sky/stars.csv"}).content.decode()
        assert f'value="{roots}/sky/stars.csv"' in filled
        assert 'value="stars.csv"' in filled


def test_picker_of_another_users_workspace_is_not_found(roots: Path, stranger: Client, workspace: Workspace) -> None:
    assert stranger.get(f"/w/{workspace.pk}/datasets/").status_code == 404


def test_rejected_link_stays_in_the_form(roots: Path, browser: Client, workspace: Workspace) -> None:
    for path in ("/etc/passwd", f"{roots}/no"):
        response = browser.post(f"/w/{workspace.pk}/link/", {"name": "typed", "path": path})
        assert response.status_code == 422
        assert f'value="{path}"' in response.content.decode()
