"""Invalid specifications over HTTP: each is rejected with a reason, and none causes a server error."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reana_api.conftest import Reana
from support.budget import budget
from support.runs import specification
from user_workspaces.workflows.models import Run

pytestmark = pytest.mark.django_db
CORPUS = Path(__file__).resolve().parents[1] / "workflows" / "specification" / "corpus" / "wrong"
LARGEST = 100_000
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def documents() -> list[tuple[str, Any]]:
    """Return the documents of the corpus that clients can send: without aliases, which multiply when expanded."""
    found = []
    for path in sorted(CORPUS.glob("*.yaml")):
        if b"&" in path.read_bytes() or path.stat().st_size > LARGEST:
            continue
        try:
            found.append((path.stem, yaml.safe_load(path.read_bytes())))
        except (yaml.YAMLError, ValueError, RecursionError, IndexError, TypeError):
            continue
    return found


def test_corpus_is_rejected(ada: Reana) -> None:
    """Errors that the client's YAML reader removes, such as duplicate keys, may be accepted."""
    refused, accepted = 0, []
    for name, document in documents():
        try:
            response = ada("POST", "workflows", document, workflow_name="wrong")
        except (TypeError, ValueError, RecursionError):  # not JSON: no client can send it
            continue
        if response.status == 201:
            accepted.append(name)
        else:
            assert response.status in {400, 413}, (name, response)
            assert response.body["message"]
            refused += 1
    assert refused >= 60
    assert all("twice" in name or "tag" in name for name in accepted), accepted


@pytest.mark.slow
@settings(max_examples=budget(20, full=150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=JSON, where=st.sampled_from(["", "version", "inputs", "outputs", "workflow", "steps", "step"]))
def test_any_value_at_any_path_gets_a_response(ada: Reana, part: object, where: str) -> None:
    document: Any = specification()
    if where in document:
        document[where] = part
    elif where == "steps":
        document["workflow"]["specification"]["steps"] = part
    elif where == "step":
        document["workflow"]["specification"]["steps"][0] = part
    else:
        document = part
    try:
        response = ada("POST", "workflows", document, workflow_name="fuzz")
    except (TypeError, UnicodeEncodeError):  # this JSON encoder cannot encode it
        return
    assert response.status in {201, 400, 413}
    Run.objects.all().delete()
