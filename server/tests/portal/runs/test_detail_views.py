"""The pages of one run: overview, logs, files, specification, comparison; and access to them."""

import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from support.runs import Runner, controlled, created, queued, specification, workflows_on
from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.registry import Declaration, PluginKind, Registry
from user_workspaces.testing.fake_container_runtime import FakeContainerRuntime
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows.lifecycle.actions import RunRequest, Start, create_run, delete_run, restart_run
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.queries import workspace_of
from user_workspaces.workspaces.actions import upload_file

pytestmark = pytest.mark.slow

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
PAGES = ("", "logs/", "logs/more/?after=0", "files/", "download/", "specification/", "compare/", "again/", "stop/")


@pytest.fixture(autouse=True)
def workflows(site: Registry) -> Iterator[Registry]:
    with workflows_on(site) as found:
        yield found


@pytest.fixture
def started(ada: User, resource: FakeResource) -> Runner:
    """A run whose only command is running."""
    run = queued(ada, "hello", who="world", pause=1)
    controlled()
    runner = Runner(run, resource)
    runner.begin()
    controlled()
    return runner


def ended(runner: Runner, status: str = "finished") -> Run:
    """End it."""
    runner.end(status)
    controlled()
    controlled()
    return Run.objects.get(pk=runner.run.pk)


def put(run: Run, path: str, content: bytes) -> None:
    upload_file(workspace=workspace_of(run), path=path, chunks=[content], size=len(content), now=timezone.now())


def page_of(browser: Client, run: Run, path: str = "", status: int = 200) -> str:
    response = browser.get(f"/runs/{run.pk}/{path}")
    assert response.status_code == status
    return response.content.decode()


def test_queued_run_shows_how_many_are_ahead(browser: Client, ada: User) -> None:
    for name in ("first", "second", "third"):
        queued(ada, name)
    page = page_of(browser, Run.objects.get(name="third"))
    assert "waiting - third.1" in page
    assert "(2 ahead)" in " ".join(page.split())
    assert "Stop" in page


def test_run_shows_that_container_images_are_ignored(
    browser: Client, ada: User, workflows: Registry, resource: FakeResource
) -> None:
    run = created(ada)
    name = registry.site().resources["local"].name
    said = (
        f"Container images are ignored. All commands run on <strong>{name}</strong>, in the environment of "
        "<strong>this site</strong>."
    )
    assert said in page_of(browser, run)
    assert said in page_of(browser, run, "again/")
    declaration = Declaration(PluginKind.CONTAINER_RUNTIME, "none", "FakeContainerRuntime", {}, "test.none")
    workflows.add(declaration, FakeContainerRuntime.build("none"))
    assert said not in page_of(browser, run)
    assert said not in page_of(browser, run, "again/")


def test_run_shows_the_retention_of_its_files(browser: Client, ada: User, resource: FakeResource) -> None:
    document = {**specification(), "workspace": {"retention_days": {"**/*.tmp": 1}}}
    run = create_run(RunRequest(owner=ada, name="kept", document=document), now=timezone.now())
    page = " ".join(page_of(browser, run).split())
    assert "<code>**/*.tmp</code> until 1 day after the end" in page
    Run.objects.filter(pk=run.pk).update(
        status="finished", retention_since=datetime(2026, 3, 1, 12, tzinfo=UTC), next_check_at=None
    )
    assert "<code>**/*.tmp</code> deleted on 2 March 2026" in " ".join(page_of(browser, run).split())
    Run.objects.filter(pk=run.pk).update(retention_since=datetime(2999, 3, 1, 12, tzinfo=UTC))
    assert "<code>**/*.tmp</code> until 2 March 2999" in " ".join(page_of(browser, run).split())


def test_created_run_offers_to_start(browser: Client, ada: User) -> None:
    page = page_of(browser, created(ada))
    assert "not started" in page
    assert "again/" in page
    assert "Copy results" not in page


def test_run_shows_its_steps_and_progress(browser: Client, started: Runner) -> None:
    page = page_of(browser, started.run)
    assert "every 1s" in page
    assert "data-ticking" in page
    assert "0 of 1 command" in page
    assert f"/runs/{started.run.pk}/logs/?step={started.command}" in page
    assert "world" in page
    ended(started)
    page = page_of(browser, started.run)
    assert "finished - hello.1" in page
    assert "every 15s" in page
    assert "1 of 1 command" in page
    assert "Copy results" in page


def test_failed_run_shows_the_last_output_of_the_step(browser: Client, started: Runner) -> None:
    started.print("".join(f"line {number}\n" for number in range(40)) + "no <such> file\n")
    ended(started, "failed")
    page = page_of(browser, started.run)
    assert "no &lt;such&gt; file" in page
    assert "line 39" in page
    assert "line 5\n" not in page
    assert "Failed at only" in page


def test_fragment_is_sent_only_when_changed(browser: Client, started: Runner) -> None:
    address = f"/runs/{started.run.pk}/"
    part = browser.get(address, **HTMX).content.decode()
    fingerprint = part.partition('"seen": "')[2].partition('"')[0]
    assert "<html" not in part
    assert browser.get(f"{address}?seen={fingerprint}", **HTMX).status_code == 204
    ended(started)
    assert browser.get(f"{address}?seen={fingerprint}", **HTMX).status_code == 200


def test_log_is_sent_in_parts(browser: Client, started: Runner) -> None:
    more = f"/runs/{started.run.pk}/logs/more/?step={started.command}&after="
    started.print("one <b>\n")
    page = page_of(browser, started.run, f"logs/?step={started.command}")
    assert "one &lt;b&gt;" in page
    assert "after=8" in page
    assert browser.get(f"{more}8").status_code == 204
    started.print("one <b>\ntwo \n")
    piece = browser.get(f"{more}8").content.decode()
    assert piece.startswith("two \n<span")
    assert "after=13" in piece
    assert piece.endswith("></span>")
    ended(started)
    piece = browser.get(f"{more}13").content.decode()
    assert piece == ""


def test_incomplete_character_is_sent_once_complete(browser: Client, started: Runner, site: Registry) -> None:
    more = f"/runs/{started.run.pk}/logs/more/?step={started.command}&after=0"
    started.print_bytes("gr\u00fc".encode()[:-1])
    assert browser.get(more).content.decode().startswith("gr<span")
    started.print("gr\u00fcn")
    assert browser.get(more).content.decode().startswith("gr\u00fcn<span")


def test_truncated_log_is_shown_from_its_start(browser: Client, started: Runner) -> None:
    started.print("new\n")
    piece = browser.get(f"/runs/{started.run.pk}/logs/more/?step={started.command}&after=5000").content.decode()
    assert piece.startswith("new\n<span")


def test_engine_log_continues_at_the_position(browser: Client, started: Runner) -> None:
    page = page_of(browser, started.run, "logs/")
    assert "Step 0 (only): true" in page
    end = page.partition("after=")[2].partition('"')[0]
    ended(started)
    piece = browser.get(f"/runs/{started.run.pk}/logs/more/?after={end}").content.decode()
    assert "The workflow has ended: finished" in piece
    assert "Total commands" not in piece
    assert "<span" not in piece


@pytest.mark.parametrize(
    ("query", "status"),
    [("step=nonsense", 400), ("after=-1", 400), ("after=1e9", 400), ("after=" + "9" * 30, 400), ("after=999999", 204)],
)
def test_invalid_log_requests_are_rejected(browser: Client, started: Runner, query: str, status: int) -> None:
    assert browser.get(f"/runs/{started.run.pk}/logs/more/?{query}").status_code == status


def test_log_of_an_unknown_step_is_not_found(browser: Client, started: Runner) -> None:
    page_of(browser, started.run, f"logs/?step={uuid.uuid4()}", status=404)


def test_kept_logs_are_shown_after_the_files_are_deleted(browser: Client, started: Runner) -> None:
    started.print("it said this\n")
    run = ended(started)
    delete_run(run=run, now=timezone.now())
    controlled()
    controlled()
    assert "of its logs is kept" in page_of(browser, run)
    assert "The workflow has ended" in page_of(browser, run, "logs/")
    assert "it said this" in page_of(browser, run, f"logs/?step={started.command}")
    assert "is deleted" in page_of(browser, run, "files/")
    page_of(browser, run, "download/", status=404)


def test_files_are_listed_by_folder_and_downloaded(browser: Client, ada: User) -> None:
    run = created(ada)
    assert "This folder is empty" in page_of(browser, run, "files/")
    put(run, "results/out.txt", b"42")
    assert "results" in page_of(browser, run, "files/")
    assert "out.txt" in page_of(browser, run, "files/?in=results")
    assert "Go to the top" in page_of(browser, run, "files/?in=nowhere")
    page_of(browser, run, "files/?in=../..", status=400)
    one: Any = browser.get(f"/runs/{run.pk}/download/?path=results/out.txt")
    assert b"".join(one.streaming_content) == b"42"
    packed: Any = browser.get(f"/runs/{run.pk}/download/")
    with zipfile.ZipFile(io.BytesIO(b"".join(packed.streaming_content))) as archive:
        assert [name for name in archive.namelist() if not name.endswith("/")] == ["results/out.txt"]


def test_specification_is_shown_in_its_original_text(browser: Client, ada: User) -> None:
    run = created(ada, "hello", who="world")
    page = page_of(browser, run, "specification/")
    assert "without comments" in page
    assert "type: serial" in page
    written = "# a comment\n" + json.dumps(json.loads(run.specification))
    put(run, "reana.yaml", written.encode())
    page = page_of(browser, run, "specification/")
    assert "# a comment" in page
    put(run, "reana.yaml", b"version: 1\n")
    assert "without comments" in page_of(browser, run, "specification/")


def test_two_runs_are_compared(browser: Client, ada: User) -> None:
    first, second, third = created(ada, "hello", who="world"), created(ada, "hello", who="moon"), created(ada, "other")
    put(first, "data.txt", b"one\ntwo\n")
    put(second, "data.txt", b"one\n2 < 3\n")
    page = page_of(browser, first, "compare/")
    assert page.index(str(second.pk)) < page.index(str(third.pk))
    page = page_of(browser, first, f"compare/?with={second.pk}")
    assert '<span class="diff-removed">-2 &lt; 3</span>' in page
    assert '<span class="diff-added">+two</span>' in page
    assert "moon" in page
    again = page_of(browser, first, "compare/?with=hello.2")
    assert "2 &lt; 3" in again


def test_restart_is_compared_by_its_parameters(browser: Client, started: Runner) -> None:
    run = ended(started)
    start = Start(parameters={"who": "moon"})
    other = restart_run(run=run, start=start, now=timezone.now())
    page = page_of(browser, run, f"compare/?with={other.pk}")
    assert "share the same files" in page
    assert '<code class="diff-removed">moon</code>' in page
    assert "#1.1" in page_of(browser, run)


def test_single_run_has_nothing_to_compare(browser: Client, ada: User) -> None:
    assert "no other run" in page_of(browser, created(ada), "compare/")


@pytest.mark.parametrize("path", [*PAGES, "delete/", "results/"])
def test_stranger_cannot_see_the_pages(
    stranger: Client, ada: User, make_user: Callable[[str], User], path: str, client: Client
) -> None:
    run = created(ada, "hello", secret="s3cr3t-value")
    for method in (stranger.get, stranger.post):
        response = method(f"/runs/{run.pk}/{path}")
        assert response.status_code in {404, 405}
        assert b"s3cr3t-value" not in response.content
    assert client.get(f"/runs/{run.pk}/{path}")["Location"].startswith("/login/")
    hers = created(make_user("mallory"), "mine")
    assert stranger.get(f"/runs/{hers.pk}/compare/?with={run.pk}").status_code == 404
    assert str(run.pk) not in stranger.get(f"/runs/{hers.pk}/compare/").content.decode()
    assert Run.objects.get(pk=run.pk).status == "created"
