"""A user of the portal, with a client that keeps cookies as a browser does."""

import re
import time

import httpx

from support.planted_session import PASSWORD, PlantedSession

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
PATIENCE, PAUSE = 20.0, 0.02


def ask(client: httpx.Client, method: str, path: str, **request: object) -> httpx.Response:
    """Send a request, and retry it as a user does if the server closes the connection."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return client.request(method, path, **request)  # type: ignore[arg-type]  # passed on unchanged
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE)


def log_in(client: httpx.Client, username: str, password: str = PASSWORD) -> None:
    """Log in with the form, as a browser does."""
    form = ask(client, "GET", "/login/")
    assert form.status_code == httpx.codes.OK, form.text
    token = TOKEN.search(form.text)
    assert token
    body = {"csrfmiddlewaretoken": token[1], "username": username, "password": password}
    url = client.base_url
    port = f":{url.port}" if url.port else ""
    response = ask(client, "POST", "/login/", data=body, headers={"Origin": f"{url.scheme}://{url.host}{port}"})
    assert response.status_code in (httpx.codes.FOUND, httpx.codes.OK), response.text
    assert "workspaces" in ask(client, "GET", "/").text.lower()


def open_planted(client: httpx.Client, session: PlantedSession) -> str:
    """Open the session from the portal; return the address of its root, with a slash at the end."""
    response = client.get(f"/open/{session.job_id}/", follow_redirects=True)
    assert response.status_code == httpx.codes.OK, response.text
    base, path, _ = str(response.url).partition(session.path)
    assert path, response.url
    return base + path


def cookies_for(client: httpx.Client, url: str) -> dict[str, str]:
    """Return the header `Cookie` that the browser would send to a URL, for use with a WebSocket."""
    return {"Cookie": client.build_request("GET", url).headers.get("Cookie", "")}
