"""Lists directories and YAML files below Jupyter's root, to choose a `reana.yaml`."""

import asyncio
from pathlib import PurePosixPath

import tornado.web

from reana_jupyterlab.reana.errors import NotFound
from reana_jupyterlab.reana.inputs import join
from reana_jupyterlab.reana.parameters import option_fields, parameter_fields
from reana_jupyterlab.reana.rooted import Root, parts_of
from reana_jupyterlab.reana.specification import SIZE_LIMIT, Specification, loaded
from reana_jupyterlab.reana.values import JsonObject

from .base import ReanaHandler
from .serializers import field_json

YAML = (".yaml", ".yml")


class FileBrowserHandler(ReanaHandler):
    """A directory's YAML files and subdirectories."""

    known_query = {"GET": ("path",)}

    @tornado.web.authenticated
    async def get(self) -> None:
        """List `?path=`, below the root."""
        path = "/".join(parts_of(self.query("path").strip("/")))
        self.respond({"entries": await asyncio.to_thread(entries, self.services.root, path)})


class ParametersHandler(ReanaHandler):
    """Parameters and options of a `reana.yaml`, for a form."""

    known_query = {"GET": ("path",)}

    @tornado.web.authenticated
    async def get(self) -> None:
        """Describe the parameters and options of `?path=`."""
        path = "/".join(parts_of(self.query("path")))
        specification = loaded(await asyncio.to_thread(self.services.root.read_text, path, limit=SIZE_LIMIT))
        self.respond(
            {
                "name": _suggested_name(path),
                "engine": specification.engine,
                "parameters": [field_json(field) for field in parameter_fields(specification)],
                "options": [field_json(field) for field in option_fields(specification)],
                "files": list(specification.inputs("files")),
                "directories": list(specification.inputs("directories")),
                "environments": environments(specification),
            }
        )


def entries(root: Root, path: str) -> list[JsonObject]:
    """Return directories, then YAML files, sorted by name, without hidden ones."""
    # Hidden folders are not listed, so naming one in the path must not show its files either.
    if any(part.startswith(".") for part in path.split("/")):
        raise NotFound(f"'{path}' does not exist.")
    shown = [
        entry
        for entry in root.entries(path)
        if not entry.name.startswith(".") and (entry.kind == "directory" or entry.name.lower().endswith(YAML))
    ]
    shown.sort(key=lambda entry: (entry.kind == "file", entry.name.casefold(), entry.name))
    return [{"name": entry.name, "type": entry.kind, "path": join(path, entry.name)} for entry in shown]


def environments(specification: Specification) -> list[str]:
    """Return the distinct container images that the steps of a serial workflow name."""
    steps = specification.at("workflow", "specification", "steps")
    named = [step.get("environment") for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    return sorted({name for name in named if isinstance(name, str) and name})


def _suggested_name(path: str) -> str:
    """Return a run name from the folder or file name, without characters that REANA rejects."""
    name = PurePosixPath(path)
    word = name.stem if name.stem not in {"reana", ""} else name.parent.name or "workflow"
    return word.replace(".", "-").replace(" ", "-")
