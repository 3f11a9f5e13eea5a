"""The bundled verifier: features, vocabulary, weights, and that it reads."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from rapidfuzz.distance import Levenshtein

from docspec.errors import ModelError
from docspec.verifiers.mini.align import expected_tokens
from docspec.verifiers.mini.data import running_text
from docspec.verifiers.mini.features import MAX_FRAMES, LineFeatures
from docspec.verifiers.mini.model import WEIGHTS, Mini
from docspec.verifiers.mini.tokens import END, PAD, SPECIAL, MiniTokenizer

SENTENCE = "The committee met on 14 March and approved the final report."
TOKENIZER = MiniTokenizer(WEIGHTS / "tokenizer.json")


def line_image(text: str, size: int = 26) -> NDArray[np.uint8]:
    """A clean line in Pillow's built-in font."""
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("RGB", (int(right - left) + 12, int(bottom - top) + 8), "white")
    ImageDraw.Draw(picture).text((6 - left, 4 - top), text, font=font, fill="black")
    return np.asarray(picture)


@pytest.fixture(scope="module")
def extractor() -> LineFeatures:
    """One session for all tests."""
    return LineFeatures()


@pytest.fixture(scope="module")
def mini() -> Mini:
    """The model in the package."""
    return Mini.from_pretrained()


def test_features_have_one_frame_per_eight_pixels(extractor: LineFeatures) -> None:
    """Frames follow the width at 48 pixels height, rounded up."""
    wide, narrow = np.full((48, 333, 3), 255, np.uint8), np.full((24, 20, 3), 255, np.uint8)
    features = extractor.extract([wide, narrow])
    assert [f.shape for f in features] == [(42, 120), (5, 120)]
    assert all(f.dtype == np.float32 for f in features)


def test_features_of_no_images_are_no_features(extractor: LineFeatures) -> None:
    """An empty list is fine."""
    assert extractor.extract([]) == []


def test_very_long_lines_are_bounded(extractor: LineFeatures) -> None:
    """A line of extreme width costs no more than the longest allowed."""
    (features,) = extractor.extract([np.full((4, 4000, 3), 255, np.uint8)])
    assert len(features) == MAX_FRAMES


def test_features_do_not_depend_on_the_company(extractor: LineFeatures) -> None:
    """A line alone and among others gives the same features."""
    first, second = line_image("alone or together"), line_image("a rather longer line than that one")
    alone = extractor.extract([first])[0]
    together = extractor.extract([second, first, first])[1]
    np.testing.assert_allclose(alone, together, atol=1e-4)
    np.testing.assert_array_equal(alone, extractor.extract([first])[0])


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 0, 3), (5, 5), (5, 5, 4)])
def test_unusable_images_are_refused(extractor: LineFeatures, shape: tuple[int, ...]) -> None:
    """Empty images and other pixel formats raise ValueError."""
    with pytest.raises(ValueError, match="line image"):
        extractor.extract([np.zeros(shape, np.uint8)])


def test_the_recognisers_own_text_comes_from_the_same_features(extractor: LineFeatures) -> None:
    """The classifier applied to the features reads the line."""
    reading = extractor.head().read(extractor.extract([line_image("Features")])[0])
    assert reading.text.strip() == "Features"
    assert 0.5 < reading.confidence <= 1.0


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_survives_the_vocabulary(text: str) -> None:
    """Decoding what was encoded gives the same text, and no special token ever appears."""
    ids = TOKENIZER.encode(text)
    assert TOKENIZER.decode(ids) == text
    assert all(i >= len(SPECIAL) for i in ids)


@given(st.lists(st.text(alphabet="abcdefghijklmnopqrstuvwxyzéüß", min_size=1), min_size=1, max_size=20))
@settings(deadline=None)
def test_words_are_encoded_independently(words: list[str]) -> None:
    """Encoding word by word (with their leading spaces) equals encoding the text at once."""
    pieces = [words[0], *(f" {word}" for word in words[1:])]
    assert TOKENIZER.encode("".join(pieces)) == [i for piece in pieces for i in TOKENIZER.encode(piece)]


def test_special_tokens_spelled_out_are_plain_text() -> None:
    """The text "<end>" is five characters, not the end token."""
    assert END not in TOKENIZER.encode("<end>")


def test_hyphenated_words_are_joined() -> None:
    """Running text joins a hyphenated word, other lines with a space, and keeps a last hyphen."""
    assert (
        running_text([("a hyphen-", True), ("ated word", False), ("ends-", True)])
        == "a hyphenated word ends-"
    )


def test_prompt_has_every_frame_and_mark(mini: Mini) -> None:
    """One mark per line, one position per two frames, one begin token."""
    prompt = mini.embed_lines([torch.randn(11, 120), torch.randn(40, 120)])
    assert prompt.shape == (1 + 6 + 1 + 20 + 1, mini.config.hidden)


def test_clock_tells_how_far_on_the_text_of_a_frame_is() -> None:
    """Each position's expected token grows along the lines and goes on from line to line."""
    first, second = expected_tokens(
        [("one two", [1, 3, 5, 7, 11, 13, 15]), ("ten", [0, 4, 8])], [9, 6], TOKENIZER
    )
    both = np.concatenate([first, second])
    assert len(both) == 15
    assert (np.diff(both) >= 0).all()
    assert first[0] == 0
    assert second[-1] >= first[-1] + 1


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "SHA256SUMS"])
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
    shutil.copy(WEIGHTS / "tokenizer.json", tmp_path)
    mini.save_pretrained(tmp_path)
    again = Mini.from_pretrained(tmp_path).state_dict()
    assert all(torch.equal(value, again[key]) for key, value in mini.state_dict().items())


def read_sentence(mini: Mini, extractor: LineFeatures) -> tuple[str, bool]:
    """The greedy reading of the sentence's picture, and whether it ended by itself."""
    (features,) = extractor.extract([line_image(SENTENCE)])
    prompt = mini.embed_lines([torch.from_numpy(features)])
    decoder: Any = mini.decoder
    output = decoder.generate(
        inputs_embeds=prompt[None],
        attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        do_sample=False,
        max_new_tokens=120,
        eos_token_id=END,
        pad_token_id=PAD,
    )
    return mini.tokenizer.decode(output[0].tolist()), bool(output[0, -1] == END)


def test_a_clear_line_is_followed_to_its_end(mini: Mini, extractor: LineFeatures) -> None:
    """Greedy decoding of a line in a font never trained on ends by itself, with most letters right."""
    text, ended = read_sentence(mini, extractor)
    assert ended
    assert Levenshtein.distance(text, SENTENCE) < 0.3 * len(SENTENCE)


def test_a_clear_line_is_read_with_few_errors(mini: Mini, extractor: LineFeatures) -> None:
    """Less than a tenth of the characters are wrong."""
    assert Levenshtein.distance(read_sentence(mini, extractor)[0], SENTENCE) < 0.1 * len(SENTENCE)
