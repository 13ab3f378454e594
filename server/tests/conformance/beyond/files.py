"""The files of a workspace one by one, and uploads that go on where they stopped."""

from conformance.floor.launching import make
from conformance.patterns import ANYTHING, Matching
from conformance.rows import Call, scenario

AT = "/workspaces/{id}/files"
TUS = "/workspaces/{id}/tus/"
DOTS = "File name cannot contain double dots."
ENTRY = {
    "name": str,
    "path": str,
    "type": Matching("^(file|directory|link)$"),
    "size": int,
    "modified": ANYTHING,
    "etag": Matching('^"'),
}
SPEAKS = {"Tus-Resumable": "1.0.0"}
SPOKEN = {"tus-resumable": "1.0.0"}
BEGIN = {**SPEAKS, "Upload-Length": "10", "Upload-Metadata": "filename ZC90dXMuYmlu"}
BYTES = {**SPEAKS, "Content-Type": "application/offset+octet-stream"}


def put(name: str, path: str, content: bytes, **expected: object) -> Call:
    return Call(name, f"PUT {AT}/{path}", content=content, **{"both": False, **expected})  # type: ignore[arg-type]  # expectations by name


SCENARIOS = (
    scenario(
        "files",
        make(),
        Call("empty", f"GET {AT}/", data={"path": "", "entries": [], "total": 0, "next": None, "previous": None}),
        put(
            "written",
            "deep/a.txt",
            b"hello",
            status=201,
            data={"entry": {**ENTRY, "size": 5}},
            keep={"etag": "headers.etag"},
            answers={"etag": Matching(".")},
        ),
        put("replaced only if it is not there", "deep/a.txt", b"x", headers={"If-None-Match": "*"}, status=412),
        put("replaced only if it is that", "deep/a.txt", b"x", headers={"If-Match": '"another"'}, status=412),
        put("replaced", "deep/a.txt", b"hello!", headers={"If-Match": "{etag}"}),
        put("above", "%2e%2e/a.txt", b"x", status=400, says=DOTS),
        put("with a slash at its end", "deep/", b"x", status=400),
        put("a part of it", "deep/a.txt", b"x", headers={"Content-Range": "bytes 0-0/6"}, status=400),
        put("somebody else's", "deep/a.txt", b"x", who="mallory", status=404),
        put("nobody's", "deep/a.txt", b"x", who="nobody", status=401),
        Call("listed", f"GET {AT}/?path=deep", data={"entries": [{**ENTRY, "name": "a.txt", "size": 6}], "total": 1}),
        Call("listed above", f"GET {AT}/?path=../..", status=400, says=DOTS),
        Call("listed where nothing is", f"GET {AT}/?path=nothing", status=(400, 404)),
        Call("listed for others", f"GET {AT}/", who="mallory", status=404),
        Call(
            "read",
            f"GET {AT}/deep/a.txt",
            raw=b"hello!",
            both=False,
            answers={
                "content-disposition": Matching("attachment"),
                "etag": Matching("."),
                "accept-ranges": "bytes",
                "x-content-type-options": "nosniff",
            },
        ),
        Call(
            "read in part",
            f"GET {AT}/deep/a.txt",
            headers={"Range": "bytes=1-2"},
            raw=b"el",
            status=206,
            both=False,
            answers={"content-range": "bytes 1-2/6"},
        ),
        Call("read beyond its end", f"GET {AT}/deep/a.txt", headers={"Range": "bytes=99-"}, status=416, both=False),
        Call("asked about", f"HEAD {AT}/deep/a.txt", answers={"content-length": "6"}),
        Call("read as a folder", f"GET {AT}/deep/a.txt/", status=404, both=False),
        Call("read as an archive", f"GET {AT}/deep/", raw=ANYTHING, answers={"content-type": "application/zip"}),
        Call("read by others", f"GET {AT}/deep/a.txt", who="mallory", status=404, both=False),
        Call("read where nothing is", f"GET {AT}/nothing", status=404),
        Call(
            "folder",
            f"POST {AT}/",
            json={"action": "make_directory", "path": "one/two"},
            data={"entry": {**ENTRY, "type": "directory"}},
        ),
        Call(
            "moved, without the slash",
            f"POST {AT}",
            data={"entry": {**ENTRY, "path": "one/two/b.txt"}},
            json={"action": "move", "path": "deep/a.txt", "new_path": "one/two/b.txt"},
        ),
        Call(
            "moved once more",
            f"POST {AT}/",
            status=404,
            json={"action": "move", "path": "deep/a.txt", "new_path": "c.txt"},
        ),
        Call(
            "moved above",
            f"POST {AT}/",
            json={"action": "move", "path": "one", "new_path": "../x"},
            status=400,
            says=DOTS,
        ),
        Call("no action", f"POST {AT}/", json={"action": "conformance", "path": "one"}, status=400),
        Call("an action that is a list", f"POST {AT}/", json={"action": ["move"], "path": 7}, status=400),
        Call("removed", f"DELETE {AT}/one/two/b.txt", both=False),
        Call("removed once more", f"DELETE {AT}/one/two/b.txt", status=404),
        Call("folder removed", f"DELETE {AT}/one/", both=False),
        Call("the folder that is left", f"GET {AT}/", data={"entries": [{"name": "deep", "type": "directory"}]}),
        Call("cleared away", "DELETE /workspaces/{id}/"),
    ),
    scenario(
        "resumable uploads",
        make(),
        Call(
            "what is spoken",
            f"OPTIONS {TUS}",
            status=204,
            both=True,
            answers={
                **SPOKEN,
                "tus-version": "1.0.0",
                "tus-extension": Matching("creation"),
                "tus-max-size": Matching(r"^\d+$"),
            },
        ),
        Call("begun", f"POST {TUS}", headers=BEGIN, status=201, answers=SPOKEN, keep={"upload": "headers.location"}),
        Call("begun without its length", f"POST {TUS}", headers=SPEAKS, status=400, answers=SPOKEN),
        Call("begun in another version", f"POST {TUS}", headers={**BEGIN, "Tus-Resumable": "0.2.2"}, status=412),
        Call(
            "begun above",
            f"POST {TUS}",
            status=400,
            says=DOTS,
            headers={**BEGIN, "Upload-Metadata": "filename Li4vYQ=="},
        ),
        Call("begun by others", f"POST {TUS}", who="mallory", headers=BEGIN, status=404),
        Call("begun by nobody", f"POST {TUS}", who="nobody", headers=BEGIN, status=401),
        Call(
            "first bytes",
            "PATCH {upload}",
            headers={**BYTES, "Upload-Offset": "0"},
            content=b"01234",
            status=204,
            answers={**SPOKEN, "upload-offset": "5"},
        ),
        Call("how far", "HEAD {upload}", headers=SPEAKS, answers={"upload-offset": "5", "upload-length": "10"}),
        Call(
            "from the wrong place",
            "PATCH {upload}",
            headers={**BYTES, "Upload-Offset": "3"},
            content=b"x",
            status=409,
            both=False,
        ),
        Call(
            "too much",
            "PATCH {upload}",
            headers={**BYTES, "Upload-Offset": "5"},
            content=b"x" * 99,
            status=413,
            both=False,
        ),
        Call(
            "of another type",
            "PATCH {upload}",
            headers={**SPEAKS, "Upload-Offset": "5"},
            content=b"x",
            status=415,
            both=False,
        ),
        Call(
            "by others",
            "PATCH {upload}",
            who="mallory",
            headers={**BYTES, "Upload-Offset": "5"},
            content=b"56789",
            status=404,
            both=False,
        ),
        Call("the rest", "PATCH {upload}", headers={**BYTES, "Upload-Offset": "5"}, content=b"56789", status=204),
        Call("is the file", f"GET {AT}/d/tus.bin", raw=b"0123456789", both=False),
        Call("another", f"POST {TUS}", headers=BEGIN, status=201, keep={"upload": "headers.location"}),
        Call("given up", "DELETE {upload}", headers=SPEAKS, status=204),
        Call("is gone", "HEAD {upload}", headers=SPEAKS, status=404, both=False),
        Call("cleared away", "DELETE /workspaces/{id}/"),
    ),
)
