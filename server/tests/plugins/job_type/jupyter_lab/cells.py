"""Cells of a notebook, as the page runs them."""

import json
from itertools import count

from plugins.job_type.jupyter_lab.driver import AUTHORITY, Session, SessionResponse

_numbers = count(1)


def start_kernel(session: Session, name: str = "python3") -> SessionResponse:
    return session.request("POST", "api/kernels", session.write_headers(), json.dumps({"name": name}))


def run_cell(session: Session, code: str, *, kernel: str = "") -> str:
    """Run code in a kernel (a new one, where none is named); returns what it prints, and its error."""
    kernel = kernel or str(start_kernel(session).json()["id"])
    number = f"m{next(_numbers)}"
    header = {"msg_id": number, "msg_type": "execute_request", "username": "", "session": "x", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False, "stop_on_error": True}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    printed = ""
    with session.connect(f"api/kernels/{kernel}/channels", origin=f"http://{AUTHORITY}") as peer:
        peer.send(json.dumps(message))
        while True:
            response = json.loads(peer.recv(timeout=60))
            if response["parent_header"].get("msg_id") != number:
                continue
            if response["msg_type"] == "stream":
                printed += response["content"]["text"]
            if response["msg_type"] == "error":
                printed += f"{response['content']['ename']}: {response['content']['evalue']}"
            if response["msg_type"] == "status" and response["content"]["execution_state"] == "idle":
                return printed


def run_in_terminal(session: Session, command: str, *, until: str) -> str:
    """Type a command into a new terminal; returns all that is on the screen once `until` is there."""
    terminal = session.request("POST", "api/terminals", session.write_headers(), "{}").json()
    shown = ""
    with session.connect(f"terminals/websocket/{terminal['name']}", origin=f"http://{AUTHORITY}") as peer:
        peer.send(json.dumps(["set_size", 50, 200, 800, 1600]))
        peer.send(json.dumps(["stdin", f"{command}\r"]))
        while until not in shown:
            kind, *rest = json.loads(peer.recv(timeout=60))
            shown += rest[0] if kind == "stdout" else ""
    return shown
