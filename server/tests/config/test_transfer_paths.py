"""Requests that transfer files are recognized by their path alone, as Django would resolve it."""

import timeit
import types
from collections.abc import Callable, Iterator

import pytest
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

from user_workspaces.config.transfer_paths import is_transfer_path
from user_workspaces.transfers import tus
from user_workspaces.transfers.batches import save_batch
from user_workspaces.transfers.downloads import download, download_folder
from user_workspaces.transfers.request_body import pieces_of
from user_workspaces.transfers.views import is_transfer, transfer

STREAMS = (download, download_folder, pieces_of, save_batch, tus)
FRONT_ENDS = ("user_workspaces.api.", "user_workspaces.portal.", "user_workspaces.reana_api.")
RUN = "0b7e5b2c-8f1c-4c55-9d8c-2f7a4f0f6a11"
TRANSFERS = [
    "/w/7/files/",
    "/w/7/batch/",
    "/w/7/tus/",
    "/w/7/tus/abc",
    "/w/7/download",
    "/w/7/view/",
    "/w/7/remove/",
    "/w/7/environment",
    "/w/7/environment/lock/",
    "/workspaces/7/files",
    "/workspaces/7/files/a/b\n c",
    "/workspaces/7/upload/",
    "/workspaces/7/UPLOAD/",
    "/workspaces/7/tus/abc",
    "/workspaces/7/environment/lock/",
    f"/runs/{RUN}/download/",
    "/api/workflows/fit.1/workspace",
    "/api/workflows/fit.1/workspace/a/b",
]
OTHERS = [
    "/",
    "/jobs/",
    "/login/",
    "/w/7/",
    "/w/7/filesystem/",
    "/workspaces/7/",
    "/workspaces/7/runs/",
    f"/runs/{RUN}/files/",
    "/api/workflows/fit.1/logs",
    "/shared_workspaces/7/ACCEPT",
    "/nowhere/w/7/files/",
]


def views(resolver: URLResolver) -> Iterator[URLPattern]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from views(one)
        else:
            yield one


def used_by(found: object, seen: set[int]) -> Iterator[object]:
    """Yield the objects that a view uses by name, also through helpers of the front ends and through decorators."""
    if id(found) in seen:
        return
    seen.add(id(found))
    yield found
    if isinstance(found, type):
        for member in vars(found).values():
            yield from used_by(member, seen)
    elif isinstance(found, types.FunctionType):
        for name in names_in(found.__code__):
            used = found.__globals__.get(name)
            yield used
            if (getattr(used, "__module__", None) or "").startswith(FRONT_ENDS):
                yield from used_by(used, seen)
        yield from used_by(getattr(found, "__wrapped__", None), seen)
        yield from used_by(getattr(found, "cls", None), seen)


def names_in(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from names_in(constant)


def streams(view: Callable[..., object]) -> bool:
    return any(any(one is stream for stream in STREAMS) for one in used_by(view, set()))


def test_every_view_that_streams_is_marked() -> None:
    found = list(views(get_resolver()))
    streaming = {str(one.pattern) for one in found if streams(one.callback)}
    assert len(streaming) > len(TRANSFERS)
    assert streaming - {str(one.pattern) for one in found if is_transfer(one.callback)} == set()


@pytest.mark.parametrize("path", TRANSFERS)
def test_path_of_a_transfer_is_recognized(path: str) -> None:
    assert is_transfer(resolve(path).func)
    assert is_transfer_path(path)


@pytest.mark.parametrize("path", OTHERS)
def test_path_of_another_view_is_not_recognized(path: str) -> None:
    try:
        assert not is_transfer(resolve(path).func)
    except Resolver404:
        assert path.startswith(("/nowhere/", "/w/7/filesystem/"))
    assert not is_transfer_path(path)


def test_marking_does_not_change_a_view() -> None:
    def view() -> str:
        return "response"

    assert not is_transfer(view)
    assert transfer(view) is view
    assert is_transfer(view)
    assert view() == "response"


def test_recognition_is_much_faster_than_resolving() -> None:
    fast = min(timeit.repeat(lambda: is_transfer_path("/jobs/"), number=100, repeat=10))
    slow = min(timeit.repeat(lambda: resolve("/jobs/"), number=100, repeat=10))
    assert fast < slow / 5
