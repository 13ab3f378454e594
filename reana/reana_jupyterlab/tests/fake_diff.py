"""REANA's comparison of two workspaces: the output of `diff`, with names of runs instead of directories."""

import json
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from reana_jupyterlab.tests.fake_reana import Exchange, Run


def diff(exchange: Exchange, first: str, second: str) -> None:
    one, other = exchange.run(first), exchange.run(second)
    if one and other:
        lines = {"inputs": ["- a: 1", "+ a: 2"]}
        brief, context = exchange.one("brief") == "true", exchange.one("context_lines", "5")
        listing = compared(one, other, brief=brief, context=context)
        exchange.json({"reana_specification": json.dumps(lines), "workspace_listing": json.dumps(listing)})


def compared(one: Run, other: Run, *, brief: bool, context: str = "5") -> str:
    with TemporaryDirectory() as folder:
        places = [Path(folder) / name for name in ("a", "b")]
        for place, run in zip(places, (one, other), strict=True):
            place.mkdir()
            for name, content in run.files.items():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_bytes(content)
        command = ["diff", f"--unified={context}", "-r", *map(str, places), *(["-q"] if brief else [])]
        said = subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout.decode()
        return said.replace(str(places[0]), one.name).replace(str(places[1]), other.name)
