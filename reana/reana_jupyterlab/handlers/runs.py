"""Making runs and acting on them: validate, create, start, stop, restart, share."""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Literal, Protocol

import tornado.web

from reana_jupyterlab.reana.answers import text
from reana_jupyterlab.reana.errors import BadRequest, ReanaError
from reana_jupyterlab.reana.inputs import join
from reana_jupyterlab.reana.rooted import Root, parts_of
from reana_jupyterlab.reana.specification import SIZE_LIMIT
from reana_jupyterlab.reana.uploads import OnProgress, Order, complete, run
from reana_jupyterlab.reana.validate import Problem, problems, report
from reana_jupyterlab.reana.values import Created, JsonObject

from .base import ReanaHandler, flag_of, object_of, text_of
from .shapes import created_json, problem_json, workflow_json

YAML = (".yaml", ".yml")
ENGINES_SECONDS = 2.0
"""So long a check waits to be told which types of workflow the server runs."""


class Make(Protocol):
    """Makes a run, and tells its progress."""

    async def __call__(self, *, on_progress: OnProgress) -> Created:
        """Return the run."""
        ...


class WorkflowValidateHandler(ReanaHandler):
    """Whether a `reana.yaml` could be run."""

    @tornado.web.authenticated
    async def post(self) -> None:
        """Check the file at `path`, or the `text` that an editor holds for it; findings come with their places."""
        body = self.body()
        path = specification_path(body)
        unsaved = body.get("text")
        if unsaved is None:
            content = await asyncio.to_thread(self.services.root.read_text, path, limit=SIZE_LIMIT)
        else:
            content = text_of(body, "text", "")
        found = await asyncio.to_thread(check, self.services.root, path, content, await self._engines())
        is_good = not any(problem.severity == "error" for problem in found)
        self.answer(
            {
                "status": "success" if is_good else "error",
                "message": report(found, name=path),
                "problems": [problem_json(problem) for problem in found],
            },
            status=HTTPStatus.OK if is_good else HTTPStatus.BAD_REQUEST,
        )

    async def _engines(self) -> tuple[str, ...] | None:
        """Return the types of workflow that the server runs; None where it cannot be asked now."""
        try:
            async with asyncio.timeout(ENGINES_SECONDS):
                return await (await self.client()).engines()
        except (ReanaError, TimeoutError):
            return None


class WorkflowCreateHandler(ReanaHandler):
    """A new run."""

    @tornado.web.authenticated
    async def post(self) -> None:
        """Create, upload, start; with `background` the answer is a transfer to watch, otherwise the run."""
        body = self.body()
        order = order_of(body, name=text_of(body, "name", ""))
        await self.answer_with(partial(run, await self.client(), self.services.root, order), order)

    async def answer_with(self, make: Make, order: Order) -> None:
        """Make the run, in the background where the request wants it so."""
        work = partial(tell_made, make, order)
        if flag_of(self.body(), "background", default=False):
            transfer = self.services.transfers.start(work, kind="run", title=order.name)
            self.answer(transfer.as_json(), status=HTTPStatus.ACCEPTED)
            return
        # The run is finished even when the browser goes away: half a run would be worse than one unseen.
        self.answer(await asyncio.shield(asyncio.ensure_future(work(lambda _: None))))


class RunInputsHandler(WorkflowCreateHandler):
    """The inputs of a run whose making broke off."""

    @tornado.web.authenticated
    async def post(self, workflow: str) -> None:
        """Upload the inputs of the specification at `path`, and start it; otherwise as a new run."""
        client = await self.client()
        order = order_of(self.body(), name=await client.called(workflow))
        await self.answer_with(partial(complete, client, self.services.root, workflow, order), order)


class StartHandler(ReanaHandler):
    """Starting what was created."""

    @tornado.web.authenticated
    async def post(self, workflow: str) -> None:
        """Start with `parameters` and `options`."""
        body = self.body()
        client = await self.client()
        name = await client.called(workflow)
        await client.start(workflow, parameters=object_of(body, "parameters"), options=object_of(body, "options"))
        self.succeed(f"Started {name}.", workflow=workflow_json(await client.workflow(workflow)))


class RestartHandler(ReanaHandler):
    """A new run of an ended one, in the same workspace."""

    @tornado.web.authenticated
    async def post(self, workflow: str) -> None:
        """Restart with other `parameters` and `options`; the answer names the new run."""
        body = self.body()
        client = await self.client()
        name = await client.called(workflow)
        parameters, options = object_of(body, "parameters"), object_of(body, "options")
        answer = await client.start(workflow, parameters=parameters, options=options, restart=True)
        new = await client.workflow(text(answer, "workflow_id"))
        self.succeed(f"Restarted {name} as {new.name}.", workflow=workflow_json(new))


class StopHandler(ReanaHandler):
    """The end of a run, by force."""

    @tornado.web.authenticated
    async def post(self, workflow: str) -> None:
        """Stop it."""
        client = await self.client()
        name = await client.called(workflow)
        await client.stop(workflow)
        self.succeed(f"Stopped {name}.")


class ShareHandler(ReanaHandler):
    """Who else may read a run, where REANA offers it."""

    known_query = {"DELETE": ("email", "user_email_to_unshare_with")}

    @tornado.web.authenticated
    async def get(self, workflow: str) -> None:
        """Return `{shares: [{user_email, valid_until}]}`."""
        self.answer({"shares": await (await self.client()).shares(workflow)})

    @tornado.web.authenticated
    async def post(self, workflow: str) -> None:
        """Share with `email`, if wanted with a `message` and until a date `valid_until`."""
        body = self.body()
        email, message = text_of(body, "email"), text_of(body, "message", "")
        client = await self.client()
        name = await client.called(workflow)
        await client.share(workflow, email=email, message=message, valid_until=text_of(body, "valid_until", ""))
        self.succeed(f"Shared {name} with {email}.")

    @tornado.web.authenticated
    async def delete(self, workflow: str) -> None:
        """Take it back from `?email=`."""
        email = self.query("email") or self.query("user_email_to_unshare_with")
        if not email:
            raise BadRequest("Name the e-mail address of a person.")
        client = await self.client()
        name = await client.called(workflow)
        await client.unshare(workflow, email=email)
        self.succeed(f"{name} is not shared with {email} any more.")


def specification_path(body: JsonObject) -> str:
    """Return the path of a `reana.yaml` that a request names."""
    path = "/".join(parts_of(text_of(body, "path").strip("/")))
    if not path.lower().endswith(YAML):
        raise BadRequest(f"'{path}' is not a YAML file: its name has to end in .yaml or .yml.")
    return path


def check(root: Root, path: str, content: str, engines: tuple[str, ...] | None = None) -> list[Problem]:
    """Return what is wrong with a specification that lies, or will lie, at `path`."""
    folder = path.rpartition("/")[0]

    def exists(name: str) -> Literal["file", "directory", ""]:
        try:
            return root.kind(join(folder, "/".join(parts_of(name))))
        except BadRequest:
            return ""

    return problems(content, exists=exists, engines=engines)


def order_of(body: JsonObject, *, name: str) -> Order:
    """Return what is wanted of a run, as a request says it."""
    return Order(
        name=name,
        path=specification_path(body),
        parameters=object_of(body, "parameters"),
        options=object_of(body, "options"),
        start=flag_of(body, "start", default=True),
    )


async def tell_made(make: Make, order: Order, on_progress: OnProgress) -> JsonObject:
    """Make a run; return the answer that says so."""
    created = await make(on_progress=on_progress)
    did = "Created and started" if order.start else "Created"
    said = " ".join([f"{did} {created.name}.", *created.warnings])
    return {"status": "success", "message": said, "workflow": created_json(created)}
