"""Django's settings. What an operator decides comes from the environment (`env`) and from `config.json`."""

import sys
from pathlib import Path

import dj_database_url

from user_workspaces import __version__
from user_workspaces.config import env
from user_workspaces.config.database import close_to_others, engine_for, options_for
from user_workspaces.config.version import build

DATA_DIR = env.make_data_dir()
RUNTIME_DIR = env.runtime_dir()
CONTROLLERS_DIR = DATA_DIR / "controllers"
CONFIG_FILE = env.config_file()

SECRET_KEY = env.secret("secret_key")
ENCRYPTION_KEY = env.secret("encryption_key")
DEBUG = env.debug()
ALLOWED_HOSTS = env.own_host_names()
METRICS_TOKEN = env.metrics_token()
METRICS_ADDRESS = env.address("UWS_METRICS_PORT")
CONTROLLER_METRICS_ADDRESS = env.address("UWS_CONTROLLER_METRICS_PORT")
LEASE_SECONDS = env.lease_seconds()

INSTALLED_APPS = [
    "user_workspaces.config.apps.ConfigAppConfig",
    "user_workspaces.accounts",
    "user_workspaces.quotas",
    "user_workspaces.workspaces",
    "user_workspaces.environments",
    "user_workspaces.jobs",
    "user_workspaces.sharing",
    "user_workspaces.workflows",
    "user_workspaces.controller",
    "user_workspaces.proxy",
    "user_workspaces.portal",
    "user_workspaces.api",
    "user_workspaces.admin",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "corsheaders",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "user_workspaces.config.middleware.ObserveRequests",
    # It comes before all middleware that reads or sets cookies: a session's origin has nothing of the portal.
    "user_workspaces.proxy.middleware.SessionOriginMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "user_workspaces.config.static_files.StaticFiles",
    "user_workspaces.config.compression.Compression",
    "corsheaders.middleware.CorsMiddleware",
    "user_workspaces.portal.cookies.ConflictingCookies",
    "user_workspaces.config.middleware.ContentPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    # It comes before the CSRF check, which reads the body of a form.
    "user_workspaces.config.middleware.SlowForms",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "user_workspaces.config.urls"
WSGI_APPLICATION = "user_workspaces.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Threads keep their connections: the health check finds those that the database has closed.
DATABASES = {"default": dj_database_url.parse(env.database_url(), conn_max_age=600, conn_health_checks=True)}
DATABASES["default"]["ENGINE"] = engine_for(DATABASES["default"]["ENGINE"])
DATABASES["default"]["OPTIONS"] = options_for(DATABASES["default"]["ENGINE"]) | DATABASES["default"].get("OPTIONS", {})
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    close_to_others(DATABASES["default"]["NAME"])
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "portal:login"
LOGIN_REDIRECT_URL = "portal:workspaces"

# The proxy keeps every cookie whose name starts with "uws-" away from sessions. Under TLS it has `__Host-` before it.
OWN_COOKIE_PREFIX = "uws-"
SESSION_COOKIE_NAME = "uws-portal"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_NAME = "uws-csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "user_workspaces.portal.errors.csrf_failed"
# The ASGI application sets the scheme, for trusted proxies only: no client can claim TLS with a header.
SECURE_PROXY_SSL_HEADER = None
# Paths of login links contain secrets, which other sites must not get as a referrer.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-src": ["'self'"],  # previews
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# Every path answers with and without its slash: a redirect would drop the body of a PUT.
APPEND_SLASH = False
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "user_workspaces.config.static_files.NamedByContent"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 10_000
FILE_UPLOAD_HANDLERS = ["user_workspaces.transfers.upload_handler.AnonymousTempFileHandler"]
# Django's default uses a cookie without the server's prefix, which the proxy would pass on to sessions.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SILENCED_SYSTEM_CHECKS = ["security.W019"]

CORS_ALLOW_HEADERS = [
    *("accept", "authorization", "content-type", "uws-authorization", "x-request-id"),
    *("user-agent", "x-csrftoken", "x-requested-with"),  # which libraries of browsers add by themselves
    *("if-match", "if-none-match", "if-range", "range"),
    *("tus-resumable", "upload-length", "upload-metadata", "upload-offset", "x-http-method-override"),
]
CORS_EXPOSE_HEADERS = [
    *("accept-ranges", "content-disposition", "content-range", "etag", "last-modified", "location", "retry-after"),
    *("tus-extension", "tus-max-size", "tus-resumable", "tus-version"),
    *("upload-expires", "upload-length", "upload-metadata", "upload-offset", "x-request-id"),
]
# Requests from other origins need a token: cookies do not count for them.
CORS_ALLOW_CREDENTIALS = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["user_workspaces.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "user_workspaces.api.permissions.HasScope",
    ],
    "DEFAULT_RENDERER_CLASSES": ["user_workspaces.api.renderers.OrjsonRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "user_workspaces.api.renderers.AlwaysJson",
    "DEFAULT_METADATA_CLASS": "user_workspaces.api.options_metadata.Methods",
    "DEFAULT_PARSER_CLASSES": ["user_workspaces.api.renderers.OrjsonParser"],
    "EXCEPTION_HANDLER": "user_workspaces.api.errors.response_for",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "User Workspaces",
    "VERSION": __version__,
    "DESCRIPTION": (
        "JSON in, JSON out: every response is an object with `success`, `message` and, if there is a result, `data`. "
        "Every path works with or without a trailing slash. An unknown path returns 404, an unsupported method 405."
    ),
    "LICENSE": {"name": "MIT"},
    "SCHEMA_PATH_PREFIX": "/",
    "POSTPROCESSING_HOOKS": ["user_workspaces.api.openapi.complete"],
    "PATH_CONVERTER_OVERRIDES": {"number": {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"()": "user_workspaces.observability.logs.PlainFormatter"},
        "json": {"()": "user_workspaces.observability.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "plain" if sys.stderr.isatty() else "json"},
    },
    "filters": {
        "without_traceback": {"()": "user_workspaces.observability.logs.WithoutTraceback"},
        "answered": {"()": "user_workspaces.db.errors.HandledErrorFilter"},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR", "filters": ["answered"]},
        "django.security.DisallowedHost": {"filters": ["without_traceback"]},
        # At INFO, it logs the URL of each request with its query.
        "httpx": {"level": "WARNING"},
    },
}

BASE_DIR: Path = env.PROJECT_DIR
BUILD = build(BASE_DIR)
