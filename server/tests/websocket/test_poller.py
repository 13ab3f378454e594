"""What goes wrong around it: a database that is away, a server that ends."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from support.websocket_client import Subscriber, WebProcess, change, handshake_error, watch, web_process
from user_workspaces.testing.waiting import eventually


@contextmanager
def without_the_table(name: str) -> Iterator[None]:
    """Take a table away for a moment."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {name} RENAME TO {name}_away")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE {name}_away RENAME TO {name}")


def test_subscribers_survive_a_database_outage(server: WebProcess, ada: Subscriber) -> None:
    job = ada.job()
    failed = server.log().count("subscribers wait")
    with watch(server, f"/jobs/{job.pk}/", ada.token) as socket:
        socket.next()
        change(job, message="Written before.")
        with without_the_table("jobs_job"):
            eventually(lambda: server.log().count("subscribers wait") > failed)
            assert handshake_error(server, f"/jobs/{job.pk}/", ada.token)[0] == 503
        assert socket.until("pending", "Written before.")
        change(job, message="Written after.")
        assert socket.until("pending", "Written after.")


def test_rights_that_cannot_be_looked_at_for_a_moment_stay(server: WebProcess, ada: Subscriber) -> None:
    job = ada.job()
    failed = server.log().count("subscribers wait")
    with watch(server, f"/jobs/{job.pk}/", ada.token) as socket:
        socket.next()
        with without_the_table("accounts_apitoken"):
            eventually(lambda: server.log().count("subscribers wait") > failed)
            change(job, message="Told all the same.")
            assert socket.until("pending", "Told all the same.")
        change(job, message="And after that.")
        assert socket.until("pending", "And after that.")


@pytest.mark.slow
def test_server_that_ends_says_so_and_ends_in_time(transactional_db: None, ada: Subscriber) -> None:
    job = ada.job()
    with web_process() as server:
        with watch(server, f"/jobs/{job.pk}/", ada.token) as socket, watch(server, "/jobs/", ada.token) as other:
            socket.next()
            server.process.terminate()
            assert (socket.close_code(), other.close_code()) == (1012, 1012)
        server.process.wait(10)
        assert "Application shutdown complete" in server.log()
        assert "Traceback" not in server.log()


@pytest.mark.soak
@pytest.mark.slow
def test_server_that_is_killed_and_comes_back_reports_what_happened_meanwhile(
    transactional_db: None, ada: Subscriber
) -> None:
    job = ada.job()
    with web_process() as server, watch(server, f"/jobs/{job.pk}/", ada.token) as socket:
        socket.next()
        server.process.kill()
        assert socket.close_code() == 1006
    change(job, status="failed", message="Meanwhile.")
    with web_process() as server, watch(server, f"/jobs/{job.pk}/", ada.token) as socket:
        assert socket.next() == {"status": "failed", "current_job_details": {"message": "Meanwhile."}}
