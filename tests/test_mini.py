"""The bundled verifier: features, vocabulary, weights, and that it reads."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from rapidfuzz.distance import Levenshtein

from docspec.drafters.reading.cells import CELL_SIZE
from docspec.drafters.reading.ocr_engine import OcrEngine
from docspec.errors import ModelError
from docspec.types import Draft
from docspec.verifiers.codec import TokenizerCodec
from docspec.verifiers.mini import tokens
from docspec.verifiers.mini.model import WEIGHTS, Mini
from docspec.verifiers.mini.reader import cells_of
from docspec.verifiers.mini.tokens import END
from docspec.verifiers.mini.training.data import running_text
from docspec.verifiers.mini.training.evaluate import read_regions, scores, superscripts_in
from docspec.verifiers.mini.verifier import character_confidence

SENTENCE = "The committee met on 14 March and approved the final report."
TOKENIZER = tokens.byte_tokenizer()


def line_image(text: str, size: int = 26) -> NDArray[np.uint8]:
    """A clean line in Pillow's built-in font."""
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("RGB", (int(right - left) + 12, int(bottom - top) + 8), "white")
    ImageDraw.Draw(picture).text((6 - left, 4 - top), text, font=font, fill="black")
    return np.asarray(picture)


@pytest.fixture(scope="module")
def engine() -> OcrEngine:
    """One session for all tests."""
    return OcrEngine()


@pytest.fixture(scope="module")
def mini() -> Mini:
    """The model in the package."""
    return Mini.from_pretrained()


def test_cells_of_no_images_are_no_cells(engine: OcrEngine) -> None:
    """An empty list is fine."""
    assert cells_of(engine, []) == []


def test_an_empty_line_has_one_cell(engine: OcrEngine) -> None:
    """White paper shows nothing: the line's own cell is all."""
    wide, narrow = np.full((48, 333, 3), 255, np.uint8), np.full((24, 20, 3), 255, np.uint8)
    cells = cells_of(engine, [wide, narrow])
    assert [line.features.shape for line in cells] == [(1, CELL_SIZE)] * 2
    assert all(line.features.dtype == np.float16 for line in cells)


def test_cells_do_not_depend_on_the_company(engine: OcrEngine) -> None:
    """A line alone and among others gives the same cells."""
    first, second = line_image("alone or together"), line_image("a rather longer line than that one")
    alone = cells_of(engine, [first])[0].features
    together = cells_of(engine, [second, first, first])[1].features
    np.testing.assert_allclose(alone, together, atol=0.02)
    np.testing.assert_array_equal(alone, cells_of(engine, [first])[0].features)


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 0, 3), (5, 5), (5, 5, 4)])
def test_unusable_images_are_refused(engine: OcrEngine, shape: tuple[int, ...]) -> None:
    """Empty images and other pixel formats raise ValueError."""
    with pytest.raises(ValueError, match="a strip is"):
        cells_of(engine, [np.zeros(shape, np.uint8)])


def test_the_recognisers_own_text_comes_with_the_cells(engine: OcrEngine) -> None:
    """Cells name what the recogniser read, and how sure it was."""
    (line,) = cells_of(engine, [line_image("Features")])
    assert line.text == "Features"
    assert 0.5 < line.sure[1:, 0].mean() <= 1.0


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_survives_the_vocabulary(text: str) -> None:
    """Decoding what was encoded gives the same text, and no mark ever appears."""
    ids = tokens.encode(text)
    assert tokens.decode(ids) == text
    assert not tokens.MARKS & set(ids)


@given(st.text(max_size=50))
@settings(max_examples=200, deadline=None)
def test_the_tokenizer_is_the_same_vocabulary(text: str) -> None:
    """The tokenizer that drafts are written with gives the same ids, and each token's character."""
    codec = TokenizerCodec(TOKENIZER, unwritten=tokens.MARKS)
    ids, starts = codec.encode(text)
    assert ids == tokens.encode(text)
    assert starts == [at for at, char in enumerate(text) for _ in char.encode()]
    assert codec.decode(ids) == text


def test_marks_spelled_out_are_plain_text() -> None:
    """The text "<end>" is five characters, not the end token."""
    assert END not in TOKENIZER.encode("<end>", add_special_tokens=False).ids


def test_hyphenated_words_are_joined() -> None:
    """Running text joins a hyphenated word, other lines with a space, and keeps a last hyphen."""
    assert (
        running_text([("a hyphen-", True), ("ated word", False), ("ends-", True)])
        == "a hyphenated word ends-"
    )


def test_prompt_has_every_cell_at_its_place(mini: Mini, engine: OcrEngine) -> None:
    """A prompt is the lines' cells and the begin token, whose successor stands at position 1."""
    lines = cells_of(engine, [line_image("one two"), line_image("three")])
    (prompt,) = mini.prompts([lines])
    assert prompt.embeds.shape == (len(lines[0]) + len(lines[1]) + 1, mini.config.hidden)
    assert prompt.positions[0, -1] == 0
    assert prompt.following == 1


def test_a_lines_encoding_does_not_depend_on_its_company(mini: Mini, engine: OcrEngine) -> None:
    """Alone and among other regions a region has the same prompt, to the last bit."""
    lines = cells_of(engine, [line_image("short"), line_image("a longer one")])
    alone, together = mini.prompts([[lines[0]]])[0], mini.prompts([[lines[1]], [lines[0]]])[1]
    assert torch.equal(alone.embeds, together.embeds)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "SHA256SUMS"])
def test_missing_or_damaged_files_are_named(tmp_path: Path, name: str) -> None:
    """A missing file and a changed file both raise ModelError."""
    folder = tmp_path / "weights"
    shutil.copytree(WEIGHTS, folder)
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(ModelError):
        Mini.from_pretrained(folder)
    (folder / name).unlink()
    with pytest.raises(ModelError):
        Mini.from_pretrained(folder)


def test_a_saved_model_loads_equal(tmp_path: Path, mini: Mini) -> None:
    """Saving and loading keeps every weight (stored as float16)."""
    mini.save_pretrained(tmp_path)
    again = Mini.from_pretrained(tmp_path).state_dict()
    assert all(torch.equal(value, again[key]) for key, value in mini.state_dict().items())


def test_a_trusted_text_layer_is_safer_by_character() -> None:
    """A layer's confidence is of the whole; one that is not trusted, and OCR, stay as they are."""
    assert character_confidence(Draft("a", "text-layer", 0.98)) > 0.9999
    assert character_confidence(Draft("a", "text-layer", 0.3)) == 0.3
    assert character_confidence(Draft("a", "rapidocr", 0.98)) == 0.98


def test_a_clear_line_is_read(mini: Mini, engine: OcrEngine) -> None:
    """Greedy decoding, without a draft, of a line in a font never trained on: at most two slips."""
    (text,) = read_regions(mini, [cells_of(engine, [line_image(SENTENCE)])])
    assert Levenshtein.distance(text, SENTENCE) <= 2


def test_lines_are_read_as_running_text(mini: Mini, engine: OcrEngine) -> None:
    """Three lines come out as one text, the hyphenated word whole."""
    shown = [
        "The committee met on 14 March and ap-",
        "proved the final report. It will be",
        "printed in May.",
    ]
    lines = cells_of(engine, [line_image(line) for line in shown])
    (text,) = read_regions(mini, [lines])
    truth = "The committee met on 14 March and approved the final report. It will be printed in May"
    assert Levenshtein.distance(text, truth) <= 3


def test_superscripts_are_counted_by_line() -> None:
    """Recall is of the truth's marks, precision of those read; without marks both are 1."""
    assert scores([("cup¹ and²", "cup¹ and"), ("a", "a³")], superscripts_in) == (0.5, 0.5)
    assert scores([("a1", "a1")], superscripts_in) == (1.0, 1.0)
