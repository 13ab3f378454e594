"""The form of a `reana.yaml`, as a JSON Schema, after REANA's documentation; unknown keys are warned of elsewhere."""

from typing import Any

ENGINES = ("serial", "snakemake", "cwl", "yadage")
OPTIONS_OF_SERIAL = ("CACHE", "FROM", "TARGET")

_TEXT = {"type": "string", "minLength": 1}
_CPUS = {"type": ["string", "number"], "pattern": r"^[0-9]*(\.[0-9]+)?m?$"}
_TEXTS = {"type": "array", "items": _TEXT}
_PLACES = {"type": "object", "properties": {"files": _TEXTS, "directories": _TEXTS}}

STEP: dict[str, Any] = {
    "type": "object",
    "required": ["commands", "environment"],
    "properties": {
        "name": _TEXT,
        "environment": {**_TEXT, "pattern": r"^[A-Za-z0-9_./][^\s]*$"},
        "commands": {"type": "array", "items": _TEXT, "minItems": 1},
        "compute_backend": _TEXT,
        "kerberos": {"type": "boolean"},
        "rucio": {"type": "boolean"},
        "voms_proxy": {"type": "boolean"},
        "unpacked_img": {"type": "boolean"},
        "kubernetes_uid": {"type": "integer", "minimum": 0},
        "kubernetes_memory_limit": {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?([EPTGMK]i?)?$"},
        "kubernetes_memory_request": {"type": "string"},
        "kubernetes_cpu_limit": _CPUS,
        "kubernetes_cpu_request": _CPUS,
        "kubernetes_job_timeout": {"type": "integer", "minimum": 1},
        "htcondor_max_runtime": _TEXT,
        "htcondor_accounting_group": _TEXT,
        "slurm_partition": _TEXT,
        "slurm_time": _TEXT,
        "dependencies": _TEXTS,
    },
}

SPECIFICATION: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["workflow"],
    "properties": {
        "version": {"type": "string"},
        "inputs": {
            **_PLACES,
            "properties": {
                **_PLACES["properties"],  # type: ignore[dict-item] # a literal of two kinds of values
                "parameters": {"type": "object"},
                "options": {"type": "object"},
            },
        },
        "outputs": _PLACES,
        "workspace": {
            "type": "object",
            "properties": {
                "root_path": _TEXT,
                "retention_days": {"type": "object", "additionalProperties": {"type": ["integer", "null"]}},
            },
        },
        "tests": {"type": "object", "properties": {"files": _TEXTS}},
        "workflow": {
            "type": "object",
            "required": ["type"],
            "properties": {
                "type": {"enum": list(ENGINES)},
                "file": _TEXT,
                "resources": {"type": "object"},
                "specification": {"type": "object"},
            },
            "if": {"properties": {"type": {"const": "serial"}}},
            "then": {
                "required": ["specification"],
                "properties": {
                    "specification": {
                        "required": ["steps"],
                        "properties": {"steps": {"type": "array", "minItems": 1, "items": STEP}},
                    }
                },
            },
            "else": {
                "if": {"properties": {"type": {"enum": list(ENGINES)}}},
                "then": {"anyOf": [{"required": ["file"]}, {"required": ["specification"]}]},
            },
        },
    },
}

KNOWN_KEYS: dict[str, frozenset[str]] = {
    "": frozenset(SPECIFICATION["properties"]),
    "inputs": frozenset(SPECIFICATION["properties"]["inputs"]["properties"]),
    "outputs": frozenset(_PLACES["properties"]),
    "workflow": frozenset(SPECIFICATION["properties"]["workflow"]["properties"]),
    "workspace": frozenset(SPECIFICATION["properties"]["workspace"]["properties"]),
}
