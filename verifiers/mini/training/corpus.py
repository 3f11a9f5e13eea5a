"""Training text for the bundled verifier, collected from Debian packages (all freely licensed).

``python -m docspec.verifiers.mini.training.corpus --packages DIR --output DIR`` reads the unpacked
packages that MODEL_CARD.md names and writes one file per kind of text, one paragraph per line.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import html
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

HELD_OUT_SHARE = 0.03  # of the paragraphs, chosen by hash, never trained on
_BLOCK = re.compile(r"<(p|dd|h1|h2|h3|li)\b[^>]*>(.*?)</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_NOISE = re.compile(
    r"[^\x20-\x7e\u00a1-\u017f\u2010-\u2026\u2032\u20ac\u2122\u2190-\u2193\u2212\u2260-\u2265]"
)
_HANDBOOK = {
    "prose": ("en-US",),
    "foreign": ("de-DE", "fr-FR", "es-ES", "it-IT", "pt-BR", "nl-NL", "da-DK", "sv-SE"),
}
_MANUALS = ("de", "fr", "es")
_WORD_LISTS = {
    "words": ("american-english", "british-english"),
    "foreign-words": ("ngerman", "french", "spanish", "italian", "portuguese"),
}


def held_out(paragraph: str) -> bool:
    """Whether a paragraph belongs to the evaluation text (a fixed share, by hash)."""
    digest = hashlib.sha256(paragraph.encode()).digest()
    return digest[0] * 256 + digest[1] < HELD_OUT_SHARE * 65536


def html_paragraphs(path: Path) -> Iterator[str]:
    """Running text of a documentation page's paragraphs, list items and headings."""
    page = path.read_text(encoding="utf-8", errors="ignore") if path.is_file() else ""
    for match in _BLOCK.finditer(page):
        yield html.unescape(_TAG.sub("", match.group(2))).replace("¶", "")


def manual_paragraphs(path: Path) -> Iterator[str]:
    """Running text of a manual page (roff), macros dropped."""
    lines: list[str] = []
    for line in gzip.decompress(path.read_bytes()).decode("utf-8", errors="ignore").splitlines():
        if not line.startswith((".", "'")):
            lines.append(line)
        elif lines and not line.startswith((".B", ".I", ".\\")):
            yield _unroff(" ".join(lines))
            lines = []


def wordnet_glosses(folder: Path) -> Iterator[str]:
    """Definitions and example sentences of WordNet."""
    for name in ("data.noun", "data.verb", "data.adj", "data.adv"):
        for line in (folder / name).read_text(encoding="utf-8", errors="ignore").splitlines():
            if not line.startswith("  ") and "| " in line:
                yield line.split("| ", 1)[1]


def dictionary_paragraphs(path: Path) -> Iterator[str]:
    """Entries of a dictd dictionary (gzip-compatible)."""
    text = gzip.decompress(path.read_bytes()).decode("utf-8", errors="ignore")
    yield from re.split(r"\n\s*\n", text)


def clean(paragraphs: Iterable[str]) -> list[str]:
    """Paragraphs with white space collapsed, only characters that the fonts draw, no duplicates."""
    kept: dict[str, None] = {}
    for paragraph in paragraphs:
        text = " ".join(paragraph.split())
        if (
            20 <= len(text) <= 3000
            and not _NOISE.search(text)
            and sum(map(str.isalpha, text)) > len(text) / 2
        ):
            kept.setdefault(text)
    return list(kept)


def collect(packages: Path, code: Path) -> dict[str, list[str]]:
    """All kinds of text from a folder with unpacked packages and one with Python source files."""
    doc, man = packages / "usr/share/doc", packages / "usr/share/man"
    english = [*sorted((doc / "postgresql-doc-15/html").glob("*.html"))]
    english += sorted((doc / "python3.11/html").glob("**/*.html"))
    english += [
        p
        for d in ("book", "reference", "nomicon", "edition-guide")
        for p in sorted((doc / "rust-doc/html" / d).glob("**/*.html"))
    ]
    english += [
        p
        for d in ("debian-policy", "developers-reference", "debian-faq", "debian-reference-en")
        for p in sorted((doc / d).glob("**/*.html"))
    ]
    english += sorted((packages / "usr/share/developers-reference").glob("*.html"))
    kinds: dict[str, list[str]] = {"prose": [], "foreign": []}
    for path in english:
        kinds["prose"] += html_paragraphs(path)
    for kind, languages in _HANDBOOK.items():
        for language in languages:
            for path in sorted((doc / "debian-handbook/html" / language).glob("*.html")):
                kinds[kind] += html_paragraphs(path)
    for language in _MANUALS:
        for path in sorted((man / language).glob("man*/*.gz")):
            kinds["foreign"] += manual_paragraphs(path)
    for name in ("devil", "jargon"):
        kinds["prose"] += dictionary_paragraphs(packages / f"usr/share/dictd/{name}.dict.dz")
    kinds["gloss"] = list(wordnet_glosses(packages / "usr/share/wordnet"))
    result = {kind: clean(paragraphs) for kind, paragraphs in kinds.items()}
    for kind, names in _WORD_LISTS.items():
        words = {
            w for n in names for w in (packages / "usr/share/dict" / n).read_text("utf-8", "ignore").split()
        }
        result[kind] = sorted(w for w in words if not _NOISE.search(w) and len(w) > 1)
    result["code"] = _code_lines(code)
    return result


def _code_lines(folder: Path) -> list[str]:
    lines: dict[str, None] = {}
    for path in sorted(folder.glob("*.py")):
        for line in path.read_text(encoding="utf-8", errors="ignore").splitlines():
            text = line.strip()
            if 8 < len(text) < 90 and not _NOISE.search(text) and "  " not in text:
                lines.setdefault(text)
    return list(lines)


def _unroff(text: str) -> str:
    text = re.sub(r"\\f[A-Z]|\\f\([A-Z]{2}|\\&|\\/|\\\||\\,|\\c", "", text)
    text = text.replace("\\-", "-").replace("\\(em", "—").replace("\\(en", "–").replace("\\(bu", "•")
    text = text.replace("\\(aq", "'").replace("\\(dq", '"').replace("\\(lq", "“").replace("\\(rq", "”")
    text = text.replace("\\(Fo", "«").replace("\\(Fc", "»").replace("\\ ", " ").replace("\\(co", "©")
    return "" if "\\" in text else text


def main() -> None:
    """Write the corpus files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, required=True, help="folder with the unpacked packages")
    parser.add_argument("--code", type=Path, required=True, help="folder with Python source files")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for kind, paragraphs in collect(options.packages, options.code).items():
        (options.output / f"{kind}.txt").write_text("\n".join(paragraphs) + "\n", encoding="utf-8")
        print(kind, len(paragraphs), "paragraphs", sum(map(len, paragraphs)), "characters")


if __name__ == "__main__":
    main()
