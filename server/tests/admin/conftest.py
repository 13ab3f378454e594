"""An operator's browser, and rows with secrets in all tables."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from user_workspaces.accounts.actions import create_login_link, mint_client_token, mint_token
from user_workspaces.accounts.models import ApiToken, LoginLink, User
from user_workspaces.jobs.models import Job
from user_workspaces.quotas.models import Quota
from user_workspaces.registry import Registry
from user_workspaces.sharing.actions import offer_workspace
from user_workspaces.sharing.models import Mail, Share
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.models import Workspace

SECRETS = ("hunter2-secret", "hunter2-endpoint", "hunter2-log", "hunter2-details", "hunter2-file",
           "hunter2-body", "hunter2-steps")  # fmt: skip


@pytest.fixture(autouse=True, scope="session")
def static_root() -> None:
    settings.STATIC_ROOT.mkdir(exist_ok=True)


@dataclass
class World:
    """Rows of all users; `secrets` must never be shown."""

    ada: User
    workspace: Workspace
    job: Job
    token: ApiToken
    client_token: ApiToken
    group: Group
    quota: Quota
    share: Share
    mail: Mail
    run: Run
    secrets: tuple[str, ...]


@pytest.fixture
def world(site: Registry, make_user: Callable[..., User], workspace_of: Callable[..., Workspace]) -> World:
    ada, now = make_user("ada"), timezone.now()
    texts = [mint_token(user=ada, name="laptop", now=now), mint_client_token(name="portal", now=now)]
    links = [create_login_link(user=ada, now=now)]
    workspace = workspace_of(ada)
    Workspace.objects.filter(pk=workspace.pk).update(
        current={"files": [{"name": "/hunter2-file"}], "symlinks": []}, status="active"
    )
    job = Job.objects.create(
        owner=ada, workspace=workspace, job_type="jupyter_lab", resource="local", status="running", submitted=True,
        secret="hunter2-secret", endpoint='{"path": "hunter2-endpoint"}', log_tail="hunter2-log",
        requested={"password": "hunter2-details", "resource_options": {}},
        datetime_created=now, datetime_start=now - timedelta(minutes=1), memory_mb=1024, time_limit_seconds=3600,
    )  # fmt: skip
    group = Group.objects.create(name="pilots")
    quota = Quota.objects.create(group=group, disk_gb=Decimal(50))
    eve = make_user("eve")
    offered = workspace_of(eve, "offered")
    share = offer_workspace(sender=eve, workspace_id=offered.pk, receiver_ids=[ada.pk], last=None, now=now)[0]
    mail = Mail.objects.create(
        share=share, to="eve@example.org", subject="ada offers you", body="hunter2-body", datetime_created=now
    )
    run = Run.objects.create(
        owner=ada, name="fit", major=1, specification="hunter2-steps", kept_logs="hunter2-log", workspace=workspace,
        resource="local", storage="local", status="queued", datetime_created=now,
    )  # fmt: skip
    ada.set_password("hunter2 is my password")
    ada.save()
    digests = [*ApiToken.objects.values_list("digest", flat=True), *LoginLink.objects.values_list("digest", flat=True)]
    return World(
        ada=ada, workspace=workspace, job=job, token=ApiToken.objects.get(name="laptop"),
        client_token=ApiToken.objects.get(name="portal"), group=group, quota=quota, share=share, mail=mail, run=run,
        secrets=(*SECRETS, *texts, *links, *digests, ada.password, job.key),
    )  # fmt: skip


@pytest.fixture
def operator(make_user: Callable[..., User]) -> User:
    user = make_user("olga")
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    return User.objects.get(pk=user.pk)


@pytest.fixture
def browser(operator: User) -> Client:
    """The operator's browser."""
    client = Client()
    client.force_login(operator)
    return client
