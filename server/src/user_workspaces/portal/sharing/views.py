"""Sharing pages: received offers, the offers of one workspace, and the search for users."""

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
from user_workspaces.portal.fragments import LiveFragment, Polling, live_fragment, respond_with
from user_workspaces.portal.htmx import done
from user_workspaces.portal.presenters.share import display_name, present_sent, view_for_receiver
from user_workspaces.portal.quotas import disk_left
from user_workspaces.portal.redirects import referring_path
from user_workspaces.sharing import actions
from user_workspaces.sharing.actions import LastLaunch
from user_workspaces.sharing.queries import count_unanswered, find_share, invited, received_by, shares_from
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import find_workspace, is_usable

SHARES_A_PAGE = 20
USERS_SHOWN = 10
LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class Candidate:
    """A user to whom a copy can be offered."""

    user: User
    name: str
    email: str
    """The address, if it may be shown."""
    is_offered: bool
    """True if the user already has an open offer of this workspace."""


@page("GET")
def received(request: UserRequest) -> HttpResponse:
    """List the received shares, open offers first."""
    part = _received(request)
    if wants_fragment(request):
        return respond_with(request, part)
    return render(request, "portal/shared.html", {"list": part.html, "title": part.title})


def _received(request: UserRequest) -> LiveFragment:
    shown = Paginator(received_by(request.user), SHARES_A_PAGE).get_page(request.GET.get("page"))
    left = disk_left(request.user.pk, now=timezone.now())
    views = [view_for_receiver(share, request.user, left=left) for share in shown.object_list]
    unanswered = count_unanswered(request.user)
    title = f"{unanswered} open - Shared with me" if unanswered else "Shared with me"
    context = {"views": views, "page": shown}
    moves = any(view.moves for view in views)
    return live_fragment(
        request, "portal/shared_list.html", context, name="shared", title=title, polling=Polling(moves=moves)
    )


@page("GET", "POST")
def sharing(request: UserRequest, workspace_id: int) -> HttpResponse:
    """List the offers of a workspace and search for users; a POST offers a copy."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    if request.method == "POST":
        return _offer(request, workspace)
    part = _offers(request, workspace)
    if wants_fragment(request) and request.htmx.target != "people":  # clients know this id
        return respond_with(request, part)
    search = " ".join(request.GET.get("q", "").replace("\0", "").split())[:LONGEST_SEARCH]
    # One more than is shown tells whether there are more.
    found = list(search_users(search, excluding=request.user, by_username=True)[: USERS_SHOWN + 1]) if search else []
    # Only users that were found can be offered a copy, if the site restricts the search.
    note_found((one.pk for one in found[:USERS_SHOWN]), by=request.user, now=timezone.now())
    offered_to = invited(workspace.pk, found) if found else frozenset()
    context = {
        "workspace": workspace,
        "tab": "sharing",
        "title": part.title,
        "offers": part.html,
        "search": search,
        "users": [_candidate(request, one, search, offered_to) for one in found[:USERS_SHOWN]],
        **_search_text(request),
        "has_more": len(found) > USERS_SHOWN,
        "is_usable": is_usable(workspace),
    }
    template = "portal/users.html" if wants_fragment(request) else "portal/sharing.html"
    return render(request, template, context)


def _candidate(request: UserRequest, user: User, search: str, offered_to: Collection[int]) -> Candidate:
    email = email_shown(user.email, to=request.user, typed=search)
    return Candidate(user, display_name(user), email, user.pk in offered_to)


def _search_text(request: UserRequest) -> dict[str, object]:
    """Return the texts of the search field, which depend on the site's rule for user search."""
    match rule_for(request.user):
        case UserSearch.ALL:
            label, placeholder = "Search users by name or e-mail address", "Name or e-mail address"
        case UserSearch.GROUPS:
            label, placeholder = "Search users in your groups by name", "Name"
        case UserSearch.EXACT:
            label, placeholder = "Find a user by user name or e-mail address", "User name or e-mail address"
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
    return live_fragment(
        request, "portal/offers.html", context, name="offers", title=title, polling=Polling(moves=moves)
    )


def _offer(request: UserRequest, workspace: Workspace) -> HttpResponse:
    text, job = request.POST.get("person", ""), latest_job_of_each([workspace.pk]).get(workspace.pk)
    (share,) = actions.offer_workspace(
        sender=request.user,
        workspace_id=workspace.pk,
        # Other texts stay unchanged: they get the same error as unknown users.
        receiver_ids=[int(text) if text.isascii() and text.isdigit() and len(text) < LONGEST_SEARCH else text],
        last=LastLaunch(job.job_type, job.resource_options) if job else None,
        now=timezone.now(),
    )
    if not wants_fragment(request):
        messages.success(request, f"{workspace.name} was offered to {display_name(share.receiver)}.")
    return done(request, reverse("portal:sharing", args=[workspace.pk]))


@page("POST")
def accept(request: UserRequest, share_id: int) -> HttpResponse:
    """Accept an offered copy."""
    actions.accept(user=request.user, share_id=share_id, now=timezone.now())
    messages.success(request, "Accepted. The copy is now one of your workspaces.")
    return done(request, reverse("portal:shared"))


@page("POST")
def withdraw(request: UserRequest, share_id: int) -> HttpResponse:
    """Cancel an offer as its sender, or decline it as its receiver."""
    # `withdraw` distinguishes foreign shares from missing ones; this page reports both as not found.
    share = find_share(user=request.user, share_id=share_id)
    actions.withdraw(user=request.user, share_id=share.pk, now=timezone.now())
    return done(request, referring_path(request))


@page("POST")
def retry(request: UserRequest, share_id: int) -> HttpResponse:
    """Retry a failed copy."""
    actions.retry(user=request.user, share_id=share_id, now=timezone.now())
    return done(request, referring_path(request))
