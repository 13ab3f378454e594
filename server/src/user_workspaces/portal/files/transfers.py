"""Transfers: downloads, zip archives, and tus uploads for the page's script."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from user_workspaces import errors
from user_workspaces.accounts.models import User
from user_workspaces.portal.access import UserRequest, is_logged_in_user, page
from user_workspaces.portal.files.actions import chosen_in, folder_in
from user_workspaces.transfers import tus
from user_workspaces.transfers.batches import save_batch
from user_workspaces.transfers.downloads import download, download_folder
from user_workspaces.transfers.filenames import file_path
from user_workspaces.transfers.slots import TransferSlot
from user_workspaces.transfers.views import transfer
from user_workspaces.workspaces.queries import find_workspace

NOT_ALLOWED, UNAUTHORIZED = 405, 401
STATUS_OF: tuple[tuple[type[errors.UserWorkspacesError], int], ...] = (
    (errors.NotFound, 404),
    (errors.PreconditionFailed, 412),
    (errors.TooLarge, 413),
    (errors.WrongType, 415),
    (errors.Conflict, 409),
    (errors.InUse, 423),
    (errors.QuotaExceeded, 403),
    (errors.AccessDenied, 403),
    (errors.TooManyAtOnce, 429),
    (errors.InvalidRequest, 400),
    (errors.UnsafePath, 400),
    (errors.PathNotFound, 400),
    (errors.UserWorkspacesError, 507),
)
"""Status codes for the script; the first matching class counts, so subclasses come first."""


@transfer
@page("GET", "POST")
def download_files(request: UserRequest, workspace_id: int) -> HttpResponseBase:
    """Send the file `path`, or a zip archive: without `path` of the open folder, on POST of the selected files."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    if request.method == "POST":
        folder = folder_in(request)
        names = [path.removeprefix(f"{folder}/") if folder else path for path in chosen_in(request)]
        return download_folder(request, workspace, folder, user_id=request.user.pk, names=names)
    path = request.GET.get("path", "")
    return download(request, workspace, file_path(path) if path.strip("/") else "", user_id=request.user.pk)


def _for_script(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a view for scripts: JSON errors instead of pages and redirects, always with the headers of tus."""

    @never_cache
    @wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        # A redirect to the login page would look like a successful upload to the script.
        if not is_logged_in_user(request):
            return tus.finished(_json_message("You are no longer logged in.", UNAUTHORIZED))
        try:
            return view(request, *args, **kwargs)
        except errors.UserWorkspacesError as error:
            status = next(status for kind, status in STATUS_OF if isinstance(error, kind))
            return tus.finished(_json_message(error.message, status))

    return wrapper


@transfer
@_for_script
def uploads(request: HttpRequest, workspace_id: int) -> HttpResponse:
    """Create an upload."""
    if request.method != "POST":
        return tus.finished(_json_message("This method is not allowed.", NOT_ALLOWED))
    upload_request = _parse_request(request, workspace_id)
    return tus.create(
        upload_request, location_of=lambda upload_id: reverse("portal:upload", args=[workspace_id, upload_id])
    )


@transfer
@_for_script
def upload(request: HttpRequest, workspace_id: int, upload_id: str) -> HttpResponse:
    """Return the offset of an upload, append to it, or cancel it."""
    handler = {"HEAD": tus.head, "PATCH": tus.patch, "DELETE": tus.delete}.get(request.method or "")
    if handler is None:
        return tus.finished(_json_message("This method is not allowed.", NOT_ALLOWED))
    return handler(_parse_request(request, workspace_id), upload_id)


@transfer
@_for_script
def batch(request: HttpRequest, workspace_id: int) -> HttpResponse:
    """Write many small files; the response lists those that failed, with their errors."""
    if request.method != "POST":
        return tus.finished(_json_message("This method is not allowed.", NOT_ALLOWED))
    upload_request = _parse_request(request, workspace_id)
    with TransferSlot(upload_request.user_id):
        saved = save_batch(request, upload_request.workspace, now=upload_request.now)
    problems = [{"path": one.path, "message": one.problem} for one in saved if one.problem]
    return tus.finished(JsonResponse({"success": True, "saved": len(saved) - len(problems), "problems": problems}))


def _parse_request(request: HttpRequest, workspace_id: int) -> tus.UploadRequest:
    if not isinstance(request.user, User):
        raise errors.NotFound(f"Workspace {workspace_id} not found for user.")
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    return tus.UploadRequest(request=request, workspace=workspace, user_id=request.user.pk, now=timezone.now())


def _json_message(message: str, status: int) -> HttpResponse:
    return JsonResponse({"success": False, "message": message}, status=status)
