"""Incremental JSON parsing at every chunk boundary."""

import json
import random
from typing import Any

import pytest

from reana_jupyterlab.reana.errors import InvalidResponse
from reana_jupyterlab.reana.json_stream import JsonStream, Path, Scalar


class RecordingListener:
    def __init__(self) -> None:
        self.values: dict[Path, Any] = {}

    def on_text(self, path: Path, piece: str) -> None:
        self.values[path] = self.values.get(path, "") + piece

    def on_scalar(self, path: Path, value: Scalar) -> None:
        self.values[path] = value


def read(text: str, *, piece: int) -> dict[Path, Any]:
    heard = RecordingListener()
    stream = JsonStream(heard)
    for start in range(0, len(text), piece):
        stream.feed(text[start : start + piece])
    stream.close()
    return heard.values


def flat(value: Any, path: Path = ()) -> dict[Path, Any]:
    if isinstance(value, dict):
        return {key: one for name, item in value.items() for key, one in flat(item, (*path, name)).items()}
    if isinstance(value, list):
        return {key: one for item in value for key, one in flat(item, (*path, "*")).items()}
    return {path: value}


DOCUMENTS: list[Any] = [
    {"a": "text", "b": {"c": 1.5, "d": None, "e": True}, "f": ["x"]},
    {"quotes": 'a "b" \\ / \b\f\n\r\t', "ü": "😀 é \u2028", "deep": {"x": {"y": {"z": ""}}}},
    {"numbers": {"a": -1e10, "b": 0, "c": 12345678901234567890}},
    {},
    [],
    "only a text",
    17,
]


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("is_ascii", [True, False])
@pytest.mark.parametrize("piece", [1, 2, 3, 5, 7, 11, 10_000])
def test_chunks_equal_the_whole_document(document: Any, is_ascii: bool, piece: int) -> None:
    text = json.dumps(document, ensure_ascii=is_ascii)
    assert read(text, piece=piece) == flat(document)


@pytest.mark.parametrize("seed", range(30))
def test_random_texts_survive_random_cuts(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test
    signs = 'abc"\\\n\t/ü😀{}[],: \u0000'
    document = {f"k{n}": "".join(chance.choices(signs, k=chance.randint(0, 60))) for n in range(5)}
    text = json.dumps(document, ensure_ascii=bool(seed % 2), indent=seed % 3 or None)
    heard = RecordingListener()
    stream = JsonStream(heard)
    while text:
        size = chance.randint(1, 9)
        stream.feed(text[:size])
        text = text[size:]
    stream.close()
    assert heard.values == flat(document)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"a": "x',
        '{"a": tru}',
        "}",
        "[}",
        '{"a": "\\x"}',
        "nonsense",
        '"a',
        "[" * 100,
        '{"a": "\\ud83"}',
        "{]",
    ],
)
def test_invalid_json_is_rejected(text: str) -> None:
    with pytest.raises(InvalidResponse):
        read(text, piece=3)


def test_key_or_number_without_end_is_refused() -> None:
    with pytest.raises(InvalidResponse):
        read('{"' + "k" * 10_000 + '": 1}', piece=100)
    with pytest.raises(InvalidResponse):
        read("1" * 10_000, piece=100)
