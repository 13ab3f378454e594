"""What REANA keeps for a person: secrets for the steps, and the files of a run as long as its rules say."""

import base64

import tornado.web

from reana_jupyterlab.reana.errors import BadRequest
from reana_jupyterlab.reana.values import JsonObject

from .base import ReanaHandler, flag_of, text_of

KINDS = ("env", "file")


class SecretsHandler(ReanaHandler):
    """The names of secrets, and new ones. A value goes to REANA and never comes back."""

    known_query = {"POST": ("overwrite",)}

    @tornado.web.authenticated
    async def get(self) -> None:
        """Return `{secrets: [{name, type}]}`."""
        self.answer({"secrets": await (await self.client()).secrets()})

    @tornado.web.authenticated
    async def post(self) -> None:
        """Keep `value` under `name`, as a variable (`type` env) or a file; `overwrite` takes the place of another."""
        body = self.body()
        name, kind = text_of(body, "name"), text_of(body, "type", "env")
        if not name or kind not in KINDS:
            raise BadRequest("A secret has a name, and is a variable (env) or a file (file).")
        overwrite = flag_of(body, "overwrite", default=self.flag("overwrite"))
        await (await self.client()).add_secret(name, _value(body), kind=kind, overwrite=overwrite)
        self.succeed(f"Kept the secret {name}.")


def _value(body: JsonObject) -> bytes:
    """Return what is to be kept: a text, or with `encoding` base64 any bytes."""
    text = text_of(body, "value")
    if text_of(body, "encoding", "utf-8") != "base64":
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise BadRequest("The value of this secret is not in Base64.") from None


class SecretHandler(ReanaHandler):
    """One secret."""

    @tornado.web.authenticated
    async def delete(self, name: str) -> None:
        """Forget it."""
        await (await self.client()).delete_secret(name)
        self.succeed(f"Forgot the secret {name}.")


class PruneHandler(ReanaHandler):
    """Files of a run that nobody asked for."""

    known_query = {"POST": ("include_inputs", "include_outputs")}

    @tornado.web.authenticated
    async def post(self, workflow: str) -> None:
        """Delete what is neither input nor output; with `include_inputs`, `include_outputs` these too."""
        body = self.body()
        inputs = flag_of(body, "include_inputs", default=self.flag("include_inputs"))
        outputs = flag_of(body, "include_outputs", default=self.flag("include_outputs"))
        client = await self.client()
        name = await client.called(workflow)
        said = await client.prune(workflow, inputs=inputs, outputs=outputs)
        self.succeed(said or f"Pruned the workspace of {name}.")


class RetentionHandler(ReanaHandler):
    """Which files of a run are deleted by themselves."""

    @tornado.web.authenticated
    async def get(self, workflow: str) -> None:
        """Return `{rules: […]}` as REANA spells them."""
        self.answer({"rules": await (await self.client()).retention_rules(workflow)})
