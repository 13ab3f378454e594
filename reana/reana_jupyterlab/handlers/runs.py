"""Creates runs and acts on them: validate, create, start, stop, restart, share."""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Literal, Protocol

import tornado.web

from reana_jupyterlab.reana.errors import BadRequest, ReanaError
from reana_jupyterlab.reana.inputs import join
from reana_jupyterlab.reana.responses import text
from reana_jupyterlab.reana.rooted import Root, parts_of
from reana_jupyterlab.reana.specification import SIZE_LIMIT
from reana_jupyterlab.reana.uploads import OnProgress, RunRequest, complete, run
from reana_jupyterlab.reana.validate import Problem, problems, report
from reana_jupyterlab.reana.values import Created, JsonObject

from .base import ReanaHandler, flag_of, object_of, text_of
from .serializers import created_json, problem_json, workflow_json

YAML = (".yaml", ".yml")
ENGINES_SECONDS = 2.0
"""Time limit for asking the server which workflow engines it supports during a validation."""


class CreateRun(Protocol):
    """Creates a run and reports its progress."""

    async def __call__(self, *, on_progress: OnProgress) -> Created:
        """Return the run."""
        ...


class WorkflowValidateHandler(ReanaHandler):
    """Validates a `reana.yaml`."""

    @tornado.web.authenticated
    async def post(self) -> None:
        """Validate the file at `path`, or the unsaved `text` of an editor; problems have line and column."""
        body = self.body()
        path = specification_path(body)
        unsaved = body.get("text")
        if unsaved is None:
            content = await asyncio.to_thread(self.services.root.read_text, path, limit=SIZE_LIMIT)
        else:
            content = text_of(body, "text", "")
        found = await asyncio.to_thread(check, self.services.root, path, content, await self._engines())
        is_good = not any(problem.severity == "error" for problem in found)
        self.respond(
            {
                "status": "success" if is_good else "error",
                "message": report(found, name=path),
                "problems": [problem_json(problem) for problem in found],
            },
            status=HTTPStatus.OK if is_good else HTTPStatus.BAD_REQUEST,
        )

    async def _engines(self) -> tuple[str, ...] | None:
        """Return the workflow engines that the server supports; None if it cannot be asked."""
        try:
            async with asyncio.timeout(ENGINES_SECONDS):
                return await (await self.client()).engines()
        # Validation also works without a connection: then the locally known engines count.
        except (ReanaError, TimeoutError):
            return None


class WorkflowCreateHandler(ReanaHandler):
    """Creates a run."""

    @tornado.web.authenticated
    async def post(self) -> None:
        """Create, upload and start; responds with a transfer if `background` is set, else with the run."""
        body = self.body()
        order = run_request_of(body, name=text_of(body, "name", ""))
        await self.respond_with(partial(run, await self.client(), self.services.root, order), order)

    async def respond_with(self, make: CreateRun, order: RunRequest) -> None:
        """Create the run, in the background if the request asks for it."""
        work = partial(create_response, make, order)
        if flag_of(self.body(), "background", default=False):
            transfer = self.services.transfers.start(work, kind="run", title=order.name)
            self.respond(transfer.as_json(), status=HTTPStatus.ACCEPTED)
            return
        # Finish even if the browser disconnects: an incomplete run would be worse than an unseen one.
        self.respond(await asyncio.shield(asyncio.ensure_future(work(lambda _: None))))


class RunInputsHandler(WorkflowCreateHandler):
    """Completes a run whose upload or start failed."""

    @tornado.web.authenticated
    async def post(self, workflow: str) -> None:
        """Upload the inputs of the specification at `path` and start the run; the request is like that of a new run."""
        client = await self.client()
        order = run_request_of(self.body(), name=await client.name_of(workflow))
        await self.respond_with(partial(complete, client, self.services.root, workflow, order), order)


class StartHandler(ReanaHandler):
    """Starts a created run."""

    @tornado.web.authenticated
    async def post(self, workflow: str) -> None:
        """Start with `parameters` and `options`."""
        body = self.body()
        client = await self.client()
        # If this lookup fails, nothing has been changed yet.
        name = await client.name_of(workflow)
        await client.start(workflow, parameters=object_of(body, "parameters"), options=object_of(body, "options"))
        self.succeed(f"Started {name}.", workflow=workflow_json(await client.workflow(workflow)))


class RestartHandler(ReanaHandler):
    """Restarts an ended run in the same workspace."""

    @tornado.web.authenticated
    async def post(self, workflow: str) -> None:
        """Restart with other `parameters` and `options`; the response names the new run."""
        body = self.body()
        client = await self.client()
        name = await client.name_of(workflow)
        parameters, options = object_of(body, "parameters"), object_of(body, "options")
        answer = await client.start(workflow, parameters=parameters, options=options, restart=True)
        new = await client.workflow(text(answer, "workflow_id"))
        self.succeed(f"Restarted {name} as {new.name}.", workflow=workflow_json(new))


class StopHandler(ReanaHandler):
    """Stops a run."""

    @tornado.web.authenticated
    async def post(self, workflow: str) -> None:
        """Stop it."""
        client = await self.client()
        name = await client.name_of(workflow)
        await client.stop(workflow)
        self.succeed(f"Stopped {name}.")


class ShareHandler(ReanaHandler):
    """Shares a run with other users, if REANA supports it."""

    known_query = {"DELETE": ("email", "user_email_to_unshare_with")}

    @tornado.web.authenticated
    async def get(self, workflow: str) -> None:
        """Return `{shares: [{user_email, valid_until}]}`."""
        self.respond({"shares": await (await self.client()).shares(workflow)})

    @tornado.web.authenticated
    async def post(self, workflow: str) -> None:
        """Share with `email`, optionally with a `message` and until the date `valid_until`."""
        body = self.body()
        email, message = text_of(body, "email"), text_of(body, "message", "")
        client = await self.client()
        name = await client.name_of(workflow)
        await client.share(workflow, email=email, message=message, valid_until=text_of(body, "valid_until", ""))
        self.succeed(f"Shared {name} with {email}.")

    @tornado.web.authenticated
    async def delete(self, workflow: str) -> None:
        """Stop sharing with `?email=`."""
        email = self.query("email") or self.query("user_email_to_unshare_with")
        if not email:
            raise BadRequest("Give the e-mail address of a user.")
        client = await self.client()
        name = await client.name_of(workflow)
        await client.unshare(workflow, email=email)
        self.succeed(f"{name} is no longer shared with {email}.")


def specification_path(body: JsonObject) -> str:
    """Return the path of a `reana.yaml` that a request names."""
    path = "/".join(parts_of(text_of(body, "path").strip("/")))
    if not path.lower().endswith(YAML):
        raise BadRequest(f"'{path}' is not a YAML file: its name must end in .yaml or .yml.")
    return path


def check(root: Root, path: str, content: str, engines: tuple[str, ...] | None = None) -> list[Problem]:
    """Return the problems of a specification at `path`, which need not be saved yet."""
    folder = path.rpartition("/")[0]

    def exists(name: str) -> Literal["file", "directory", ""]:
        try:
            return root.kind(join(folder, "/".join(parts_of(name))))
        # A path outside Jupyter's root is reported like any other missing input.
        except BadRequest:
            return ""

    return problems(content, exists=exists, engines=engines)


def run_request_of(body: JsonObject, *, name: str) -> RunRequest:
    """Return the run that a request describes."""
    return RunRequest(
        name=name,
        path=specification_path(body),
        parameters=object_of(body, "parameters"),
        options=object_of(body, "options"),
        start=flag_of(body, "start", default=True),
    )


async def create_response(make: CreateRun, order: RunRequest, on_progress: OnProgress) -> JsonObject:
    """Create a run and return the response."""
    created = await make(on_progress=on_progress)
    did = "Created and started" if order.start else "Created"
    said = " ".join([f"{did} {created.name}.", *created.warnings])
    return {"status": "success", "message": said, "workflow": created_json(created)}
