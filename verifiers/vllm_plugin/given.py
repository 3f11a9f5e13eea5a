"""The drafts that come with a request: ``extra_args`` in process, ``vllm_xargs`` over HTTP. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PREFIX = "docspec_"
TEXTS, IDS = "docspec_drafts", "docspec_draft_ids"
MOST = 16  # texts of one request: every one is searched when the output leaves the draft


class BadDrafts(ValueError):
    """A request's drafts are not what they should be; the message is one sentence for its sender."""


@dataclass(frozen=True, slots=True)
class Given:
    """Drafts of one request: ``texts``, best first, or token ``ids``; both are empty where it has none."""

    texts: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()


def given(arguments: Mapping[str, Any] | None) -> Given:
    """The drafts among a request's extra arguments; those of others are left alone.

    Raises BadDrafts for an unknown name that begins like ours, and for values of another kind.
    """
    if not arguments:
        return Given()
    ours = [name for name in arguments if name.startswith(PREFIX)]
    if unknown := [name for name in ours if name not in (TEXTS, IDS)]:
        raise BadDrafts(f"{unknown[0]} is unknown; docspec takes {TEXTS} (texts) or {IDS} (token ids).")
    if len(ours) == 2:
        raise BadDrafts(f"Give {TEXTS} or {IDS}, not both.")
    return Given(_texts(arguments.get(TEXTS)), _ids(arguments.get(IDS)))


def _texts(value: Any) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else [] if value is None else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise BadDrafts(f"{TEXTS} has to be a text or a list of texts, best first.")
    if len(texts) > MOST:
        raise BadDrafts(f"{TEXTS} has {len(texts)} texts; at most {MOST} are followed.")
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        raise BadDrafts(f"{TEXTS} has half a surrogate pair, which is no character.") from None
    return tuple(texts)


def _ids(value: Any) -> tuple[int, ...]:
    ids = [] if value is None else value
    numbers = isinstance(ids, list | tuple) and all(type(token) is int and token >= 0 for token in ids)
    if not numbers:
        raise BadDrafts(f"{IDS} has to be a list of token ids: whole numbers, not negative.")
    return tuple(ids)
