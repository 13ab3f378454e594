"""Sizes have the numbers of JupyterLab's file browser, with binary units."""

import re

import pytest

from support.server_process import REPOSITORY
from user_workspaces.interfaces.sizes import UNITS, size_text
from user_workspaces.portal.templatetags.portal import size
from user_workspaces.reana_api.serializers import human_bytes

SIZES = {0: "0 B", 953: "953 B", 1536: "1.5 KiB", 626_000_000: "597 MiB", 50 << 30: "50 GiB", 1 << 40: "1 TiB"}


@pytest.mark.parametrize(("number", "text"), SIZES.items())
def test_sizes_are_written_one_way(number: int, text: str) -> None:
    assert (size_text(number), size(number).replace("\N{NO-BREAK SPACE}", " ")) == (text, text)
    assert human_bytes(number).replace("Bytes", "B") == text


def test_largest_unit_has_no_end() -> None:
    assert size_text(5000 << 50) == "5000 PiB"


@pytest.mark.parametrize(
    "path", ["server/src/user_workspaces/portal/static/uws/uploadlist.js", "reana/src/model/time.ts"]
)
def test_browsers_write_the_same_units(path: str) -> None:
    text = (REPOSITORY / path).read_text()
    (units,) = re.findall(r"""\[((?:["']\w?i?B["'],? ?)+)\]""", text)
    assert tuple(re.findall(r"\w+", units)) == UNITS
    assert "1024" in text
