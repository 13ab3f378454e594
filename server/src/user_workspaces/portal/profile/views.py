"""The profile page: API tokens, workflow secrets, external logins, password, and logout in all browsers."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from user_workspaces import registry
from user_workspaces.accounts.actions import end_log_ins, forget_login_links, mint_token, revoke_token
from user_workspaces.accounts.models import User
from user_workspaces.accounts.queries import tokens_of
from user_workspaces.errors import NotFound
from user_workspaces.portal.access import UserRequest, page
from user_workspaces.portal.profile.forms import ReanaForm, SecretForm, TokenForm
from user_workspaces.portal.profile.passwords import (
    BY_LINK_AT,
    AnyPasswordForm,
    has_password,
    may_have_password,
    password_form,
)
from user_workspaces.workflows.personal_reana import forget_reana, personal_reana_of
from user_workspaces.workflows.queries import secrets_of
from user_workspaces.workflows.secrets import delete_secrets, is_left_out


@dataclass(frozen=True, slots=True)
class SignIn:
    """An external identity of the user; `site` is the display name of its provider."""

    site: str
    issuer: str
    subject: str


@page("GET")
def show(request: UserRequest) -> HttpResponse:
    """Show the profile page."""
    return _shown(request)


@page("GET", "POST")
def new_token(request: UserRequest) -> HttpResponse:
    """Create a token and show its text in this response only, since only a digest is stored."""
    if request.method != "POST":
        return redirect("portal:profile")
    form = TokenForm(request.user, request.POST)
    if not form.is_valid():
        return _shown(request, token_form=form)
    text = mint_token(
        user=request.user,
        name=form.cleaned_data["name"],
        now=timezone.now(),
        lifetime=form.lifetime,
        scopes=form.wanted_scopes,
    )
    # No redirect after this POST: the text would have to be stored in between.
    return _shown(request, new_token=text)


@page("POST")
def revoke(request: UserRequest, token_id: int) -> HttpResponse:
    """Revoke a token."""
    if not revoke_token(user=request.user, token_id=token_id):
        raise NotFound("Token not found.")
    messages.success(request, "The token was revoked and can no longer be used.")
    return redirect("portal:profile")


@page("POST")
def log_out_everywhere(request: UserRequest) -> HttpResponse:
    """Log the user out in all browsers, and close access to every open session."""
    end_log_ins(user=request.user)
    logout(request)
    return redirect("portal:login")


@sensitive_post_parameters("old_password", "new_password1", "new_password2")
@page("GET", "POST")
def change_password(request: UserRequest) -> HttpResponse:
    """Set or change the password; this logs out other browsers and voids unused login links."""
    had_one, form = has_password(request.user), None
    if request.method == "POST":
        form = password_form(request, request.user, now=timezone.now(), data=request.POST)
    if form is None:
        return redirect("portal:profile")
    if not form.is_valid():
        return _shown(request, new_password=form)
    # Changing the password ends all logins of the user; this keeps the one of this browser.
    update_session_auth_hash(request, form.save())
    forget_login_links(user=request.user)
    # The link replaces the old password once: the next change requires the new one.
    request.session.pop(BY_LINK_AT, None)
    messages.success(request, f"The password was {'changed' if had_one else 'set'}. All other browsers are logged out.")
    return redirect("portal:profile")


@sensitive_post_parameters("reana-access_token")
@page("GET", "POST")
def connect_reana(request: UserRequest) -> HttpResponse:
    """Store an external REANA for new sessions."""
    if request.method != "POST" or not registry.site().workflows.reana_elsewhere:
        return redirect("portal:profile")
    form = ReanaForm(request.user, request.POST)
    if not form.is_valid():
        return _shown(request, reana_form=form)
    messages.success(request, "REANA server connected. New sessions will use it.")
    return redirect("portal:profile")


@page("POST")
def disconnect_reana(request: UserRequest) -> HttpResponse:
    """Delete the external REANA and its token."""
    if not forget_reana(user=request.user):
        raise NotFound("No REANA server is connected.")
    messages.success(request, "REANA server disconnected. New sessions will use this server.")
    return redirect("portal:profile")


@sensitive_post_parameters("secret-value")
@page("GET", "POST")
def add_secret(request: UserRequest) -> HttpResponse:
    """Store a secret for the user's runs."""
    if request.method != "POST":
        return redirect("portal:profile")
    form = SecretForm(request.user, request.POST)
    if not form.is_valid():
        return _shown(request, secret_form=form)
    messages.success(request, f"{form.cleaned_data['name']} was saved. New runs can use it.")
    return redirect("portal:profile")


@page("POST")
def delete_secret(request: UserRequest) -> HttpResponse:
    """Delete a secret."""
    name = request.POST.get("name", "")
    if delete_secrets(owner=request.user, names=[name]):
        raise NotFound("Secret not found.")
    messages.success(request, f"{name} was deleted.")
    return redirect("portal:profile")


def _shown(
    request: UserRequest,
    *,
    secret_form: SecretForm | None = None,
    reana_form: ReanaForm | None = None,
    token_form: TokenForm | None = None,
    new_password: "AnyPasswordForm | None" = None,
    new_token: str = "",
) -> HttpResponse:
    user, now = request.user, timezone.now()
    shown_form = new_password or password_form(request, user, now=now)
    context = {
        "tokens": tokens_of(user, now=now),
        "new_token": new_token,
        "token_form": token_form or TokenForm(user),
        "sign_ins": _sign_ins(user),
        "password_form": shown_form,
        "has_password": has_password(user),
        "may_have_password": may_have_password(user),
        "secrets": [(one, is_left_out(one)) for one in secrets_of(user).only("name", "kind")],
        "secret_form": secret_form or SecretForm(user),
        "reana": personal_reana_of(user.pk),
        "reana_form": (reana_form or ReanaForm(user)) if registry.site().workflows.reana_elsewhere else None,
    }
    is_wrong = any(form is not None and form.errors for form in (token_form, new_password, reana_form, secret_form))
    return render(request, "portal/profile.html", context, status=422 if is_wrong else 200)


def _sign_ins(user: User) -> list[SignIn]:
    names = registry.site().user_authentications
    sites = {plugin.issuer: names.get(name, name) for name, plugin in registry.current().user_authentications.items()}
    return [
        SignIn(sites.get(identity.issuer, identity.issuer), identity.issuer, identity.subject)
        for identity in user.identities.order_by("pk")
    ]
