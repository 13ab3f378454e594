"""Sharing in the fake REANA; one without sharing has none of these routes."""

import json
from collections.abc import Callable
from functools import wraps

from reana_jupyterlab.tests.fake_reana import OWNER_EMAIL, Exchange, Run

Answer = Callable[..., None]


def where_offered(answer: Answer) -> Answer:
    @wraps(answer)
    def checked(exchange: Exchange, *parts: str) -> None:
        if exchange.reana.sharing:
            answer(exchange, *parts)
        else:
            exchange.raw(b"<!DOCTYPE html><title>404 Not Found</title>", 404, {"Content-Type": "text/html"})

    return checked


def seen_by_owner(exchange: Exchange) -> list[Run]:
    """Return the runs that the list is made of; a server without sharing does not look at these parameters."""
    runs, named = exchange.reana.runs, exchange.one("workflow_id_or_name")
    if exchange.reana.sharing and exchange.one("shared_by"):
        wanted = exchange.one("shared_by")
        runs = [run for run in runs if run.owner != OWNER_EMAIL and wanted in {"anybody", run.owner}]
    elif not (exchange.reana.sharing and exchange.one("shared") == "true"):
        runs = [run for run in runs if run.owner == OWNER_EMAIL]
    return [run for run in runs if not named or named in {run.id, run.name.partition(".")[0]}]


@where_offered
def shared_with_you(exchange: Exchange) -> None:
    owners = sorted({run.owner for run in exchange.reana.runs} - {OWNER_EMAIL})
    exchange.json({"users_shared_with_you": [{"email": owner} for owner in owners]})


@where_offered
def share(exchange: Exchange, reference: str) -> None:
    email = json.loads(exchange.body)["user_email_to_share_with"]
    exchange.reana.shares.setdefault(reference, []).append({"user_email": email, "valid_until": None})
    exchange.json({"message": "shared", "workflow_id": reference, "workflow_name": reference})


@where_offered
def shares(exchange: Exchange, reference: str) -> None:
    exchange.json({"shared_with": exchange.reana.shares.get(reference, []), "workflow_id": "", "workflow_name": ""})


@where_offered
def unshare(exchange: Exchange, reference: str) -> None:
    exchange.reana.shares.pop(reference, None)
    exchange.json({"message": "unshared", "workflow_id": reference, "workflow_name": reference})
