"""A real OpenID Connect provider (django-oauth-toolkit) in a process of its own.

    python provider.py PORT FOLDER REDIRECT_URI...

It requires PKCE. Its client is `uws` with the secret `the-secret-of-uws`; its users are `ada` and `grace`, whose
passwords are their names. Prints `ready` when it serves.
"""

import sys
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

PORT, FOLDER, REDIRECT_URIS = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
CLIENT_ID, CLIENT_SECRET = "uws", "the-secret-of-uws"
FORM = """<!DOCTYPE html><html lang="en"><title>Log in</title><form method="post">{% csrf_token %}{{ form }}
<button>Log in at the provider</button></form></html>"""

key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
settings.configure(
    SECRET_KEY="for-tests-only",
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "provider.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [("django.template.loaders.locmem.Loader", {"registration/login.html": FORM})],
                "context_processors": ["django.template.context_processors.request"],
            },
        }
    ],
    SESSION_COOKIE_NAME="provider-session",  # cookies ignore ports, and the portal is on the same host
    CSRF_COOKIE_NAME="provider-csrf",
    LOGIN_URL="/login/",
    USE_TZ=True,
    OAUTH2_PROVIDER={
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        "PKCE_REQUIRED": True,
        "SCOPES": {"openid": "who you are", "profile": "your name", "email": "your address"},
        "OAUTH2_VALIDATOR_CLASS": f"{__name__}.Claims",
    },
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402  needs the settings
from django.contrib.auth.views import LoginView  # noqa: E402  needs the settings
from oauth2_provider.models import Application  # noqa: E402  needs the settings
from oauth2_provider.oauth2_validators import OAuth2Validator  # noqa: E402  needs the settings


class Claims(OAuth2Validator):  # type: ignore[misc]  # the library has no types
    """The claims about users."""

    oidc_claim_scope = None

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        """Return the usual claims."""
        user = request.user
        return {
            "preferred_username": user.username,
            "given_name": user.first_name,
            "family_name": user.last_name,
            "email": user.email,
            "email_verified": True,
            "groups": ["researchers"] if user.username == "ada" else [],
        }


urlpatterns = [
    path("login/", LoginView.as_view()),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
]


class Quiet(WSGIRequestHandler):
    """Writes no log."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name in the library
        """Say nothing."""


def main() -> None:
    """Create the tables, the client and the users, and serve."""
    sys.modules["provider"] = sys.modules[__name__]
    call_command("migrate", verbosity=0)
    for name, full in (("ada", "Ada Lovelace"), ("grace", "Grace Hopper")):
        first, last = full.split()
        User.objects.create_user(name, f"{name}@provider.example", name, first_name=first, last_name=last)
    Application.objects.create(
        name="User Workspaces",
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        algorithm=Application.RS256_ALGORITHM,
        redirect_uris=" ".join(REDIRECT_URIS),
        skip_authorization=True,
    )
    with make_server("127.0.0.1", PORT, get_wsgi_application(), handler_class=Quiet) as server:
        print("ready", flush=True)  # noqa: T201  the parent process waits for this line
        server.serve_forever()


if __name__ == "__main__":
    main()
