"""The memory of the web process does not grow when clients poll long lists."""

import gc
import http.client
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http import HttpResponse
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from support.budget import IS_FULL, budget
from support.live_server import LiveServer, live_server_process
from user_workspaces.config.memory import forget

pytestmark = pytest.mark.slow

CLIENTS, BOUND = 4, 150.0
"""Limit of the web process's private memory in MiB; it starts with 85."""
SOME_JOBS = """
from datetime import timedelta
from django.utils import timezone
from user_workspaces.accounts.actions import create_user_by_name, mint_token
from user_workspaces.jobs.models import Job
now, user = timezone.now(), create_user_by_name(username="{name}")
said = {{"owner": user, "workspace_id": 1, "job_type": "jupyter_lab", "resource": "local", "status": "complete"}}
spent = {{"datetime_created": now, "datetime_start": now, "datetime_end": now, "message": "Stopped."}}
Job.objects.bulk_create([Job(**said, **spent) for _ in range({rows})], batch_size=1000)
print(mint_token(user=user, name="test", now=now, lifetime=timedelta(days=1)))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server_process(controller=False) as running:
        yield running


LISTS = [(600, budget(300, full=1200), "")]
LISTS += [(10_000, 60, ""), (10_000, 60, "?limit=10000")] if IS_FULL else []


@pytest.mark.soak
@pytest.mark.parametrize(("rows", "requests", "cut"), LISTS)
def test_polling_long_lists_does_not_grow_memory(server: LiveServer, rows: int, requests: int, cut: str) -> None:
    """Previously: 328 MiB after a thousand lists of 600 jobs, and 584 MiB after forty lists of 10,000."""
    code = SOME_JOBS.format(name=f"uws-test-{rows}{len(cut)}", rows=rows)
    token = server.manage("shell", "--no-imports", "-c", code).splitlines()[-1]
    with ThreadPoolExecutor(CLIENTS) as clients:
        asking = [clients.submit(ask, server, token, cut, times=requests // CLIENTS) for _ in range(CLIENTS)]
        assert {length for one in asking for length in one.result()} == {rows}
    assert own_memory(server.pids["web"]) < BOUND


def ask(server: LiveServer, token: str, cut: str, *, times: int) -> set[int]:
    """Request the list `times` times on one connection; return the numbers of jobs in the responses."""
    found = set()
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        for _ in range(times):
            connection.request("GET", f"/jobs/{cut}", headers={"UWS-Authorization": f"Token {token}"})
            body = connection.getresponse().read()
            found.add(body.count(b'"job_type":"jupyter_lab"'))
    return found


def own_memory(pid: int) -> float:
    """Return the private memory of a process in MiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Clean:", "Private_Dirty:"))) / 1024


class Sent(dict[str, object]):
    """The data of a request, to which weak references are possible."""


class Parser(BaseParser):
    """Parses any body as `Sent`."""

    media_type = "*/*"

    def parse(self, *_: object, **__: object) -> Sent:
        """Return the data."""
        return Sent()


class Echo(APIView):
    """Responds with the data of the request."""

    authentication_classes = permission_classes = ()
    parser_classes = (Parser,)

    def post(self, request: Request) -> Response:
        """Return the response."""
        return Response({"sent": request.data})


@pytest.fixture
def no_search() -> Iterator[None]:
    gc.collect()
    gc.disable()
    request_finished.disconnect(close_old_connections)  # closing a response sends this signal
    yield
    request_finished.connect(close_old_connections)
    gc.enable()


@pytest.mark.usefixtures("no_search")
@pytest.mark.parametrize(("open_circles", "kept"), [(forget, [False, False]), (lambda _: None, [True, True])])
def test_forgotten_response_and_its_request_data_are_freed_at_once(
    open_circles: Callable[[HttpResponse], None], kept: list[bool]
) -> None:
    response = Echo.as_view()(APIRequestFactory().post("/", b"{}", content_type="application/json")).render()
    held = [weakref.ref(response), weakref.ref(response.data["sent"])]
    response.close()
    open_circles(response)
    del response
    assert [one() is not None for one in held] == kept


def test_response_of_a_plain_view_can_be_forgotten() -> None:
    response = HttpResponse(b"x")
    forget(response)
    assert vars(response) == {}
