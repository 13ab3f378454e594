"""The server and the REANA extension report the same problems: identical rules, tested with one table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.utils import timezone

from support.server_process import REPOSITORY
from user_workspaces.accounts.models import User
from user_workspaces.workflows.lifecycle.workspace_runs import read_specification
from user_workspaces.workflows.specification import rules
from user_workspaces.workspaces.actions import upload_file
from user_workspaces.workspaces.models import Workspace

OWN = Path(rules.__file__).parent
EXTENSION = REPOSITORY / "reana" / "reana_jupyterlab"
CASES = yaml.safe_load((EXTENSION / "tests" / "specifications.yaml").read_bytes())


def test_rules_are_identical_in_both_trees() -> None:
    """To change the rules, edit those of the server and run `make rules`."""
    assert files_in(EXTENSION / "reana" / "rules") == files_in(OWN)


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_server_reports_problems_of_table(
    ada: User, workspace_of: Callable[..., Workspace], case: dict[str, Any]
) -> None:
    workspace = workspace_of(ada)
    for name, text in {"data.txt": "1", "code/run.py": "", "reana.yaml": case["text"]}.items():
        upload_file(workspace=workspace, path=name, chunks=[text.encode()], size=len(text), now=timezone.now())
    found = [f"{one.severity} {one}" for one in read_specification(workspace, "reana.yaml").problems]
    assert found == case["problems"]
