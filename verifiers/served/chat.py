"""A request as a chat completion of the OpenAI API, and the answer to it. Pure.

vLLM takes and says more than the API has: drafts, end tokens, token ids, what became of the drafts.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docspec.types import DecodeStats, Finish
from docspec.verifiers.reading import Output
from docspec.verifiers.runaway import RunawayGuard
from docspec.verifiers.served.exchange import Refused
from docspec.verifiers.served.question import Answer, Question

if TYPE_CHECKING:
    from docspec.verifiers.family import Family

PATH, MODELS = "/v1/chat/completions", "/v1/models"


@dataclass(frozen=True, slots=True)
class Card:
    """A server's word on its model: the name to ask for, whether it is vLLM, its longest context if known."""

    model: str
    vllm: bool = False
    longest: int | None = None


def card_of(models: Any, name: str) -> Card:
    """The card of the model ``name`` in a server's list. Raises Refused where it has others only."""
    cards = models.get("data") if isinstance(models, Mapping) else None
    cards = [card for card in cards or [] if isinstance(card, Mapping) and card.get("id")]
    for card in cards:
        if name in (card["id"], card.get("root")):
            longest = card.get("max_model_len")
            vllm = card.get("owned_by") == "vllm"
            return Card(card["id"], vllm, longest if isinstance(longest, int) else None)
    known = ", ".join(str(card["id"]) for card in cards) or "no model"
    raise Refused(f"it serves {known}, not {name}: give that as --verifier, or as --served-model-name there")


def body_of(question: Question, png: bytes, card: Card, family: Family, most: int) -> dict[str, Any]:
    """What is posted: image and instruction in the family's order, greedy, at most ``most`` tokens."""
    profile, category = family.profile, question.category
    url = "data:image/png;base64," + base64.b64encode(png).decode()
    image = {"type": "image_url", "image_url": {"url": url}}
    *before, turn = profile.messages(category)
    turn["content"] = [image if part["type"] == "image" else part for part in turn["content"]]
    body = {
        "model": card.model,
        "messages": [*before, turn],
        "temperature": 0,
        "max_tokens": min(most, card.longest or most),
    }
    if not card.vllm:
        return body
    body |= {
        "return_token_ids": True,
        "stop_token_ids": list(family.end_tokens),
        "repetition_penalty": family.generation.repetition_penalty or 1.0,
        "add_special_tokens": not profile.special_tokens(profile.chat(category)),
    }
    if profile.template:
        body["chat_template_kwargs"] = dict(profile.template)
    if question.drafts:
        body["vllm_xargs"] = {"docspec_drafts": list(question.drafts)}
    return body


def answer_of(reply: Any) -> Answer:
    """What a server's reply says. Raises ValueError where it is no chat completion."""
    try:
        [choice] = reply["choices"]
        text, ended = choice["message"]["content"] or "", choice["finish_reason"] == "stop"
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError("an answer that is no chat completion") from error
    ids = choice.get("token_ids")
    tokens = None if ids is None else tuple(ids)
    written = (reply.get("usage") or {}).get("completion_tokens") or len(tokens or ())
    counts = (reply.get("metrics") or {}).get("speculative_decoding")
    return Answer(text, tokens, ended, stats_of(written, counts), speculated=counts is not None)


def stats_of(tokens: int, counts: Mapping[str, Any] | None) -> DecodeStats:
    """``tokens`` written, and vLLM's ``counts`` of what was drafted, without which the steps are unknown.

    A step writes what it accepts and one token more, but for one in which a drafted end token was accepted,
    and the prompt's own step, which has no window. So the steps are known exactly where all others had one.
    """
    if counts is None:
        return DecodeStats(tokens)
    accepted = counts.get("num_accepted_draft_tokens", 0)
    least = counts.get("num_spec_steps", 0) + 1
    steps = min(tokens, max(tokens - accepted, least))
    # what an end token left over of the last window was accepted, but not written
    written = max(0, min(accepted, tokens - steps + 1, tokens - 1))
    return DecodeStats(tokens, written, counts.get("num_draft_tokens", 0), steps)


def output_of(answer: Answer, family: Family, guard: RunawayGuard | None) -> Output:
    """An answer as our own engine would have ended it: at an end token, or where the output ran away."""
    tokens = family.codec.encode(answer.text)[0] if answer.tokens is None else answer.tokens
    finish = Finish.END if answer.ended else None
    kept = []
    for token in tokens:
        if token in family.end_tokens:
            finish = Finish.END
            break
        kept.append(token)
        if guard and guard.push(token):
            finish = Finish.LOOP
            break
    if finish is None:
        finish = Finish.LOOP if guard and guard.at_limit() else Finish.LENGTH
    runaway = guard.found if guard else None
    return Output(kept[: runaway.kept] if runaway else kept, finish, answer.stats, runaway)
