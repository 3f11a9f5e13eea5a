"""An ASGI middleware for vLLM's server: bad drafts are refused, and OpenAI's ``prediction`` becomes a draft.

The engine could only ignore bad drafts: it has no way to refuse a request that was taken in.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from docspec.verifiers.vllm_plugin.given import TEXTS, BadDrafts, given

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

PATHS = ("/v1/chat/completions", "/v1/completions")


class CheckDrafts:
    """Checks the bodies of completion requests as they are read: after authentication, before the engine.

    A body is left as it came, and its JSON unread, unless it has drafts or a prediction in it.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One connection."""
        asked = scope["type"] == "http" and scope["method"] == "POST" and scope["path"].endswith(PATHS)
        await self.app(scope, _checked(receive) if asked else receive, send)


def _checked(receive: Receive) -> Receive:
    read = False

    async def receive_checked() -> Message:
        nonlocal read
        if read:
            return await receive()
        parts, more = [], True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return message
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        read = True
        try:
            body = checked_body(b"".join(parts))
        except BadDrafts as error:
            from fastapi import HTTPException  # vLLM's server writes it as OpenAI's form of an error

            raise HTTPException(400, str(error)) from None
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_checked


def checked_body(body: bytes) -> bytes:
    """The body of a request, a ``prediction`` in it put where the engine sees it.

    Raises BadDrafts as ``given`` does, and for a prediction that is not OpenAI's, or beside drafts.
    """
    if b'"docspec_' not in body and b'"prediction"' not in body:
        return body
    try:
        request = json.loads(body)
    except ValueError:
        return body  # the server says what is wrong with it
    if not isinstance(request, dict):
        return body
    arguments = request.get("vllm_xargs") or {}
    if not isinstance(arguments, dict):
        return body
    given(arguments)
    prediction = request.pop("prediction", None)
    if prediction is None:
        return body
    if TEXTS in arguments:
        raise BadDrafts(f"Give a prediction or {TEXTS}, not both.")
    request["vllm_xargs"] = {**arguments, TEXTS: [_predicted(prediction)]}
    given(request["vllm_xargs"])
    return json.dumps(request).encode()


def _predicted(prediction: Any) -> str:
    """The text of OpenAI's field, whose content is a text or a list of parts with one."""
    content = prediction.get("content") if isinstance(prediction, dict) else None
    parts = [{"text": content}] if isinstance(content, str) else content
    texts = [part.get("text") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    written = [text for text in texts if isinstance(text, str)]
    if not written or len(written) != len(parts or ()):
        raise BadDrafts('prediction has to be {"type": "content", "content": TEXT}.')
    return "".join(written)
