"""Secrets of the user, and pruning and retention of the files of runs."""

import base64

import tornado.web

from reana_jupyterlab.reana.errors import BadRequest
from reana_jupyterlab.reana.values import JsonObject

from .base import ReanaHandler, flag_of, text_of

KINDS = ("env", "file")


class SecretsHandler(ReanaHandler):
    """Lists and creates secrets; values are write-only."""

    known_query = {"POST": ("overwrite",)}

    @tornado.web.authenticated
    async def get(self) -> None:
        """Return `{secrets: [{name, type}]}`."""
        self.respond({"secrets": await (await self.client()).secrets()})

    @tornado.web.authenticated
    async def post(self) -> None:
        """Save `value` as secret `name`, a variable (`type` env) or a file; `overwrite` replaces an existing one."""
        body = self.body()
        name, kind = text_of(body, "name"), text_of(body, "type", "env")
        if not name or kind not in KINDS:
            raise BadRequest("A secret needs a name and the type 'env' or 'file'.")
        overwrite = flag_of(body, "overwrite", default=self.flag("overwrite"))
        await (await self.client()).add_secret(name, _value(body), kind=kind, overwrite=overwrite)
        self.succeed(f"Saved secret {name}.")


def _value(body: JsonObject) -> bytes:
    """Return the value as bytes: text, or decoded from Base64 with `encoding` base64."""
    text = text_of(body, "value")
    if text_of(body, "encoding", "utf-8") != "base64":
        return text.encode()
    try:
        # Without `validate`, invalid characters are dropped and a different value would be saved.
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise BadRequest("The value of this secret is not valid Base64.") from None


class SecretHandler(ReanaHandler):
    """One secret."""

    @tornado.web.authenticated
    async def delete(self, name: str) -> None:
        """Delete it."""
        await (await self.client()).delete_secret(name)
        self.succeed(f"Deleted secret {name}.")


class PruneHandler(ReanaHandler):
    """Deletes files of a run that are neither inputs nor outputs."""

    known_query = {"POST": ("include_inputs", "include_outputs")}

    @tornado.web.authenticated
    async def post(self, workflow: str) -> None:
        """Delete what is neither input nor output; with `include_inputs`, `include_outputs` these too."""
        body = self.body()
        inputs = flag_of(body, "include_inputs", default=self.flag("include_inputs"))
        outputs = flag_of(body, "include_outputs", default=self.flag("include_outputs"))
        client = await self.client()
        name = await client.name_of(workflow)
        said = await client.prune(workflow, inputs=inputs, outputs=outputs)
        self.succeed(said or f"Pruned the workspace of {name}.")


class RetentionHandler(ReanaHandler):
    """Retention rules of a run."""

    @tornado.web.authenticated
    async def get(self, workflow: str) -> None:
        """Return `{rules: […]}` as REANA spells them."""
        self.respond({"rules": await (await self.client()).retention_rules(workflow)})
