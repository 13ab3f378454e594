"""Sharing: what one was offered, the offers of one workspace, and the people to offer it to."""

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.accounts.queries import search_users
from user_workspaces.accounts.user_search import email_shown, note_found, rule_for
from user_workspaces.interfaces.settings import UserSearch
from user_workspaces.jobs.queries import latest_job_of_each
from user_workspaces.portal.access import UserRequest, page, wants_fragment
from user_workspaces.portal.fragments import LiveFragment, live_part, respond_with
from user_workspaces.portal.htmx import done
from user_workspaces.portal.presenters.share import display_name, present_sent, view_for_receiver
from user_workspaces.portal.quotas import disk_left
from user_workspaces.portal.redirects import where_they_were
from user_workspaces.sharing import actions
from user_workspaces.sharing.actions import LastLaunch
from user_workspaces.sharing.queries import count_unanswered, find_share, invited, received_by, shares_from
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import find_workspace, is_usable

SHARES_A_PAGE = 20
PEOPLE_SHOWN = 10
LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody to offer a copy to."""

    user: User
    name: str
    email: str
    """Theirs, where it may be seen."""
    is_asked: bool
    """Whether an offer waits for their answer already."""


@page("GET")
def received(request: UserRequest) -> HttpResponse:
    """Show what one was offered, unanswered offers first."""
    part = _received(request)
    if wants_fragment(request):
        return respond_with(request, part)
    return render(request, "portal/shared.html", {"list": part.html, "title": part.title})


def _received(request: UserRequest) -> LiveFragment:
    shown = Paginator(received_by(request.user), SHARES_A_PAGE).get_page(request.GET.get("page"))
    left = disk_left(request.user.pk, now=timezone.now())
    views = [view_for_receiver(share, request.user, left=left) for share in shown.object_list]
    unanswered = count_unanswered(request.user)
    title = f"{unanswered} to answer - Shared with me" if unanswered else "Shared with me"
    context = {"views": views, "page": shown}
    moves = any(view.moves for view in views)
    return live_part(request, "portal/shared_list.html", context, name="shared", title=title, moves=moves)


@page("GET", "POST")
def sharing(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Show who was offered this workspace, and find people to offer it to; a POST offers it."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    if request.method == "POST":
        return _offer(request, workspace)
    part = _offers(request, workspace)
    if wants_fragment(request) and request.htmx.target != "people":
        return respond_with(request, part)
    search = " ".join(request.GET.get("q", "").replace("\0", "").split())[:LONGEST_SEARCH]
    found = list(search_users(search, excluding=request.user, by_username=True)[: PEOPLE_SHOWN + 1]) if search else []
    note_found((one.pk for one in found[:PEOPLE_SHOWN]), by=request.user, now=timezone.now())
    asked = invited(workspace.pk, found) if found else frozenset()
    context = {
        "workspace": workspace,
        "tab": "sharing",
        "title": part.title,
        "offers": part.html,
        "search": search,
        "people": [_candidate(request, one, search, asked) for one in found[:PEOPLE_SHOWN]],
        **_search_text(request),
        "there_are_more": len(found) > PEOPLE_SHOWN,
        "is_usable": is_usable(workspace),
    }
    template = "portal/users.html" if wants_fragment(request) else "portal/sharing.html"
    return render(request, template, context)


def _candidate(request: UserRequest, user: User, search: str, asked: Collection[int]) -> Candidate:
    email = email_shown(user.email, to=request.user, typed=search)
    return Candidate(user, display_name(user), email, user.pk in asked)


def _search_text(request: UserRequest) -> dict[str, object]:
    """Return what the field for searching says: by the rule of the site, a part of a name is enough or not."""
    match rule_for(request.user):
        case UserSearch.ALL:
            label, placeholder = "Search people by name or e-mail address", "Name or e-mail address"
        case UserSearch.GROUPS:
            label, placeholder = "Search people of your groups by name", "Name"
        case UserSearch.EXACT:
            label, placeholder = "Find a person by user name or e-mail address", "User name or e-mail address"
    return {
        "search_label": label,
        "search_placeholder": placeholder,
        "is_exact": rule_for(request.user) is UserSearch.EXACT,
    }


def _offers(request: UserRequest, workspace: Workspace) -> LiveFragment:
    shown = Paginator(shares_from(workspace.pk), SHARES_A_PAGE).get_page(request.GET.get("page"))
    views = [present_sent(share, request.user) for share in shown.object_list]
    context = {"views": views, "page": shown, "workspace": workspace}
    moves, title = any(view.moves for view in views), f"Sharing - {workspace.name}"
    return live_part(request, "portal/offers.html", context, name="offers", title=title, moves=moves)


def _offer(request: UserRequest, workspace: Workspace) -> HttpResponse:
    text, job = request.POST.get("person", ""), latest_job_of_each([workspace.pk]).get(workspace.pk)
    (share,) = actions.offer_workspace(
        sender=request.user,
        workspace_id=workspace.pk,
        receiver_ids=[int(text) if text.isascii() and text.isdigit() and len(text) < LONGEST_SEARCH else text],
        last=LastLaunch(job.job_type, job.resource_options) if job else None,
        now=timezone.now(),
    )
    if not wants_fragment(request):
        messages.success(request, f"{workspace.name} is offered to {display_name(share.receiver)}.")
    return done(request, reverse("portal:sharing", args=[workspace.pk]))


@page("POST")
def accept(request: UserRequest, share_id: int) -> HttpResponse:
    """Make the copy one's own."""
    actions.accept(user=request.user, share_id=share_id, now=timezone.now())
    messages.success(request, "Accepted: it is among your workspaces now.")
    return done(request, reverse("portal:shared"))


@page("POST")
def withdraw(request: UserRequest, share_id: int) -> HttpResponse:
    """Cancel an offer, or decline it."""
    share = find_share(user=request.user, share_id=share_id)
    actions.withdraw(user=request.user, share_id=share.pk, now=timezone.now())
    return done(request, where_they_were(request))


@page("POST")
def retry(request: UserRequest, share_id: int) -> HttpResponse:
    """Have a copy that failed made again."""
    actions.retry(user=request.user, share_id=share_id, now=timezone.now())
    return done(request, where_they_were(request))
