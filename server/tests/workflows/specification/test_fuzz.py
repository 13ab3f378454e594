"""Arbitrary input gives a specification or problems with positions, never an error of a library."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.budget import budget
from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.values import PluginContext
from user_workspaces.plugins.workflow_engine.serial import SerialEngine
from user_workspaces.plugins.workflow_engine.serial.engine import SerialOptions
from user_workspaces.workflows.specification import Reading, Severity, read_json, read_yaml

CORPUS = Path(__file__).with_name("corpus")
TEXTS = [path.read_bytes() for path in sorted(CORPUS.rglob("*.yaml")) if path.stat().st_size < 4000]
PIECES = [
    b"&a ", b"*a", b"<<: ", b"? ", b": ", b"- ", b"[", b"{", b"]", b"}", b'"', b"'", b">-\n", b"!!str ",
    b"!x ", b"\t", b"%", b"\0", b"---\n", b"...\n", b"${x}", b"$", b"~", b".nan", b"1e999", b"0x_", b"\r", b"#",
    b"\\ud800", b"=", b"<<", b"!!bool q", b"!!null x", b"!!float ", b"!!int ", b"1:99", b"0b", b"-.inf", b"@",
    b"`", b"|\n", b"\xff", b"\xe2\x80\xa8", b"\xef\xbb\xbf",
]  # fmt: skip
KEYS = st.sampled_from([
    "version", "inputs", "outputs", "workflow", "tests", "workspace", "files", "directories", "parameters",
    "options", "type", "file", "specification", "steps", "resources", "cvmfs", "name", "environment",
    "commands", "kubernetes_memory_limit", "kubernetes_cpu_limit", "kubernetes_job_timeout", "kerberos",
    "retention_days", "root_path", "x", "${x}",
])  # fmt: skip
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["serial", "cwl", "$x", "1Gi"]),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=30,
)
STEPS = st.lists(
    st.fixed_dictionaries(
        {"environment": st.just("e"), "commands": st.lists(st.text("ab$ {}\0x_", min_size=1), min_size=1, max_size=3)},
        optional={"name": st.text("ab-12", max_size=5), "kubernetes_memory_limit": st.text("0123.KMGi", max_size=6),
                  "kubernetes_cpu_limit": st.text("0123.m", max_size=6), "compute_backend": VALUES},
    ),
    max_size=4,
)  # fmt: skip
SERIAL = st.builds(
    lambda steps, parameters, inputs: {
        "inputs": {**inputs, "parameters": parameters},
        "workflow": {"type": "serial", "specification": {"steps": steps}},
    },
    STEPS,
    st.dictionaries(st.sampled_from(["a", "b", "x", "_"]), SCALARS),
    st.dictionaries(st.sampled_from(["files", "directories", "options"]), VALUES, max_size=2),
)
NOWHERE = Path("/nonexistent")
ENGINE = SerialEngine(PluginContext("serial", NOWHERE, NOWHERE, NOWHERE, lambda _: None), SerialOptions())


def check(reading: Reading, *, text: bool) -> None:
    """Check the invariants of every reading."""
    wrong = [one for one in reading.problems if one.severity is Severity.ERROR]
    assert (reading.specification is None) == bool(wrong)
    assert all(one.message and one.path.startswith("$") for one in reading.problems)
    assert all(len(str(one)) < 5000 and str(one).isprintable() for one in reading.problems)
    if not text:
        assert all(one.line is None and one.column is None for one in reading.problems)
    if reading.specification is not None:
        assert json.loads(reading.specification.source) == reading.specification.document()
        assert read_json(reading.specification.document()).specification == reading.specification
        plan(reading)


def plan(reading: Reading) -> None:
    try:
        found = ENGINE.plan(reading.required(), parameters={}, options={})
    except InvalidRequest as error:
        assert error.message  # noqa: PT017  an error is fine, if it has a message
        return
    assert all(step.name and step.commands for step in found.steps)
    assert len({step.name for step in found.steps}) == len(found.steps)


@given(st.binary(max_size=200))
@settings(max_examples=budget(30, full=300), deadline=None)
def test_any_bytes(data: bytes) -> None:
    check(read_yaml(data), text=True)


@given(
    st.lists(st.sampled_from(PIECES) | st.sampled_from([b"a", b"b: 1", b"\n", b"\n  ", b"\n    ", b" "]), max_size=40)
)
@settings(max_examples=budget(50, full=500), deadline=None)
def test_pieces_of_yaml_in_any_order(pieces: list[bytes]) -> None:
    check(read_yaml(b"".join(pieces)), text=True)


@given(
    st.sampled_from(TEXTS),
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from([b"", *PIECES]) | st.binary(max_size=3)),
        max_size=4,
    ),
)
@settings(max_examples=budget(60, full=600), deadline=None)
def test_changed_specifications(text: bytes, changes: list[tuple[float, int, bytes]]) -> None:
    for where, removed, added in changes:
        position = int(where * len(text))
        text = text[:position] + added + text[position + removed :]
    check(read_yaml(text), text=True)


@given(VALUES)
@settings(max_examples=budget(30, full=300), deadline=None)
def test_any_values(value: Any) -> None:
    check(read_json(value), text=False)


@given(SERIAL)
@settings(max_examples=budget(30, full=300), deadline=None)
def test_values_like_a_workflow(value: Any) -> None:
    check(read_json(value), text=False)
    check(read_yaml(json.dumps(value).encode()), text=True)
