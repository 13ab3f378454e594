"""Files into a workspace, in a form of any fields."""

from conformance.patterns import Known, Some
from conformance.rows import REFUSED, Call, scenario

DOTS = "File name cannot contain double dots."


def listed(*names: str) -> object:
    files = [{"name": name} for name in names]
    return {"workspaces": [{"workspace_details": {"current_workspace_details": {"files": files}}}]}


SCENARIOS = (
    scenario(
        "upload",
        Call("made", "POST /workspaces/", json={"name": "up-{run}", "description": ""}, keep={"id": "data.id"}),
        Call(
            "one file",
            "PUT /workspaces/{id}/upload/",
            files=(("file", "a.txt", b"one"),),
            says="Successful upload.",
        ),
        Call(
            "several, in fields of any name, without the slash",
            "PUT /workspaces/{id}/upload",
            files=(("b", "b.bin", bytes(range(256))), ("odd name", "deep/er/c.txt", b"three"), ("b", "d..d.txt", b"")),
            says="Successful upload.",
        ),
        Call(
            "the first once more",
            "PUT /workspaces/{id}/upload/",
            files=(("x", "a.txt", b"11"),),
            says="Successful upload.",
        ),
        *(
            Call(
                f"{name} is there",
                "GET /workspaces/{id}/",
                until=True,
                data={
                    "workspaces": [
                        {"workspace_details": {"current_workspace_details": {"files": Some({"name": name})}}}
                    ]
                },
            )
            for name in ("/a.txt", "/b.bin", "/deep/er/c.txt", "/d..d.txt")
        ),
        Call(
            "and no more than that",
            "GET /workspaces/{id}/",
            data={
                "workspaces": [
                    {
                        "id": Known("id"),
                        "workspace_details": {"current_workspace_details": {"files": [dict, dict, dict, dict]}},
                    }
                ]
            },
        ),
    ),
    scenario(
        "upload refused",
        Call("made", "POST /workspaces/", json={"name": "down-{run}", "description": ""}, keep={"id": "data.id"}),
        Call("no files", "PUT /workspaces/{id}/upload/", status=400, says="No files found in request."),
        Call("JSON", "PUT /workspaces/{id}/upload/", json={"a": "b"}, status=400, says="No files found in request."),
        Call(
            "a form without files",
            "PUT /workspaces/{id}/upload/",
            content=b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nvalue\r\n--b--\r\n',
            headers={"Content-Type": "multipart/form-data; boundary=b"},
            status=400,
            says="No files found in request.",
        ),
        Call("above", "PUT /workspaces/{id}/upload/", files=(("f", "../a.txt", b"x"),), status=400, says=DOTS),
        Call("above, deeper", "PUT /workspaces/{id}/upload/", files=(("f", "a/../../b", b"x"),), status=400, says=DOTS),
        Call(
            "a form that breaks off",
            "PUT /workspaces/{id}/upload/",
            content=b"--b\r\nContent-Disp",
            headers={"Content-Type": "multipart/form-data; boundary=b"},
            status=400,
        ),
        Call(
            "a form without a boundary",
            "PUT /workspaces/{id}/upload/",
            content=b"x",
            headers={"Content-Type": "multipart/form-data"},
            status=400,
        ),
        Call("a long name", "PUT /workspaces/{id}/upload/", files=(("f", "x" * 5000, b"x"),), status=REFUSED),
        Call(
            "somebody else's",
            "PUT /workspaces/{id}/upload/",
            who="mallory",
            files=(("f", "a.txt", b"x"),),
            status=404,
            says="Workspace {id} not found for user.",
        ),
        Call("left nothing", "GET /workspaces/{id}/", data=listed()),
    ),
)
