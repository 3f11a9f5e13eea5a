"""Random training paragraphs: real text of many kinds, mixed with invented figures, references, addresses."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from docspec.verifiers.mini.training.corpus import held_out
from docspec.verifiers.mini.training.invented import Inventor
from docspec.verifiers.mini.training.invented_formulas import inline_formula


@dataclass(frozen=True)
class TextSource:
    """Paragraphs per kind; load either those to train on or the held-out ones."""

    kinds: dict[str, list[str]]
    inventor: Inventor

    @classmethod
    def load(cls, folder: Path, evaluation: bool) -> TextSource:
        """Read the corpus written by :mod:`docspec.verifiers.mini.training.corpus`."""
        kinds = {}
        for path in sorted(folder.glob("*.txt")):
            lines = path.read_text(encoding="utf-8").splitlines()
            shared = "words" in path.stem
            kinds[path.stem] = [line for line in lines if shared or held_out(line) == evaluation]
        return cls(kinds, Inventor(kinds["words"], kinds["foreign-words"]))

    def western(self, rng: random.Random, only: Sequence[str] = ()) -> str:
        """A random paragraph of western text, of the kinds named by ``only`` if any."""
        invent = self.inventor
        makers: dict[str, tuple[int, Callable[[random.Random], str]]] = {
            "prose": (34, self._prose),
            "gloss": (8, self._gloss),
            "foreign": (12, self._foreign),
            "words": (6, self._words),
            "references": (9, self._references),
            "figures": (10, invent.figures),
            "addresses": (5, invent.addresses),
            "codes": (12, invent.codes),
            "tables": (6, invent.table),
            "code": (4, self._code),
            "capitals": (5, self._capitals),
            "heading": (5, self._heading),
            "cited": (5, self._cited),
            "noted": (22, self._noted),
            "formulas": (16, self._formulas),
        }
        kind = rng.choices(
            list(makers), [weight * (not only or name in only) for name, (weight, _) in makers.items()]
        )[0]
        return " ".join(makers[kind][1](rng).split())

    def _prose(self, rng: random.Random) -> str:
        return rng.choice(self.kinds["prose"])

    def _gloss(self, rng: random.Random) -> str:
        glosses = rng.choices(self.kinds["gloss"], k=rng.randint(1, 4))
        return " ".join(gloss[0].upper() + gloss[1:] + "." for gloss in glosses)

    def _foreign(self, rng: random.Random) -> str:
        if rng.random() < 0.15:
            return " ".join(rng.choices(self.kinds["foreign-words"], k=rng.randint(5, 40)))
        return rng.choice(self.kinds["foreign"])

    def _words(self, rng: random.Random) -> str:
        words = rng.choices(self.kinds["words"], k=rng.randint(5, 50))
        return " ".join(word + rng.choice(["", "", "", "", ",", ".", ";", ":"]) for word in words)

    def _code(self, rng: random.Random) -> str:
        start = rng.randrange(max(1, len(self.kinds["code"]) - 4))
        return " ".join(self.kinds["code"][start : start + rng.randint(1, 3)])

    def _capitals(self, rng: random.Random) -> str:
        return self._prose(rng)[: rng.randint(10, 160)].upper()

    def _heading(self, rng: random.Random) -> str:
        text = " ".join(self._prose(rng).split()[: rng.randint(1, 8)]).rstrip(".,;:")
        text = text.title() if rng.random() < 0.5 else text
        starts = ["", "", f"{rng.randint(1, 9)}.{rng.randint(1, 12)} ", f"{rng.randint(1, 20)}. "]
        starts += ["Chapter ", "Appendix ", "Abstract. ", f"Figure {rng.randint(1, 30)}: ", "• "]
        return rng.choice(starts) + text

    def _references(self, rng: random.Random) -> str:
        titles = [self._prose(rng).split()[: rng.randint(3, 10)] for _ in range(rng.randint(1, 3))]
        return " ".join(self.inventor.reference(rng, " ".join(title).rstrip(".,")) for title in titles)

    def _cited(self, rng: random.Random) -> str:
        words = self._prose(rng).split()
        for _ in range(max(1, len(words) // 12)):
            words.insert(rng.randint(0, len(words)), self.inventor.mark(rng))
        return " ".join(words)

    def _noted(self, rng: random.Random) -> str:
        """Words with note marks, names with affiliations, a footnote's own mark, units with exponents."""
        invent = self.inventor
        words = self._prose(rng).split()[: rng.randint(4, 60)]
        if rng.random() < 0.2:
            words = ", ".join(invent.person(rng) for _ in range(rng.randint(2, 6))).split(" ")
        share = rng.choice([0.03, 0.08, 0.2])
        noted = [word + invent.note(rng) if rng.random() < share else word for word in words]
        noted[-1] += invent.note(rng) if rng.random() < 0.5 else ""
        if rng.random() < 0.25:
            noted[0] = invent.note(rng) + rng.choice(["", " "]) + noted[0]
        if rng.random() < 0.2:
            noted.insert(rng.randint(0, len(noted)), invent.exponent(rng))
        return " ".join(noted)

    def _formulas(self, rng: random.Random) -> str:
        """Words with formulas between them, some with the punctuation of a sentence."""
        share = rng.choice([0.1, 0.3, 0.5])
        written = []
        for word in self._prose(rng).split()[: rng.randint(3, 60)]:
            written.append(word)
            if rng.random() < share:
                before, after = rng.choice([("", ""), ("", ""), ("", ""), ("", ","), ("", "."), ("(", ")")])
                written.append(before + inline_formula(rng) + after)
        return " ".join(written)
