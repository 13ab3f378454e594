"""The files of a workspace in the portal: the forms, the dialogs, and uploads by the page's own script."""

from conformance.beyond.portal import CLOSES, NO_LINK, log_in
from conformance.patterns import Matching
from conformance.rows import Call, Visit, scenario

FILES = "/w/{id}/files"
TUS = {"Tus-Resumable": "1.0.0"}
SPOKEN = {"tus-resumable": "1.0.0"}
BEGUN = {**SPOKEN, "content-type": "application/json"}
NAMED = {"Upload-Length": "10", "Upload-Metadata": "filename dHVzLmJpbg=="}
PATCH = {**TUS, "Content-Type": "application/offset+octet-stream"}
WALKED = (
    Visit("made", "POST /new/", form=NO_LINK, status=302, keep={"id": r"location: /w/(\d+)/"}),
    Visit("empty", f"GET {FILES}/"),
    Visit("from elsewhere", f"POST {FILES}/", form={}, files=(("files", "x", b"x"),), forged=True, status=403),
    Visit("nothing chosen", f"POST {FILES}/", form={"folder": ""}, status=302),
    Visit("and told so", f"GET {FILES}/", shows=("Choose at least one file first.",), both=False),
    Visit(
        "uploaded",
        f"POST {FILES}/",
        form={"folder": "deep"},
        status=302,
        files=(("files", "a.txt", b"one"), ("files", "b.csv", b"x,y\n1,2\n")),
    ),
    Visit("are there", f"GET {FILES}/?in=deep", shows=("a.txt", "b.csv", "2 files uploaded."), both=False),
    Visit("listing looks again", f"GET {FILES}/?in=deep", part="listing", shows=("a.txt",)),
    Visit("found", f"GET {FILES}/?q=a.t", shows=("a.txt",), until=True),
    Visit("a folder that is not there", f"GET {FILES}/?in=nothing", shows=("This folder is not there",)),
    Visit("a folder above", f"GET {FILES}/?in=../..", shows=("double dots",)),
    Visit("new folder?", "GET /w/{id}/folder/?in=deep", part="dialog", shows=("New folder in deep",)),
    Visit("new folder", "POST /w/{id}/folder/", part="dialog", form={"in": "deep", "name": "er"}, answers=CLOSES),
    Visit(
        "once more", "POST /w/{id}/folder/", form={"in": "deep", "name": "../er"}, status=422, shows=("double dots",)
    ),
    Visit("move?", "GET /w/{id}/move/?path=deep/a.txt", part="dialog", shows=("Rename or move a.txt",)),
    Visit(
        "moved",
        "POST /w/{id}/move/",
        part="dialog",
        form={"path": "deep/a.txt", "new_path": "deep/er/a.txt"},
        answers=CLOSES,
    ),
    Visit("moved above", "POST /w/{id}/move/", form={"path": "deep/b.csv", "new_path": "../b"}, status=422),
    Visit("what is gone is not moved", "POST /w/{id}/move/", form={"path": "a", "new_path": "b"}, status=404),
    Visit("preview", "GET /w/{id}/preview/?path=deep/er/a.txt", part="dialog", shows=("one",)),
    Visit("preview of a table", "GET /w/{id}/preview/?path=deep/b.csv", shows=("<td>",)),
    Visit("preview of nothing", "GET /w/{id}/preview/?path=nothing", status=404),
    Visit(
        "download",
        "GET /w/{id}/download/?path=deep/er/a.txt",
        raw=b"one",
        answers={"content-disposition": Matching("attachment.*a.txt")},
    ),
    Visit("download of a folder", "GET /w/{id}/download/?path=deep", answers={"content-type": "application/zip"}),
    Visit(
        "download of what is chosen",
        "POST /w/{id}/download/",
        form={"in": "deep", "path": ["deep/b.csv"]},
        answers={"content-type": "application/zip"},
    ),
    Visit("download of nothing", "GET /w/{id}/download/?path=nothing", status=404),
    Visit("link", "POST /w/{id}/link/", form={"name": "survey", "path": "{dataset}"}, status=302),
    Visit("link to nowhere", "POST /w/{id}/link/", form={"name": "x", "path": "etc"}, status=422),
    Visit("delete?", "GET /w/{id}/remove/?path=deep", part="dialog", shows=("This cannot be undone.",)),
    Visit("deleted", "POST /w/{id}/remove/", part="dialog", form={"path": "deep", "sure": "1"}, answers=CLOSES),
    Visit("nothing to delete", "POST /w/{id}/remove/", part="dialog", form={}, status=422),
    Visit("not for others", f"GET {FILES}/", who="grace", status=404),
    Visit("no download for others", "GET /w/{id}/download/?path=deep", who="grace", status=404),
)
UPLOADED = (
    Visit(
        "upload begun",
        "POST /w/{id}/tus/",
        headers={**TUS, **NAMED},
        status=201,
        answers=BEGUN,
        keep={"upload": r"location: (/w/\S+)"},
    ),
    Visit("upload from elsewhere", "POST /w/{id}/tus/", headers={**TUS, **NAMED}, forged=True, status=403),
    Visit(
        "first bytes",
        "PATCH {upload}",
        headers={**PATCH, "Upload-Offset": "0"},
        content=b"01234",
        status=204,
        answers={**SPOKEN, "upload-offset": "5"},
    ),
    Visit(
        "how far", "HEAD {upload}", headers=TUS, answers={**SPOKEN, "upload-offset": "5", "content-type": Matching("")}
    ),
    Visit(
        "the same once more",
        "PATCH {upload}",
        headers={**PATCH, "Upload-Offset": "0"},
        content=b"01234",
        status=409,
        answers={**SPOKEN, "content-type": "application/json"},
    ),
    Visit(
        "not by others",
        "PATCH {upload}",
        who="grace",
        headers={**PATCH, "Upload-Offset": "5"},
        content=b"x",
        status=404,
        answers={"content-type": "application/json"},
    ),
    Visit("the rest", "PATCH {upload}", headers={**PATCH, "Upload-Offset": "5"}, content=b"56789", status=204),
    Visit("is the file", "GET /w/{id}/download/?path=tus.bin", raw=b"0123456789"),
    Visit(
        "another",
        "POST /w/{id}/tus/",
        headers={**TUS, **NAMED},
        status=201,
        answers=BEGUN,
        keep={"upload": r"location: (/w/\S+)"},
    ),
    Visit("given up", "DELETE {upload}", headers=TUS, status=204),
    Visit(
        "above",
        "POST /w/{id}/tus/",
        status=400,
        answers={"content-type": "application/json"},
        headers={**TUS, "Upload-Length": "1", "Upload-Metadata": "filename Li4vYQ=="},
    ),
    Call("cleared away", "DELETE /workspaces/{id}/?force=true"),
)

SCENARIOS = (
    scenario(
        "portal files",
        *log_in("ada"),
        *log_in("grace"),
        Visit("home", "GET /", shows=("{ada_name}",)),
        Visit("home of grace", "GET /", who="grace"),
        *WALKED,
        *UPLOADED,
        browsers=("ada", "grace"),
    ),
)
