"""Walks through scenarios: each once, row after row, and every row's problems are kept for the test of that row."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import httpx

from conformance.browsing import Browsers
from conformance.calling import Callers, Problems
from conformance.patterns import NotRememberedError
from conformance.rows import Call, Row, Scenario
from conformance.target import Target

PATIENCE = 60.0
PAUSE = 0.05
NOT_EVERYWHERE = {
    "dataset": "it is not known to have a dataset: say so in UWS_CONFORMANCE_DATASET",
    "origin": "it is not known to let an origin in: say so in UWS_CONFORMANCE_ORIGIN",
    "resource": "it is not known to have a second resource: say so in UWS_CONFORMANCE_RESOURCE",
    "administrator": "it is not known to have an administrator: say so in UWS_CONFORMANCE_ADMINISTRATOR",
    "required": "it has no parameter that is required and has no default",
    **dict.fromkeys(
        ("integer", "low", "high", "below", "above"), "it has no parameter that is an int with min and max"
    ),
}
"""What a server need not have, and why rows about it are left out then."""


@dataclass(frozen=True)
class Outcome:
    """What came of a row."""

    problems: tuple[str, ...] = ()
    skipped: str = ""


@dataclass
class Walker:
    """All scenarios on one server; `memory` is what every one of them knows from the beginning."""

    target: Target
    callers: Callers
    browsers: Browsers
    memory: dict[str, Any]
    _outcomes: dict[tuple[str, str], Outcome] = field(default_factory=dict)
    _beside: dict[str, Future[None]] = field(default_factory=dict)
    _pool: ThreadPoolExecutor = field(default_factory=ThreadPoolExecutor)

    def begin(self, scenarios: Iterable[Scenario]) -> None:
        """Walk through these beside the others, from now on."""
        for one in scenarios:
            self._beside[one.name] = self._pool.submit(self._walk, one)

    def end(self) -> None:
        """Wait for what is still being walked through."""
        self._pool.shutdown()

    def outcome(self, scenario: Scenario, row: Row) -> Outcome:
        """Return what came of a row; the scenario is walked through at the first question about any of its rows."""
        key = (scenario.name, row.name)
        if scenario.name in self._beside:
            self._beside[scenario.name].result()
        elif key not in self._outcomes:
            self._walk(scenario)
        return self._outcomes[key]

    def _walk(self, scenario: Scenario) -> None:
        memory = {**self.memory, **self.target.log_in_links(scenario.browsers)}
        lacking = dict(NOT_EVERYWHERE)
        with self.target.without_controller() if scenario.paused else nullcontext():
            for row in scenario.rows:
                self._outcomes[scenario.name, row.name] = self._try(row, memory, lacking)

    def _try(self, row: Row, memory: dict[str, Any], lacking: dict[str, str]) -> Outcome:
        ask = self._asking(row, memory)
        try:
            return Outcome(tuple(_until_there_are_none(ask) if row.until else ask()))
        except NotRememberedError as missing:
            (name,) = missing.args
            if name not in lacking:
                return Outcome((f"no row before this one has kept {name!r}",))
            lacking |= dict.fromkeys(row.keep, lacking[name])
            return Outcome(skipped=f"this server cannot be tried in that: {lacking[name]}")
        except httpx.TransportError as error:
            return Outcome((f"{row.ask}: no answer: {error!r}",))

    def _asking(self, row: Row, memory: dict[str, Any]) -> Callable[[], Problems]:
        if isinstance(row, Call):
            return lambda: self.callers.call(row, memory)
        return lambda: self.browsers.visit(row, memory)


def _until_there_are_none(ask: Callable[[], Problems]) -> Problems:
    deadline = time.monotonic() + PATIENCE
    while (problems := ask()) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    return problems


@contextmanager
def walker(target: Target) -> Iterator[Walker]:
    """Sign the three people in, look at what the server offers, and begin."""
    memory = {**target.facts, "run": secrets.token_hex(4), "client_token": target.client_token}
    with httpx.Client(base_url=target.url, timeout=PATIENCE) as nobody:
        for name, username in zip(("ada", "grace", "mallory"), target.people, strict=True):
            memory |= _signed_in(nobody, target, name, username)
        memory |= _offered(nobody)
    with Callers(target.url, memory) as callers, Browsers(target.url) as browsers:
        walking = Walker(target, callers, browsers, memory)
        try:
            yield walking
        finally:
            walking.end()


def _signed_in(nobody: httpx.Client, target: Target, name: str, username: str) -> dict[str, Any]:
    mail = f"{username}@example.org"
    info = {"username": username, "email": mail, "first_name": name.title(), "last_name": "Conformance"}
    answer = nobody.post("/tokens/", json={"client_token": target.client_token, "user_info": info})
    assert answer.is_success, answer.text
    token = answer.json()["token"]
    return {f"{name}_token": token, f"{name}_name": username, f"{name}_mail": mail}


def _offered(nobody: httpx.Client) -> dict[str, Any]:
    """Return the least that a launch has to say, and one whole number with bounds that it may say."""
    offered = nobody.get("/parameters/").json()["data"]["parameters"]
    rules = {one["variable_name"]: one["validation"] for one in offered}
    has_default = {one["variable_name"] for one in offered if one.get("default_value") is not None}
    required = {name for name, rule in rules.items() if rule.get("required") and name not in has_default}
    options = {name: "conformance" if rules[name]["type"] == "str" else rules[name].get("min", 1) for name in required}
    bounded = [name for name, rule in rules.items() if rule["type"] == "int" and "min" in rule and "max" in rule]
    found: dict[str, Any] = {"options": options, "odd_options": {**options, "conformance": {"what": ["ever"]}}}
    if required:
        found["required"] = min(required)
    if bounded:
        name = bounded[0]
        low, high = rules[name]["min"], rules[name]["max"]
        found |= {"integer": name, "low": low, "high": high, "below": low - 1, "above": high + 1}
    return found
