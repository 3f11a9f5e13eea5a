"""Output that breaks off: closed so that it can stand in a document without swallowing what follows. Pure."""

from __future__ import annotations

import re

_TAG = re.compile(r"<(/?)(table|thead|tbody|tfoot|tr|td|th)\b[^<>]*>", re.IGNORECASE)
_HALF_TAG = re.compile(r"</?[a-z]*(\s[^<>]*)?\Z", re.IGNORECASE)
_FENCE = re.compile(r"^```", re.MULTILINE)


def closed(text: str) -> str:
    """``text`` without a broken last character, its open HTML table and its open code fence closed."""
    text = text.rstrip("\ufffd")
    open_tags: list[str] = []
    for closing, name in _TAG.findall(text):
        if not closing:
            open_tags.append(name.lower())
        elif name.lower() in open_tags:
            while open_tags.pop() != name.lower():
                pass  # a cell that its row's end has closed
    if "table" in open_tags:
        text = _HALF_TAG.sub("", text) + "".join(f"</{name}>" for name in reversed(open_tags))
    return text + "\n```" if len(_FENCE.findall(text)) % 2 else text
