"""`reana-client`: ping, info, validate, quota-show, secrets; what needs no run."""

from pathlib import Path

import pytest

from integration.reana.conftest import Reana
from support.budget import first_of

pytestmark = pytest.mark.slow


def test_ping(reana: Reana) -> None:
    said = reana("ping")
    assert said.code == 0
    assert said.lines == [
        f"REANA server: {reana.server.url}",
        "REANA server version: 0.9.4",
        "REANA client version: 0.9.6",
        f"Authenticated as: {reana.server.username} <{reana.server.username}@example.org>",
        "Status: Connected",
    ]


@pytest.mark.soak
def test_ping_with_a_wrong_token(reana: Reana) -> None:
    said = reana("ping", REANA_ACCESS_TOKEN="wrong")
    assert said.code == 1
    assert said.lines[-1] == "Status: ERROR: INVALID ACCESS TOKEN"


def test_info_reports_missing_containers(reana: Reana) -> None:
    said = reana("info")
    assert said.code == 0
    assert "List of supported compute backends: kubernetes, local" in said.lines
    assert "List of supported workflow engines: serial" in said.lines
    assert next(line for line in said.lines if line.startswith("Container runtime")).startswith(
        "Container runtime: none. NO CONTAINER RUNTIME IS CONFIGURED"
    )


@pytest.mark.soak
def test_validate(reana: Reana) -> None:
    said = reana("validate", "--server-capabilities")
    assert said.code == 0
    assert "  -> SUCCESS: Valid REANA specification file." in said.lines
    assert "  -> SUCCESS: Workflow compute backends appear to be valid." in said.lines


def test_invalid_specification_is_rejected_with_paths(reana: Reana) -> None:
    path = reana.folder / "reana.yaml"
    path.write_text(path.read_text().replace("${out}", "${outt}"))
    said = reana("create", "--skip-validation", "-w", "wrong")
    assert said.code == 1
    assert "Cannot create workflow wrong" in said.err
    assert "$.workflow.specification.steps[0].commands[0]" in said.err


@pytest.mark.parametrize("engine", first_of("cwl", "snakemake", "yadage"))
def test_unsupported_engine_is_rejected_at_creation(reana: Reana, engine: str) -> None:
    body = {"version": "0.9.4", "workflow": {"type": engine, "file": "workflow/main", "specification": {}}}
    response = reana.request("POST", "workflows", json=body, workflow_name="other")
    assert response.status_code == 400
    assert response.json()["message"] == f"{engine} workflows are not supported on this server. It runs serial."


@pytest.mark.soak
def test_quota_show(reana: Reana) -> None:
    assert reana("quota-show", "--resources").lines == ["cpu", "disk"]
    assert reana("quota-show", "--resource", "disk", "--report", "limit").lines == ["No limit."]
    assert reana("quota-show", "--resource", "cpu").code == 0


@pytest.mark.soak
def test_secrets(reana: Reana, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("-----")
    said = reana("secrets-add", "--env", "RUCIO=one", "--file", "key.pem")
    assert (said.code, said.lines) == (0, ["==> SUCCESS: Secrets RUCIO, key.pem were successfully uploaded."])
    assert reana("secrets-list").rows == [["RUCIO", "env"], ["key.pem", "file"]]
    again = reana("secrets-add", "--env", "RUCIO=two")
    assert again.code == 1
    assert "One of the secrets already exists. No secrets were added." in again.err
    assert reana("secrets-add", "--env", "RUCIO=two", "--overwrite").code == 0
    missing = reana("secrets-delete", "RUCIO", "nope")
    assert missing.code == 1
    assert "Secrets nope do not exist. Nothing was deleted" in missing.err
    gone = reana("secrets-delete", "RUCIO", "key.pem")
    assert (gone.code, gone.lines) == (0, ["==> SUCCESS: Secrets RUCIO, key.pem were successfully deleted."])
    assert reana("secrets-list").rows == []
