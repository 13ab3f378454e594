"""Django's views on a session's path: opening a session, and status pages of a session that is not ready.

A browser opens a session in three steps, each a redirect. The session's host sets a cookie with a secret and redirects
to the portal with the secret's hash. The portal knows the login, and redirects back with an entry that is bound to the
hash. The session's host exchanges the entry for the session's cookie.
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from user_workspaces import registry
from user_workspaces.interfaces.endpoint import Mount
from user_workspaces.jobs import tickets
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import mount_of
from user_workspaces.jobs.session_urls import base_path
from user_workspaces.jobs.status import ENDED
from user_workspaces.jobs.tickets import BROWSER_PARAMETER, TICKET_PARAMETER, Purpose, SessionEntry, TicketClaims
from user_workspaces.jobs.used_tickets import use_once
from user_workspaces.proxy.middleware import RequestOrigin, origin_of
from user_workspaces.proxy.routing import route_watcher
from user_workspaces.request_target import path_as_sent, query_as_sent, target

CHALLENGE = f'Ticket realm="user workspaces session", parameter="{TICKET_PARAMETER}"'
"""Names the query parameter that opens a session. Browsers show no dialog for this unknown scheme."""
SLASHES = 4
"""Slashes before the page in a path such as `/passthrough/local/12/lab`."""
OTHER_BROWSER = (
    "This link was created for another browser, or this browser does not store cookies of the session's address."
)
USED_UP = "This link has already been used, or it has expired."


@csrf_exempt
def session_entry(request: HttpRequest, hostname: str, job_id: str) -> HttpResponse:  # noqa: ARG001  the host in the path is never trusted
    """Open a session step by step, or show its status page.

    The view is exempt from CSRF checks because it changes nothing; methods other than GET are rejected.
    """
    job = Job.objects.select_related("owner").defer("secret", "endpoint").filter(pk=int(job_id)).first()
    ticket = request.GET.get(TICKET_PARAMETER) if request.method == "GET" else None
    origin = origin_of(request)
    if not origin.is_of(job, number=int(job_id)):
        return _redirect_to_portal(request, int(job_id), ticket)
    if _may_see(request, job):
        assert job is not None  # noqa: S101  a valid cookie names an existing job
        return _without_ticket(request) if ticket is not None else _status_response(request, job)
    if ticket is not None:
        return _continue(request, job, origin, ticket)
    if not _is_navigation(request):
        return _unauthorized()
    return _begin(request, job, origin, number=int(job_id))


@csrf_exempt
def with_slash(request: HttpRequest) -> HttpResponse:
    """Redirect a path without its trailing slash to the root of the session."""
    if not _is_navigation(request):
        return _json_error(HTTPStatus.NOT_FOUND, "Not found.")
    path = "/" + path_as_sent(request).lstrip("/")
    return _no_store(HttpResponseRedirect(target(f"{path}/", query_as_sent(request))))


def _redirect_to_portal(request: HttpRequest, job_id: int, ticket: str | None) -> HttpResponse:
    """Redirect from a host of the portal to the session's host, before any cookie is read."""
    claim = tickets.verify(ticket, Purpose.TICKET, job_id=job_id, now=timezone.now()) if ticket else None
    if claim is None and not _is_navigation(request):
        return _unauthorized()
    query = {"to": _requested_page(request)} | ({} if ticket is None else {TICKET_PARAMETER: ticket})
    return _no_store(HttpResponseRedirect(f"/open/{job_id}/?{urlencode(query)}"))


def _status_response(request: HttpRequest, job: Job) -> HttpResponse:
    """Respond on the base path of a session that is not reachable there."""
    if job.status in ENDED or job.status == "stopping":
        return _ended(request, job)
    return _to_root(request, job) if mount_of(job) is Mount.ROOT else _waiting(request, job)


def _continue(request: HttpRequest, job: Job | None, origin: RequestOrigin, ticket: str) -> HttpResponse:
    """Take the next step for this kind of ticket."""
    if job is None:
        return _forbidden(request, USED_UP)
    entry = tickets.read_entry(ticket, job_id=job.pk)
    if entry is not None:
        return _enter(request, job, entry, ticket)
    portal = tickets.read_start(ticket, job_id=job.pk)
    if portal is not None:
        return _begin(request, job, origin, number=job.pk, portal=portal)
    claim = tickets.verify(ticket, Purpose.TICKET, job_id=job.pk, now=timezone.now())
    if claim is None or not _is_owner(claim, job):
        return _forbidden(request, USED_UP)
    return _begin(request, job, origin, number=job.pk, ticket=ticket)


def _begin(
    request: HttpRequest,
    job: Job | None,
    origin: RequestOrigin,
    *,
    number: int,
    portal: str | None = None,
    ticket: str | None = None,
) -> HttpResponse:
    """Set the cookie with the browser's secret, and redirect to the portal for an entry."""
    name = tickets.browser_cookie_name(number)
    known = request.COOKIES.get(name, "")
    # Two tabs may open the session at the same time: they share the secret.
    secret = known if tickets.BROWSER_SECRET.fullmatch(known) else tickets.new_browser_secret()
    query = {BROWSER_PARAMETER: tickets.browser_hash(secret), "to": _requested_page(request)}
    query |= {} if ticket is None else {TICKET_PARAMETER: ticket}
    response = HttpResponseRedirect(f"{portal or origin.portal(request)}/open/{number}/?{urlencode(query)}")
    response.set_cookie(name, secret, max_age=tickets.START_LIFETIME, **_cookie_options(job))
    return _no_store(response)


def _enter(request: HttpRequest, job: Job, entry: SessionEntry, text: str) -> HttpResponse:
    """Exchange an entry for the session's cookie, in the browser that requested it."""
    secret = request.COOKIES.get(tickets.browser_cookie_name(job.pk), "")
    # Without this check, another user could lead this browser into a session with their own entry (login CSRF).
    if not secret or tickets.browser_hash(secret) != entry.browser:
        return _forbidden(request, OTHER_BROWSER)
    # The entry is used up last, so that a failed check does not spend it.
    if not _is_owner(entry.claim, job) or not use_once(text):
        return _forbidden(request, USED_UP)
    # Without its route, the redirected request would not reach the session.
    route_watcher.catch_up()
    response = _without_ticket(request)
    value = tickets.sign(entry.claim, Purpose.COOKIE, now=timezone.now())
    response.set_cookie(tickets.cookie_name(job.pk), value, max_age=tickets.COOKIE_LIFETIME, **_cookie_options(job))
    return response


def _to_root(request: HttpRequest, job: Job) -> HttpResponse:
    """Redirect from the base path to the same page at the root of the session's origin, with a cookie for that path."""
    route_watcher.catch_up()  # without its route the proxy would redirect back here
    response = HttpResponseRedirect("/" + _requested_page(request).lstrip("/"))
    value = request.COOKIES[tickets.cookie_name(job.pk)]
    response.set_cookie(
        tickets.cookie_name(job.pk), value, max_age=tickets.COOKIE_LIFETIME, **_cookie_options(job, for_host=True)
    )
    return _no_store(response)


def _cookie_options(job: Job | None, *, for_host: bool = False) -> dict[str, Any]:
    """Return the attributes of a session's cookie; browsers accept the prefix `__Host-` only with the path `/`."""
    secure = bool(settings.SESSION_COOKIE_SECURE)
    path = "/" if secure or for_host or job is None else base_path(resource=job.resource, job_id=job.pk)
    # With `Strict`, a link on another site would open the session without its cookie.
    return {"path": path, "secure": secure, "httponly": True, "samesite": "Lax"}


def _without_ticket(request: HttpRequest) -> HttpResponse:
    """Redirect to the same path without the ticket. A URL with a host would be an open redirect."""
    path = "/" + path_as_sent(request).lstrip("/")
    return _no_store(HttpResponseRedirect(target(path, query_as_sent(request, without=TICKET_PARAMETER))))


def _requested_page(request: HttpRequest) -> str:
    """Return the requested page below the base path, quoted as it was sent."""
    parts = path_as_sent(request).split("/", SLASHES)
    rest = parts[SLASHES] if len(parts) > SLASHES else ""  # Django decoded a `%2F` before it matched the path
    return target(rest, query_as_sent(request, without=TICKET_PARAMETER))


def _may_see(request: HttpRequest, job: Job | None) -> bool:
    if job is None:
        return False
    text = request.COOKIES.get(tickets.cookie_name(job.pk), "")
    claim = tickets.verify(text, Purpose.COOKIE, job_id=job.pk, now=timezone.now())
    return claim is not None and _is_owner(claim, job)


def _is_owner(claim: TicketClaims, job: Job) -> bool:
    owner = job.owner
    return owner.is_active and (claim.user_id, claim.epoch) == (owner.pk, owner.session_epoch)


def _unauthorized() -> HttpResponse:
    response = _json_error(HTTPStatus.UNAUTHORIZED, "Open the session from the workspace's page first.")
    response["WWW-Authenticate"] = CHALLENGE
    return response


def _waiting(request: HttpRequest, job: Job) -> HttpResponse:
    status = HTTPStatus.SERVICE_UNAVAILABLE
    if _is_navigation(request):
        response = render(request, "proxy/waiting.html", _status_page(request, job), status=status)
    else:
        response = _json_error(status, job.message)
    response["Retry-After"] = "1"
    return _no_store(response)


def _ended(request: HttpRequest, job: Job) -> HttpResponse:
    if not _is_navigation(request):
        return _json_error(HTTPStatus.GONE, "This session has ended.")
    return render(request, "proxy/ended.html", _status_page(request, job), status=HTTPStatus.GONE)


def _status_page(request: HttpRequest, job: Job) -> dict[str, object]:
    """Return the context of a status page; its links lead to the portal, which is another origin."""
    job_type = registry.site().job_types.get(job.job_type)
    name = job_type.name if job_type else job.job_type
    return {"job": job, "name": name, "portal": origin_of(request).portal(request)}


def _forbidden(request: HttpRequest, message: str) -> HttpResponse:
    if not _is_navigation(request):
        return _json_error(HTTPStatus.FORBIDDEN, message)
    context = {"message": message, "portal": origin_of(request).portal(request)}
    return _no_store(render(request, "proxy/refused.html", context, status=HTTPStatus.FORBIDDEN))


def _json_error(status: int, message: str) -> HttpResponse:
    return JsonResponse({"success": False, "message": message}, status=status)


def _no_store(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response


def _is_navigation(request: HttpRequest) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")
