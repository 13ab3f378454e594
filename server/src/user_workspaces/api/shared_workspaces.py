"""`/shared_workspaces/`: workspaces that the caller offered to others as copies, and offers to the caller."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.models import User
from user_workspaces.accounts.scopes import Scope
from user_workspaces.accounts.user_search import email_shown
from user_workspaces.api import objects
from user_workspaces.api.file_serializers import NewShareSerializer
from user_workspaces.api.objects import ShareSerializer
from user_workspaces.api.openapi import LIMIT, OFFSET, describe, page_of, text
from user_workspaces.api.request_user import caller
from user_workspaces.api.responses import SUCCESSFUL, body_of, number_in, page, success
from user_workspaces.errors import InvalidRequest
from user_workspaces.jobs.queries import latest_job_of_each
from user_workspaces.sharing.actions import LastLaunch, accept, offer_workspace, retry, withdraw
from user_workspaces.sharing.models import Offer, Share
from user_workspaces.sharing.queries import offers_of, shares_of, size_of_copy
from user_workspaces.workspaces.models import Workspace

NONE_FOUND = "Shared workspace matching given parameters could not be found."
LISTS = {**page_of("shared_workspaces", ShareSerializer), "original_workspaces": ShareSerializer(many=True)}
TRUTHS = {"true": True, "1": True, "false": False, "0": False}


def _describe(user: User, rows: QuerySet[Share]) -> list[objects.Share]:
    """Return shares for a response, with three queries for any number of shares."""
    shares = list(rows.select_related("sender", "receiver", "copy").defer("copy__requested", "copy__current"))
    # Read apart, since many shares have the same offer with the same long lists of names.
    offers = offers_of(shares)
    return [describe_share(share, offers[share.offer_id], user=user) for share in shares]


def describe_share(share: Share, offer: Offer, *, user: User) -> objects.Share:
    """Return a share for a response.

    The user's own workspace has its current name and description; the other one has those at the time of the offer.
    """
    original, is_sender = offer.original, share.sender_id == user.pk
    original_side = None
    if original is not None:
        sender = _describe_user(share.sender, to=user)
        original_side = _side(offer, original.pk, sender, seen=original if is_sender else offer)
    return {
        "original_workspace_id": original_side,
        "shared_workspace_id": _side(
            offer, share.copy_id, _describe_user(share.receiver, to=user), seen=offer if is_sender else share.copy
        ),
        "last_resource_options": offer.last_resource_options,
        "last_job_type": offer.last_job_type,
        "is_accepted": share.is_accepted,
        "datetime_share_created": offer.datetime_created,
        "copy_details": {
            "state": share.state,
            "percent": share.percent,
            "message": share.message,
            "disk_space": size_of_copy(share, original),
        },
    }


def _describe_user(owner: User, *, to: User) -> objects.User:
    """Return a user for a response to another user, who may not see the e-mail address."""
    return {
        "id": owner.pk,
        "username": owner.username,
        "first_name": owner.first_name,
        "last_name": owner.last_name,
        "email": owner.email if owner.pk == to.pk else email_shown(owner.email, to=to),
    }


def _side(offer: Offer, number: int, owner: objects.User, *, seen: Workspace | Offer) -> objects.SharedWorkspace:
    return {
        "id": number,
        "user_id": owner,
        "name": seen.name,
        "description": seen.description,
        "workspace_details": {
            "request_workspace_details": offer.requested,
            "current_workspace_details": offer.current,
        },
    }


def _list_response(user: User, rows: QuerySet[Share], request: Request) -> Response:
    """Return a page of shares, split into those that the user sent and those that they received."""
    found = page(rows, request, key="shares", empty=NONE_FOUND, describe=lambda rows: _describe(user, rows))
    data = found.data["data"]
    # `limit` and `offset` count the shares of both lists together, as one query returns both.
    described = data.pop("shares")
    data["original_workspaces"] = [one for one in described if _receiver_of(one) != user.pk]
    data["shared_workspaces"] = [one for one in described if _receiver_of(one) == user.pk]
    return found


class SharedWorkspaces(APIView):
    """The lists of shares, and new offers."""

    scope = Scope.WORKSPACES

    @describe(data=LISTS, query=(text("is_accepted", choices=["true", "false"]), LIMIT, OFFSET))
    def get(self, request: Request) -> Response:
        """List the workspaces that the caller offered and was offered; `is_accepted` filters them."""
        user = caller(request)
        return _list_response(user, _filtered(shares_of(user), request), request)

    @describe(body=NewShareSerializer, data={"shared_workspaces": ShareSerializer(many=True)}, errors=(403, 404))
    def post(self, request: Request) -> Response:
        """Offer a workspace to users, to all of them or to none; existing open offers are kept."""
        body, user = body_of(request), caller(request)
        number, receivers = body.get("original_workspace_id"), body.get("shared_user_ids")
        if number is None or receivers is None:
            raise InvalidRequest("Missing required fields.")
        if not isinstance(receivers, list):
            raise InvalidRequest("shared_user_ids is not a list.")
        workspace_id = _workspace_id(number)
        shares = offer_workspace(
            sender=user,
            workspace_id=workspace_id,
            receiver_ids=receivers,
            # Read before the ownership check of `offer_workspace`, which stores it only for the sender's workspace.
            last=_last_launch(workspace_id),
            now=timezone.now(),
        )
        locations = {share.pk: location for location, share in enumerate(shares)}
        described = _describe(user, shares_of(user).filter(pk__in=locations))
        described.sort(key=lambda one: locations[_copy_of(one)])  # in the order of the request
        return success(SUCCESSFUL, data={"shared_workspaces": described})


class SharedWorkspaceDetail(APIView):
    """A share; its ID is that of the copy."""

    scope = Scope.WORKSPACES

    @describe(data=LISTS)
    def get(self, request: Request, share_id: int) -> Response:
        """Return a share in the list of its direction."""
        user = caller(request)
        return _list_response(user, shares_of(user).filter(pk=share_id), request)

    @describe(errors=(403,))
    def delete(self, request: Request, share_id: int) -> Response:
        """Cancel a share as its sender, or decline it as its receiver."""
        withdraw(user=caller(request), share_id=share_id, now=timezone.now())
        return success(f"Shared workspace {share_id} queued for deletion.")


class SharedWorkspaceAccept(APIView):
    """Accepts a share."""

    scope = Scope.WORKSPACES

    @describe(errors=(403,))
    def put(self, request: Request, share_id: int) -> Response:
        """Accept a share; the copy then counts against the caller's disk quota. Returns 403 if it exceeds the quota."""
        accept(user=caller(request), share_id=share_id, now=timezone.now())
        return success(SUCCESSFUL)


class SharedWorkspaceRetry(APIView):
    """Retries a failed copy."""

    scope = Scope.WORKSPACES

    @describe(errors=(403,))
    def put(self, request: Request, share_id: int) -> Response:
        """Retry a failed copy."""
        retry(user=caller(request), share_id=share_id, now=timezone.now())
        return success(SUCCESSFUL)


class SharedWorkspaceAction(APIView):
    """Rejects unknown actions."""

    scope = Scope.WORKSPACES

    @describe(succeeds=False)
    def put(self, request: Request, share_id: int, verb: str) -> Response:
        """Reject an unknown action."""
        raise InvalidRequest("Invalid PUT type passed.")


def _receiver_of(described: Mapping[str, Any]) -> int:
    receiver: int = described["shared_workspace_id"]["user_id"]["id"]
    return receiver


def _copy_of(described: Mapping[str, Any]) -> int:
    number: int = described["shared_workspace_id"]["id"]
    return number


def _filtered(rows: QuerySet[Share], request: Request) -> QuerySet[Share]:
    text = request.query_params.get("is_accepted")
    if text is None:
        return rows
    if text.lower() not in TRUTHS:
        raise InvalidRequest("is_accepted must be true or false.")
    return rows.filter(is_accepted=TRUTHS[text.lower()])


def _workspace_id(value: object) -> int:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return number_in(text, "original_workspace_id")


def _last_launch(workspace_id: int) -> LastLaunch | None:
    job = latest_job_of_each([workspace_id]).get(workspace_id)
    return LastLaunch(job.job_type, job.resource_options) if job else None
