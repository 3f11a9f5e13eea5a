"""Can these servers decode for docspec: do they answer, with which model, and what does a draft save there.

Asks each of them a white image twice, as ``docspec parse --server`` would ask for a page: for a few tokens,
and then for the same with these tokens as the draft. Imports no model.
"""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Iterator, Mapping
from typing import Any

from PIL import Image

from docspec.doctor import Check, Status
from docspec.verifiers.served.chat import MODELS, PATH, answer_of
from docspec.verifiers.served.exchange import KEYS, Exchanges, Refused, Unreachable, key_of, urls_of
from docspec.verifiers.served.question import Answer
from docspec.verifiers.vllm_plugin.given import IDS, PREFIX

ANSWER = 300.0  # seconds for an answer: a server may be busy, or still compiling
TOKENS = 24  # that are asked for
SIDE = 224  # pixels of the image
SERVE = "docspec serve MODEL --port PORT"
UNKNOWN = f"{PREFIX}probe"  # an argument that the plug-in refuses by name, and that nobody else knows


def examine_servers(urls: str, environ: Mapping[str, str]) -> list[Check]:
    """All checks of each server of a list with commas; the API key is the environment's.

    Raises UsageError for what is no list of servers.
    """
    exchanges = Exchanges(key_of(environ), answer=ANSWER)
    return [check for url in urls_of(urls) for check in _examined(url, exchanges)]


def _examined(url: str, exchanges: Exchanges) -> Iterator[Check]:
    """One server's checks, up to the first that fails."""
    try:
        cards = exchanges.get(url, MODELS)["data"]
        names = [str(card["id"]) for card in cards]
    except (Refused, Unreachable) as error:
        yield Check(url, Status.MISSING, f"has no answer for us: {error}", _remedy(str(error), exchanges.key))
        return
    except (TypeError, KeyError, AttributeError):
        yield Check(url, Status.MISSING, f"answers, but {MODELS} is no list of models", _NO_API)
        return
    if not names:
        yield Check(url, Status.MISSING, "answers, but serves no model", f"start it anew: {SERVE}")
        return
    vllm = cards[0].get("owned_by") == "vllm"
    yield _version(url, exchanges, vllm)
    longest = cards[0].get("max_model_len")
    room = f", up to {longest} tokens with the prompt" if longest else ""
    yield Check(f"{url}: model", Status.OK, f"{', '.join(names)}{room}: give it as --verifier")
    yield _drafts(url, exchanges, names[0], vllm)


_NO_API = "give the address of an OpenAI-compatible server, such as http://localhost:8000"


def _remedy(reason: str, key: str) -> str:
    """What to do where a server refuses or does not answer, for ``reason``."""
    if reason.startswith(("401", "403")):
        wrong = "another key" if key else "its key"
        return f"export {KEYS[0]}=... ({wrong}: what the server was started with as --api-key)"
    if reason.startswith(("404", "405", "an answer that is no JSON")):
        return _NO_API
    if reason.startswith("5") or reason == "no answer in time":
        return "wait until its model is loaded, or look at the server's own log"
    return f"wait until it is up, or start it: {SERVE}; or check the address, the port and what is between"


def _version(url: str, exchanges: Exchanges, vllm: bool) -> Check:
    """The server answers; what it is."""
    if not vllm:
        return Check(url, Status.OK, "answers; it is not vLLM")
    try:
        version = str(exchanges.get(url, "/version")["version"])
    except (Refused, Unreachable, TypeError, KeyError):
        return Check(url, Status.OK, "answers; vLLM, which does not say its version")
    return Check(url, Status.OK, f"answers; vLLM {version}")


def _drafts(url: str, exchanges: Exchanges, model: str, vllm: bool) -> Check:
    """One short request, without a draft and with the right one."""
    name = f"{url}: drafts"
    try:
        plain, alone = _asked(url, exchanges, model, vllm, {})
        wrote = f"it wrote {plain.stats.tokens} tokens in {alone:.1f} s"
        if not vllm:
            said = f"{wrote} and takes no drafts: not accelerated"
            return Check(name, Status.NOTE, said, f"serve the model with vLLM: {SERVE}")
        if not _has_plug_in(url, exchanges, model):
            said = f"{wrote} without docspec's plug-in: not accelerated"
            return Check(name, Status.NOTE, said, f"start it anew: {SERVE}")
        drafted, beside = _asked(url, exchanges, model, vllm, {IDS: list(plain.tokens or ())})
    except Refused as error:
        mend = "serve a model that reads images, and one image a prompt"
        return Check(name, Status.MISSING, f"refuses an image with an instruction: {error}", mend)
    except (Unreachable, ValueError) as error:
        mend = "look at the server's own log, and start it anew"
        return Check(name, Status.MISSING, f"does not answer a request: {error}", mend)
    return _compared(name, plain, drafted, alone, beside)


def _compared(name: str, plain: Answer, drafted: Answer, alone: float, beside: float) -> Check:
    """What the right draft has saved; ``alone`` and ``beside`` are seconds, without and with it."""
    if not drafted.speculated:
        said = "docspec's plug-in reads them, but no counts came back"
        return Check(name, Status.NOTE, said, "start it with all that docspec serve --dry-run prints")
    stats = drafted.stats
    said = (
        f"docspec's plug-in: {stats.tokens} tokens in {stats.steps} steps and {beside:.1f} s with a right "
        f"draft, {plain.stats.tokens} and {alone:.1f} s without"
    )
    if drafted.tokens != plain.tokens:
        said += "; other tokens than without, which rounding in half precision can do"
        return Check(name, Status.NOTE, said, "compare again with --dtype float32")
    return Check(name, Status.OK, f"{said}; the same tokens")


def _asked(
    url: str, exchanges: Exchanges, model: str, vllm: bool, drafts: Mapping[str, Any]
) -> tuple[Answer, float]:
    """The answer and the seconds until it came. Raises what ``Exchanges`` and ``answer_of`` do."""
    body = _body(model, TOKENS)
    if vllm:
        body |= {"min_tokens": TOKENS, "return_token_ids": True}
    if drafts:
        body["vllm_xargs"] = dict(drafts)
    started = time.perf_counter()
    answer = answer_of(exchanges.post(url, PATH, body))
    return answer, time.perf_counter() - started


def _has_plug_in(url: str, exchanges: Exchanges, model: str) -> bool:
    """Whether an argument that would be docspec's is refused in its words; vLLM alone takes any."""
    try:
        exchanges.post(url, PATH, _body(model, 1) | {"vllm_xargs": {UNKNOWN: 1}})
    except Refused as error:
        return f"{UNKNOWN} is unknown" in str(error)
    return False


def _body(model: str, tokens: int) -> dict[str, Any]:
    """A request for so many tokens about a white image."""
    written = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE), "white").save(written, "PNG")
    url = "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()
    parts = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "Read the text."}]
    return {
        "model": model,
        "messages": [{"role": "user", "content": parts}],
        "temperature": 0,
        "max_tokens": tokens,
    }
