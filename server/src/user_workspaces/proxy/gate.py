"""What Django answers on a session's path: the way in, and the notices when there is nothing to relay to."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from user_workspaces import registry
from user_workspaces.jobs.addresses import base_path
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import ENDED
from user_workspaces.jobs.tickets import (
    COOKIE_LIFETIME,
    TICKET_PARAMETER,
    Claim,
    Purpose,
    cookie_name,
    sign,
    verify,
)
from user_workspaces.proxy import feed

CHALLENGE = f'Ticket realm="user workspaces session", parameter="{TICKET_PARAMETER}"'
"""A session is opened by the ticket in the address that the API and the portal give; browsers ask nobody for it."""


@csrf_exempt
def session_gate(request: HttpRequest, hostname: str, job_id: str, rest: str = "") -> HttpResponse:  # noqa: ARG001  the host in the path is never trusted
    """Trade a ticket for a cookie, or say why there is no session to be seen.

    It changes nothing on the server, so there is nothing to forge: methods other than GET get a refusal.
    """
    job = Job.objects.select_related("owner").defer("secret", "endpoint").filter(pk=int(job_id)).first()
    ticket = request.GET.get(TICKET_PARAMETER)
    if ticket is not None and request.method in {"GET", "HEAD"}:
        return _admit(request, job, ticket)
    if not _may_see(request, job):
        return _send_to_the_hub(request, int(job_id), rest)
    assert job is not None  # noqa: S101  somebody who may see it has one to see
    return _ended(request, job) if job.status in ENDED or job.status == "stopping" else _waiting(request, job)


def _admit(request: HttpRequest, job: Job | None, ticket: str) -> HttpResponse:
    """Take the ticket out of the address, whether it is good or not: a used one is nobody's business."""
    now = timezone.now()
    claim = verify(ticket, Purpose.TICKET, job_id=job.pk, now=now) if job else None
    if job is None or claim is None or not _is_owner(claim, job):
        if _may_see(request, job):
            return HttpResponseRedirect(_without_ticket(request))
        return _refused(request, "This link is used up or too old.")
    feed.catch_up()
    answer = HttpResponseRedirect(_without_ticket(request))
    answer.set_cookie(
        cookie_name(job.pk),
        sign(claim, Purpose.COOKIE, now=now),
        max_age=int(COOKIE_LIFETIME.total_seconds()),
        path=base_path(resource=job.resource, job_id=job.pk),
        secure=registry.site().base_url.startswith("https://"),
        httponly=True,
        samesite="Lax",
    )
    answer["Cache-Control"] = "no-store"
    return answer


def _without_ticket(request: HttpRequest) -> str:
    """Return the path alone: with the host it could be made to lead elsewhere."""
    left = request.GET.copy()
    del left[TICKET_PARAMETER]
    path = "/" + request.path.lstrip("/")
    return f"{path}?{left.urlencode()}" if left else path


def _may_see(request: HttpRequest, job: Job | None) -> bool:
    if job is None:
        return False
    text = request.COOKIES.get(cookie_name(job.pk), "")
    claim = verify(text, Purpose.COOKIE, job_id=job.pk, now=timezone.now())
    return claim is not None and _is_owner(claim, job)


def _is_owner(claim: Claim, job: Job) -> bool:
    owner = job.owner
    return owner.is_active and (claim.user_id, claim.epoch) == (owner.pk, owner.session_epoch)


def _send_to_the_hub(request: HttpRequest, job_id: int, rest: str) -> HttpResponse:
    """A bookmark of a session works: the hub knows the person, and sends them back with a ticket."""
    if not _is_navigation(request):
        answer = _refuse_program(401, "Open the session from the workspace's page first.")
        answer["WWW-Authenticate"] = CHALLENGE
        return answer
    query = urlencode({"to": f"{rest}?{request.GET.urlencode()}" if request.GET else rest})
    return HttpResponseRedirect(f"{registry.site().base_url}/open/{job_id}/?{query}")


def _waiting(request: HttpRequest, job: Job) -> HttpResponse:
    if not _is_navigation(request):
        return _refuse_program(503, job.message)
    answer = render(request, "proxy/waiting.html", _notice(job), status=503)
    answer["Retry-After"] = "1"
    answer["Cache-Control"] = "no-store"
    return answer


def _ended(request: HttpRequest, job: Job) -> HttpResponse:
    if not _is_navigation(request):
        return _refuse_program(410, "This session has ended.")
    return render(request, "proxy/ended.html", _notice(job), status=410)


def _notice(job: Job) -> dict[str, object]:
    """What a notice says: which application, why, and the way back to the hub (another origin than this)."""
    job_type = registry.site().job_types.get(job.job_type)
    return {"job": job, "name": job_type.name if job_type else job.job_type, "hub": registry.site().base_url}


def _refused(request: HttpRequest, message: str) -> HttpResponse:
    if not _is_navigation(request):
        return _refuse_program(403, message)
    return render(request, "proxy/refused.html", {"message": message, "hub": registry.site().base_url}, status=403)


def _refuse_program(status: int, message: str) -> HttpResponse:
    return JsonResponse({"success": False, "message": message}, status=status)


def _is_navigation(request: HttpRequest) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")
