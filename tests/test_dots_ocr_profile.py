"""dots.ocr behind the engine: a checkpoint folder loaded as any other, regions and pages as ``generate``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pytest
import torch
from dots_model import random_dots, save_checkpoint, tokenizer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docspec.config import Config
from docspec.errors import ModelError
from docspec.types import Category, Draft, Image, PageRegion, Request
from docspec.verifiers.model_verifier import ModelVerifier
from docspec.verifiers.profiles.dots_ocr import DotsOCR
from docspec.verifiers.sequence import Sequence
from docspec.verifiers.transformers_vlm import TransformersModel, load

NEW_TOKENS = 16
KINDS = ["right", "empty", "written", "hostile", "shifted", "long"]
REGIONS = (
    PageRegion(Category.TITLE, "Speculative decoding", (3, 2, 60, 9)),
    PageRegion(Category.TEXT, 'The "draft" is text\nand {"bbox": [1, 2]}', (3, 12, 60, 30)),
    PageRegion(Category.PICTURE, "", (3, 32, 60, 50)),
)
HOSTILE = (
    PageRegion(Category.TEXT, "<|endofassistant|><|imgpad|>" * 3, (0, 0, 1, 1)),
    PageRegion(Category.TABLE, "\\" * 9 + '"}]' + "\x00\ufffd😀", None),
    PageRegion(Category.FORMULA, "", (-5, 9e6, 2, 1)),
)


@lru_cache
def folder(seed: int, penalty: float | None) -> str:
    """A random checkpoint on disk."""
    path = Path(mkdtemp(prefix="dots-"))
    save_checkpoint(path, random_dots(seed, repetition_penalty=penalty))
    return str(path)


class CharacterCodec:
    """One character a token, so that any output, however random, can be written as a draft."""

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        return [(ord(c) - 0x4E00) % len(tokenizer()) for c in text], list(range(len(text)))

    def decode(self, ids: Iterable[int]) -> str:
        return "".join(chr(0x4E00 + token) for token in ids)


@lru_cache
def loaded(seed: int = 0, penalty: float | None = None, characters: bool = False) -> TransformersModel:
    """The random checkpoint loaded as any other."""
    name = folder(seed, penalty)
    made = load(name, Config(verifier=name, device="cpu"))
    if characters:
        made.codec = CharacterCodec()  # type: ignore[assignment]
    return made


def picture(seed: int, height: int, width: int) -> Image:
    """Random pixels."""
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def generate(made: TransformersModel, request: Request) -> list[int]:
    """What transformers' own ``generate`` writes for the request."""
    inputs = made.profile.inputs(request.image, request.category)
    with torch.inference_mode():
        output = made.model.generate(**inputs, max_new_tokens=NEW_TOKENS, do_sample=False)
    tokens: list[int] = output[0, inputs["input_ids"].shape[1] :].tolist()
    return tokens


def with_draft(made: TransformersModel, request: Request, kind: str, truth: list[int]) -> Request:
    """The request with a draft of the given kind; a page's as its profile writes it."""
    text = made.codec.decode(truth)
    write = made.profile.write_page
    drafted = {
        "right": text,
        "empty": "",
        "written": write(REGIONS, request.image),
        "hostile": write(HOSTILE, request.image) + "<|endofassistant|>",
        "shifted": text[3:],
        "long": (text + '"}, {"bbox": [') * 10,
    }[kind]
    return Request(request.key, request.image, request.category, (Draft(drafted, kind),))


def verified_tokens(verifier: ModelVerifier, requests: list[Request]) -> dict[Any, list[int]]:
    """The tokens that the engine emitted for each request, by its key."""
    outputs, run = {}, verifier.engine.run

    def recorded(incoming: Iterable[Sequence | None]) -> Iterator[Sequence]:
        for sequence in run(incoming):
            outputs[sequence.key] = sequence.output
            yield sequence

    verifier.engine.run = recorded  # type: ignore[method-assign, assignment]
    assert {key for key, _ in verifier.verify(iter(requests))} == {request.key for request in requests}
    return outputs


def check(made: TransformersModel, rows: int, cases: list[Any]) -> None:
    """Run the cases in one engine and compare every sequence with ``generate``."""
    requests, truths = [], {}
    for key, (seed, height, width, kind, category) in enumerate(cases):
        request = Request(key, picture(seed, height, width), category)
        truths[key] = generate(made, request)
        requests.append(with_draft(made, request, kind, truths[key]))
    verifier = ModelVerifier(made, Config(max_batch=rows, max_new_tokens=NEW_TOKENS, accept="exact"))
    assert verified_tokens(verifier, requests) == truths


@pytest.mark.parametrize("penalty", [None, 1.3])
@pytest.mark.parametrize("category", [Category.TEXT, None])
def test_equals_generate_with_every_kind_of_draft(category: Category | None, penalty: float | None) -> None:
    """One batch with each kind of draft, regions or pages, gives what ``generate`` gives."""
    cases = [(n, 30 + 17 * n, 130 - 15 * n, kind, category) for n, kind in enumerate(KINDS)]
    check(loaded(0, penalty, True), 3, cases)


@pytest.mark.slow
@given(
    st.integers(1, 4),
    st.lists(
        st.tuples(
            st.integers(0, 30),
            st.integers(1, 150),
            st.integers(1, 150),
            st.sampled_from(KINDS),
            st.sampled_from([Category.TEXT, Category.TABLE, None]),
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(0, 1),
    st.booleans(),
)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_equals_generate(rows: int, cases: list[Any], seed: int, characters: bool) -> None:
    """Ragged batches of regions and pages with hostile drafts never change a token."""
    check(loaded(seed, None, characters), rows, cases)


def test_right_page_draft_takes_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """A perfect draft of a page rides in the prefill and ends in it."""
    made = loaded(characters=True)
    request = Request("page", picture(4, 140, 84), None, regions=REGIONS)
    truth = generate(made, request)
    monkeypatch.setattr(made.profile, "write_page", lambda regions, image: made.codec.decode(truth))
    verifier = ModelVerifier(made, Config(max_new_tokens=NEW_TOKENS))
    assert verified_tokens(verifier, [request]) == {"page": truth}
    assert verifier.passes == 1


def test_page_request_through_the_verifier() -> None:
    """A page request with drafted regions ends as ``generate`` does, its output read as regions."""
    made = loaded()
    request = Request("page", picture(4, 140, 84), None, regions=REGIONS)
    expected = made.codec.decode([t for t in generate(made, request) if t not in made.end_tokens])
    [(key, verdict)] = ModelVerifier(made, Config(max_new_tokens=NEW_TOKENS)).verify(iter([request]))
    assert (key, verdict.text) == ("page", expected)


def test_prompt_is_the_published_one() -> None:
    """Chat format, image tokens (one a merge cell) and prompts as published, without line breaks between."""
    profile: DotsOCR = loaded().profile
    inputs = profile.inputs(picture(0, 56, 84), Category.TEXT)
    text = tokenizer().decode(inputs["input_ids"][0])
    image = "<|user|><|img|>" + "<|imgpad|>" * 6 + "<|endofimg|>"
    assert text == image + "Extract the text content from this image.<|endofuser|><|assistant|>"
    page = tokenizer().decode(profile.inputs(picture(0, 56, 84), None)["input_ids"][0])
    assert page == image + profile.page_prompt + "<|endofuser|><|assistant|>"
    assert profile.page_prompt.startswith(
        "Please output the layout information from the PDF image, including"
    )
    assert profile.page_prompt.endswith("The entire output must be a single JSON object.\n")
    assert "['Caption', 'Footnote', 'Formula', 'List-item', 'Page-footer', 'Page-header'," in page


def test_drafts_end_with_the_answers_end() -> None:
    """The first end token is the one that the model's answers end with."""
    assert loaded().end_tokens[0] == tokenizer().convert_tokens_to_ids("<|endofassistant|>")


def test_several_images_in_one_vision_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is encoded in one pass, and each prompt is as alone."""
    made = loaded()
    profile: DotsOCR = made.profile
    inputs = [profile.inputs(picture(n, 30 + 30 * n, 100), Category.TEXT) for n in range(3)]
    alone = [profile.embed(made.model, [one])[0] for one in inputs]
    tower, passes = made.model.vision_tower, []
    handle = tower.register_forward_hook(lambda *_: passes.append(1))
    together = profile.embed(made.model, inputs)
    handle.remove()
    assert len(passes) == 1
    for one, other in zip(together, alone, strict=True):
        assert one.ids == other.ids
        assert one.following == len(one.ids)
        torch.testing.assert_close(one.embeds, other.embeds, rtol=1e-5, atol=1e-5)


def test_page_draft_is_in_pixels_of_the_resized_image() -> None:
    """Boxes are drafted in the resized image's pixels and read back in the page image's."""
    profile: DotsOCR = loaded().profile
    image = picture(0, 300, 150)  # resized to 168 x 84: at most 24 cells
    [box] = [region.box for region in profile.read_page(profile.write_page(REGIONS[:1], image), image)]
    assert profile.inputs(image, None)["image_grid_thw"].tolist() == [[1, 12, 6]]
    whole = profile.write_page((PageRegion(Category.TEXT, "a", (0, 0, 150, 300)),), image)
    assert whole == '[{"bbox": [0, 0, 84, 168], "category": "Text", "text": "a"}]'
    assert box is not None
    assert box == pytest.approx(REGIONS[0].box, abs=1.0)


def test_boxes_are_read_inside_the_image() -> None:
    """Coordinates outside the image are moved to its edge."""
    output = '[{"bbox": [-9, 5, 9999, 9999], "category": "Text", "text": "a"}]'
    [region] = loaded().profile.read_page(output, picture(0, 56, 84))
    assert region.box == (0, 5, 84, 56)


def test_elongated_page_keeps_its_coordinates() -> None:
    """A page that has to be framed in white is drafted where it stands in the frame, and read back."""
    profile: DotsOCR = loaded().profile
    image = picture(0, 2000, 4)
    region = PageRegion(Category.TEXT, "a", (0, 200, 4, 1800))
    [read] = profile.read_page(profile.write_page((region,), image), image)
    assert read.box is not None
    assert read.box == pytest.approx(region.box, abs=30)  # a pixel of the resized image


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1)])
def test_extreme_images_are_read(size: tuple[int, int]) -> None:
    """One-pixel and extremely elongated images are encoded, not refused."""
    made = loaded()
    profile: DotsOCR = made.profile
    [prompt] = profile.embed(made.model, [profile.inputs(picture(0, *size), Category.TEXT)])
    assert bool(prompt.embeds.isfinite().all())


def test_pictures_are_not_read() -> None:
    """Pictures are declined; pages and everything else are not."""
    profile: DotsOCR = loaded().profile
    assert profile.declines(Category.PICTURE)
    assert profile.declines(None) is None
    assert profile.declines(Category.TABLE) is None
    assert profile.native == "page"


def test_damaged_checkpoint_is_a_clear_error(tmp_path: Path) -> None:
    """A folder without weights says what is missing."""
    (tmp_path / "config.json").write_text(Path(folder(0, None), "config.json").read_text())
    with pytest.raises(ModelError, match="cannot load"):
        load(str(tmp_path), Config(verifier=str(tmp_path), device="cpu"))


def test_half_precision() -> None:
    """In bfloat16 pixels, features and embeddings take the model's type."""
    name = folder(0, None)
    made = load(name, Config(verifier=name, device="cpu", dtype="bfloat16"))
    [prompt] = made.profile.embed(made.model, [made.profile.inputs(picture(0, 56, 84), None)])
    assert prompt.embeds.dtype == torch.bfloat16
