"""Character error of OCR on lines drawn in the languages of Europe, and what it can write of other scripts.

Pages of a few lines are drawn in matplotlib's DejaVu fonts at 150 dpi and read by an OCR drafter; nothing is
degraded, so that what is counted is the recogniser's alphabet and its languages. White space counts. A
script of which not every letter is known is not read but listed by how much of it is. Last line JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from docspec import registry
from docspec.drafters.reading.ocr import OcrDrafter
from docspec.mupdf import pymupdf
from docspec.types import Page

FONTS = ("DejaVuSans", "DejaVuSerif", "DejaVuSans-Bold")
DPI, SIZE, MARGIN = 150.0, 11.0, 24.0  # SIZE and MARGIN in points

SENTENCES = {
    "English": (
        "The ship's cook counted forty-two jars of quince jam, and two were empty.",
        "Why did nobody ask the judge before the bridge was closed in March 1987?",
        "Five quick wizards jump over the lazy dog; it hardly noticed them.",
    ),
    "German": (
        "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.",
        "Die Prüfung der Maßnahmen dauerte länger, als es die Behörde für möglich hielt.",
        "Äpfel, Öl und Übungshefte kosten im Geschäft jetzt 7,50 Euro.",
    ),
    "French": (
        "Dès Noël, où un zéphyr haï me vêt de glaçons, je dîne d’exquis rôtis de bœuf.",
        "L’élève a reçu une lettre très courte : « Où êtes-vous allés cet été ? »",
        "Ça suffit, répondit-elle, la forêt n’appartient à personne.",
    ),
    "Spanish": (
        "El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia y frío.",
        "¿Cuántos años tenía la niña cuando llegó a Logroño? ¡Solo cuatro!",
        "Mañana el señor Núñez enseñará las viñas más pequeñas de la región.",
    ),
    "Italian": (
        "Perché la città è più bella quando piove? Così ce lo chiedeva papà.",
        "Quel vituperabile xenofobo zelante assaggia il whisky ed esclama: alleluja!",
        "Lunedì e giovedì l’università è aperta, però la libertà ha un prezzo.",
    ),
    "Swedish": (
        "Flygande bäckasiner söka hwila på mjuka tuvor i Västergötland.",
        "Åtta små öar ligger öster om fjärden, där färjan går på lördagar.",
        "Hon läste brevet två gånger och förstod ändå inte frågan på slutet.",
    ),
    "Polish": (
        "Pchnąć w tę łódź jeża lub ośm skrzyń fig, mówił żołnierz z Łodzi.",
        "Zażółć gęślą jaźń, powiedziała babcia i zamknęła książkę.",
        "W ciągu pięciu miesięcy źródło wyschło, choć padało każdej nocy.",
    ),
    "Czech": (
        "Příliš žluťoučký kůň úpěl ďábelské ódy nad řekou Vltavou.",
        "Když přišel déšť, děti běžely ke škole a smály se tomu.",
        "Město Třebíč má od roku 1335 právo vařit pivo, což je známé.",
    ),
    "Portuguese": (
        "À noite, vovô Kowalsky vê o ímã cair no pé do pinguim queixoso.",
        "A decisão não foi fácil, mas os cidadãos de São João já a esperavam.",
        "Três irmãs venderam maçãs, pães e limões na praça da estação.",
    ),
}
SCRIPTS = {
    "Cyrillic": "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "Greek": "αβγδεζηθικλμνξοπρστυφχψω",
    "Greek with accents": "άέήίόύώϊϋΐΰ",
    "Japanese kana": "あいうえおかきくけこさしすせそたちつてとなにぬねのアイウエオカキクケコサシスセソ",
}


def drawn(sentences: Sequence[str], font: str) -> Page:
    """A page with a line for each of ``sentences``, as an image; ``font`` is a file of matplotlib's."""
    import matplotlib

    file = Path(matplotlib.get_data_path(), "fonts", "ttf", f"{font}.ttf")
    metrics = pymupdf.Font(fontfile=str(file))
    width = 2 * MARGIN + max(metrics.text_length(text, SIZE) for text in sentences)
    with pymupdf.open() as document:
        sheet = document.new_page(width=width, height=2 * MARGIN + 2 * SIZE * len(sentences))
        writer = pymupdf.TextWriter(sheet.rect)
        for number, text in enumerate(sentences):
            writer.append((MARGIN, MARGIN + SIZE + 2 * SIZE * number), text, font=metrics, fontsize=SIZE)
        writer.write_text(sheet)
        pixmap = sheet.get_pixmap(dpi=int(DPI), alpha=False)
        rows = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.stride)
        image = rows[:, : 3 * pixmap.width].reshape(pixmap.height, pixmap.width, 3)
        return Page(0, sheet.rect.width, sheet.rect.height, DPI, image)


def character_errors(drafter: OcrDrafter, language: str) -> float:
    """Edits over characters, 0 to 1 (or more), over all of ``FONTS``."""
    wanted = " ".join(SENTENCES[language])
    edits = 0
    for font in FONTS:
        lines = drafter.read(drawn(SENTENCES[language], font))
        edits += Levenshtein.distance(" ".join(line.text for line in lines), wanted)
    return edits / (len(FONTS) * len(wanted))


def main() -> None:
    """Print the figures; the last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m docspec.bench.languages", description=__doc__)
    parser.add_argument("--drafter", choices=["rapidocr", "rapidocr-v4"], default="rapidocr")
    options = parser.parse_args()
    drafter = registry.load("drafters", options.drafter)()
    errors = {language: round(100 * character_errors(drafter, language), 2) for language in SENTENCES}
    known = {
        script: round(100 * drafter.engine.known_share(letters), 1) for script, letters in SCRIPTS.items()
    }
    for language, error in errors.items():
        print(f"{language:<20} {error:.2f}% of characters wrong")
    for script, share in known.items():
        print(f"{script:<20} {share:.0f}% of the letters can be written")
    print(
        json.dumps(
            {"benchmark": "languages", "drafter": options.drafter, "errors": errors, "can be written": known}
        )
    )


if __name__ == "__main__":
    main()
