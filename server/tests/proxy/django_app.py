"""The application in the place of Django."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from user_workspaces.observability.correlation import bind_user

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
DISCONNECTS: list[str] = []
"""The paths of the requests whose browser left before their body was complete."""

LARGE = 8 << 20
"""Bytes that no buffer on the way takes at once."""


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """The application in the place of Django: says what it was asked."""
    if scope["type"] == "websocket":
        await receive()
        if "known" in scope["path"]:
            bind_user(7)
        await send({"type": "websocket.accept"})
        message = await receive()
        await send({"type": "websocket.send", "text": f"app:{scope['path']}:{message.get('text')}"})
        await send({"type": "websocket.close", "code": 4001})
        return
    if scope["type"] == "lifespan":
        return
    if "known" in scope["path"]:
        bind_user(7)
    size, digest = 0, hashlib.sha256()
    more = "unread" not in scope["path"]
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            DISCONNECTS.append(scope["path"])
            return
        digest.update(message.get("body", b""))
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    text = f"app {scope['method']} {scope['path']}?{scope['query_string'].decode()} {size} {digest.hexdigest()[:8]}"
    if "large" in scope["path"]:
        text = text.ljust(LARGE)
    headers = [(b"content-length", b"%d" % len(text))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if "broken" in scope["path"]:
        raise RuntimeError("The application fails in the middle of its answer.")
    await send({"type": "http.response.body", "body": text.encode()})
