"""The OCR models' files, and how closely the detector looks. Small and pure."""

from hypothesis import given
from hypothesis import strategies as st

from docspec.drafters.reading.ocr_engine import LEGIBLE, SMALL_TEXT, closer_by
from docspec.drafters.reading.ocr_models import V4, V6, alphabet


def test_alphabets_stand_in_the_models_files() -> None:
    """PP-OCRv6 knows the Latin letters of Europe, Greek and kana; PP-OCRv4 does not; neither has Cyrillic."""
    old, new = (frozenset(alphabet(models.recogniser.path().read_bytes())) for models in (V4, V6))
    european = set("äöüßéèêçñãõåøąęłńśźżčďěňřšťůőűαβγωあア")
    assert european <= new
    assert not european <= old
    assert "ж" not in new


@given(st.lists(st.floats(1, 200), max_size=40))
def test_a_closer_look_makes_small_text_legible(heights: list[float]) -> None:
    """Only small text asks for one, and no look is from farther away."""
    by = closer_by(heights)
    assert by >= 1.0
    if by > 1.0:
        assert min(heights) < SMALL_TEXT
        assert min(heights) * by <= LEGIBLE * 1.0001
