"""The objects of the API, as far as clients know them."""

from conformance.patterns import ANYTHING, NUMBER, TIME, TIME_OR_NONE, Every, Lacking, Matching, OneOf

LISTED = {"name": str}
NAMED_FILES = Every({"name": str, "content": ANYTHING})
DETAILS = {
    "request_workspace_details": {"files": Every(LISTED), "symlinks": Every(LISTED)},
    "current_workspace_details": {
        "files": Every({"name": Matching("^/")}),
        "symlinks": Every({"name": Matching("^/")}),
    },
}
WORKSPACE = {
    "id": int,
    "name": str,
    "description": str,
    "disk_space": int,
    "datetime_created": TIME,
    "datetime_last_modified": TIME,
    "datetime_last_job_launch": TIME_OR_NONE,
    "workspace_details": DETAILS,
    "status": OneOf("initializing", "idle", "active", "deleting", "error"),
    "default_job_type": OneOf(str, None),
}
CURRENT_JOB_DETAILS = {"message": str}
JOB = {
    "id": int,
    "workspace_id": int,
    "resource_job_id": int,
    "job_type": str,
    "status": OneOf("pending", "running", "complete", "failed", "stopping"),
    "datetime_created": TIME,
    "datetime_start": TIME_OR_NONE,
    "datetime_end": TIME_OR_NONE,
    "core_hours": Matching(r"^\d+(\.\d+)?$"),
    "job_details": {
        "metrics": dict,
        "request_job_details": dict,
        "current_job_details": CURRENT_JOB_DETAILS,
    },
}
USER = {
    "id": int,
    "username": str,
    "first_name": str,
    "last_name": str,
    "email": str,
}
SIDE = {"id": int, "user_id": USER, "name": str, "description": str, "workspace_details": dict}
SHARE = {
    "original_workspace_id": OneOf(SIDE, None),
    "shared_workspace_id": SIDE,
    "last_resource_options": ANYTHING,
    "last_job_type": ANYTHING,
    "is_accepted": bool,
    "datetime_share_created": TIME,
}
PAGED = {"total": int, "next": OneOf(str, None), "previous": OneOf(str, None)}
SECONDS = NUMBER
NO_CONTENT = Every(Lacking("content"))
