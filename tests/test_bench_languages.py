"""OCR of lines drawn in the languages that README names."""

import pytest

from docspec.bench.languages import SCRIPTS, SENTENCES, character_errors
from docspec.drafters.reading.ocr import OcrDrafter

MOST = {"Czech": 0.03}  # of characters that may be wrong, and in the other languages:
USUAL = 0.01


@pytest.fixture(scope="module")
def drafter() -> OcrDrafter:
    return OcrDrafter(threads=1)


@pytest.mark.slow
@pytest.mark.parametrize("language", SENTENCES)
def test_each_language_is_read(drafter: OcrDrafter, language: str) -> None:
    """Clean lines in common fonts are read with all their accents."""
    assert character_errors(drafter, language) <= MOST.get(language, USUAL)


def test_the_alphabet_has_what_is_said_of_it(drafter: OcrDrafter) -> None:
    """Every letter of the languages, unaccented Greek and kana can be written; Cyrillic cannot."""
    letters = "".join("".join(sentences) for sentences in SENTENCES.values())
    assert drafter.engine.known_share(letters) == 1.0
    assert {script: drafter.engine.known_share(sample) for script, sample in SCRIPTS.items()} == {
        "Cyrillic": 0.0,
        "Greek": 1.0,
        "Greek with accents": 0.0,
        "Japanese kana": 1.0,
    }
