"""Comparisons of runs over REANA's API."""

import json

import pytest

from reana_api.conftest import Reana
from support.runs import created
from user_workspaces.workspaces.models import Workspace


@pytest.mark.django_db
@pytest.mark.parametrize("brief", ["true", "false"])
def test_comparison_names_runs_not_workspaces(ada: Reana, brief: str) -> None:
    assert ada.user
    first, second = created(ada.user, "hello"), created(ada.user, "hello")
    for run, content in ((first, b"1\n"), (second, b"2\n")):
        assert ada.upload(str(run.pk), "code/x.py", content).status == 200
    assert ada.upload(str(second.pk), "new.txt").status == 200
    Workspace.objects.filter(pk=first.workspace_id).update(name="My analysis")
    response = ada("GET", f"workflows/{first.pk}/diff/hello.2", brief=brief)
    lines = json.loads(response.body["workspace_listing"]).split("\n")
    head = {
        "true": ["Files hello.1/code/x.py and hello.2/code/x.py differ"],
        "false": ["--- hello.1/code/x.py", "+++ hello.2/code/x.py", "@@ -1 +1 @@", "-1", "+2"],
    }[brief]
    assert lines == [*head, "Only in hello.2: new.txt"]
