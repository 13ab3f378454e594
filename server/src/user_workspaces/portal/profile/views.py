"""A person's own page: tokens of the API, secrets of runs, sign-ins, password, and the way out of all browsers."""

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
    """One way by which this person signs in; `site` is the name that people know."""

    site: str
    issuer: str
    subject: str


@page("GET")
def show(request: UserRequest) -> HttpResponse:
    """Show all of it."""
    return _shown(request)


@page("GET", "POST")
def new_token(request: UserRequest) -> HttpResponse:
    """Make a token, and show its text on the page that answers: nowhere else and never again."""
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
    return _shown(request, new_token=text)


@page("POST")
def revoke(request: UserRequest, token_id: int) -> HttpResponse:
    """Take a token away."""
    if not revoke_token(user=request.user, token_id=token_id):
        raise NotFound("There is no such token.")
    messages.success(request, "The token was revoked: it is good for nothing any more.")
    return redirect("portal:profile")


@page("POST")
def log_out_everywhere(request: UserRequest) -> HttpResponse:
    """End every log-in of this person, here and in other browsers, and the way into every open session."""
    end_log_ins(user=request.user)
    logout(request)
    return redirect("portal:login")


@sensitive_post_parameters("old_password", "new_password1", "new_password2")
@page("GET", "POST")
def change_password(request: UserRequest) -> HttpResponse:
    """Set or change the password; other browsers are logged out by that, and log-in links that wait are void."""
    had_one, form = has_password(request.user), None
    if request.method == "POST":
        form = password_form(request, request.user, now=timezone.now(), data=request.POST)
    if form is None:
        return redirect("portal:profile")
    if not form.is_valid():
        return _shown(request, new_password=form)
    update_session_auth_hash(request, form.save())
    forget_login_links(user=request.user)
    request.session.pop(BY_LINK_AT, None)
    messages.success(request, f"The password was {'changed' if had_one else 'set'}. Other browsers are logged out.")
    return redirect("portal:profile")


@sensitive_post_parameters("reana-access_token")
@page("GET", "POST")
def connect_reana(request: UserRequest) -> HttpResponse:
    """Keep a REANA elsewhere, for the sessions to come."""
    if request.method != "POST" or not registry.site().workflows.reana_elsewhere:
        return redirect("portal:profile")
    form = ReanaForm(request.user, request.POST)
    if not form.is_valid():
        return _shown(request, reana_form=form)
    messages.success(request, "Sessions that you launch from now on are connected to your REANA.")
    return redirect("portal:profile")


@page("POST")
def disconnect_reana(request: UserRequest) -> HttpResponse:
    """Forget it with its token."""
    if not forget_reana(user=request.user):
        raise NotFound("No REANA is stored.")
    messages.success(request, "Your REANA was forgotten. Sessions that you launch from now on use this server's own.")
    return redirect("portal:profile")


@sensitive_post_parameters("secret-value")
@page("GET", "POST")
def add_secret(request: UserRequest) -> HttpResponse:
    """Keep a secret for the steps of this person's runs."""
    if request.method != "POST":
        return redirect("portal:profile")
    form = SecretForm(request.user, request.POST)
    if not form.is_valid():
        return _shown(request, secret_form=form)
    messages.success(request, f"{form.cleaned_data['name']} is kept. Runs that start from now on have it.")
    return redirect("portal:profile")


@page("POST")
def delete_secret(request: UserRequest) -> HttpResponse:
    """Take one away."""
    name = request.POST.get("name", "")
    if delete_secrets(owner=request.user, names=[name]):
        raise NotFound("There is no such secret.")
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
    asked = new_password or password_form(request, user, now=now)
    context = {
        "tokens": tokens_of(user, now=now),
        "new_token": new_token,
        "token_form": token_form or TokenForm(user),
        "sign_ins": _sign_ins(user),
        "password_form": asked,
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
