"""Keep what a launch asked for as clients read it: the job's details, with `resource_options` beside their keys."""

from collections.abc import Callable, Iterator
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

ROWS_AT_ONCE = 500
Requested = dict[str, Any]


def as_sent(requested: Requested) -> Requested:
    return {**requested.get("job_details", {}), "resource_options": requested.get("resource_options", {})}


def nested(requested: Requested) -> Requested:
    details = {name: value for name, value in requested.items() if name != "resource_options"}
    return {"job_details": details, "resource_options": requested.get("resource_options", {})}


def rewritten(change: Callable[[Requested], Requested]) -> Callable[[StateApps, BaseDatabaseSchemaEditor], None]:
    def rewrite(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        jobs = apps.get_model("jobs", "Job").objects.using(editor.connection.alias)
        for part in _parts(jobs):
            for job in part:
                job.requested = change(job.requested)
            jobs.bulk_update(part, ["requested"])

    return rewrite


def _parts(jobs: Any) -> Iterator[list[Any]]:
    last = 0
    while part := list(jobs.filter(pk__gt=last).only("pk", "requested").order_by("pk")[:ROWS_AT_ONCE]):
        yield part
        last = part[-1].pk


class Migration(migrations.Migration):
    dependencies = [("jobs", "0005_index_by_port")]
    operations = [migrations.RunPython(rewritten(as_sent), rewritten(nested))]
