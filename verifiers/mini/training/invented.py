"""Invented pieces of documents that ordinary text has too few of: figures, dates, references, addresses."""

from __future__ import annotations

import calendar
import random
from collections.abc import Sequence
from dataclasses import dataclass

from docspec.drafters.characters import raised

_MONTHS = list(calendar.month_name)[1:]
_UNITS = ["mm", "cm", "m", "km", "kg", "g", "mg", "s", "ms", "min", "h", "°C", "K", "V", "mV", "A", "W", "kW"]
_UNITS += ["MHz", "GHz", "MB", "GB", "%", "dB", "Pa", "N", "mol", "L", "mL", "USD", "EUR"]
_VENUES = ["Proceedings of the International Conference on", "Journal of", "Transactions on", "Advances in"]
_LABELS = ["Name", "Address", "Date", "Total", "Subject", "Phone", "Fax", "Invoice", "Reference", "Order"]
_LABELS += ["Amount", "From", "To", "Page", "Version"]


@dataclass(frozen=True)
class Inventor:
    """Makes figures, dates, references and addresses; names are random words of the lists."""

    english: Sequence[str]
    foreign: Sequence[str]

    def name(self, rng: random.Random) -> str:
        """A capitalised word as a surname or place."""
        source = self.english if rng.random() < 0.7 else self.foreign
        return rng.choice(source).split("'")[0].capitalize()

    def number(self, rng: random.Random) -> str:
        """A figure as tables and results write them."""
        value = 10 ** rng.uniform(-2, 7)
        forms = [f"{value:.0f}", f"{value:,.0f}", f"{value:.2f}", f"{value:,.2f}", f"{value:.1f}%"]
        forms += [f"${value:,.2f}", f"−{value:.2f}", f"-{value:.1f}", f"{value:.3f}", f"({value:,.0f})"]
        forms += [f"{value:.1e}", f"€{value:,.0f}", f"{value:.1f} {rng.choice(_UNITS)}"]
        forms += [f"{value:.2f} ± {value / 10:.2f}", f"p < 0.{rng.randint(1, 99):02d}"]
        return rng.choice(forms)

    def date(self, rng: random.Random) -> str:
        """A date or a time of day."""
        day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1800, 2030)
        word = _MONTHS[month - 1]
        forms = [f"{day} {word} {year}", f"{word} {day}, {year}", f"{day:02d}.{month:02d}.{year}"]
        forms += [f"{year}-{month:02d}-{day:02d}", f"{month}/{day}/{year}", f"{word[:3]}. {year}"]
        forms.append(f"{rng.randint(0, 23)}:{rng.randint(0, 59):02d}")
        return rng.choice(forms)

    def figures(self, rng: random.Random) -> str:
        """A row of a table: mostly numbers."""
        makers = [self.number, self.number, self.number, self.date, self.name]
        return " ".join(rng.choice(makers)(rng) for _ in range(rng.randint(2, 14)))

    def person(self, rng: random.Random) -> str:
        """Initial and surname, in either order."""
        initial, name = rng.choice("ABCDEFGHIJKLMNOPRSTVW"), self.name(rng)
        return f"{initial}. {name}" if rng.random() < 0.5 else f"{name}, {initial}."

    def reference(self, rng: random.Random, title: str) -> str:
        """A bibliography entry with the given title."""
        people = [self.person(rng) for _ in range(rng.randint(1, 4))]
        authors = rng.choice([", ", " and ", "; "]).join(people)
        venue = f"{rng.choice(_VENUES)} {self.name(rng)} {self.name(rng)}"
        first, year = rng.randint(1, 2000), rng.randint(1950, 2026)
        pages = f"{first}{rng.choice('-–')}{first + rng.randint(1, 40)}"
        mark = rng.choice([f"[{rng.randint(1, 120)}] ", f"{rng.randint(1, 99)}. ", ""])
        tails = [f"{venue}, {rng.randint(1, 90)}({rng.randint(1, 12)}):{pages}, {year}."]
        tails += [f"({year}). {venue}, pp. {pages}.", f"In {venue}, pages {pages}, {year}."]
        tails += [f"arXiv:{rng.randint(10, 26)}{rng.randint(1, 12):02d}.{rng.randint(1, 99999):05d}, {year}."]
        tails += [f"doi:10.{rng.randint(1000, 9999)}/{self.name(rng).lower()}.{rng.randint(1, 999999)}"]
        end = rng.choice([", ", ". ", ", et al. ", " et al., "])
        quoted = rng.choice([f"“{title},” ", f"{title}. ", f'"{title}". '])
        return mark + authors + end + quoted + rng.choice(tails)

    def addresses(self, rng: random.Random) -> str:
        """E-mail and web addresses, telephone numbers, form fields."""
        name, host = self.name(rng).lower(), self.name(rng).lower()
        domain = rng.choice(["com", "org", "edu", "net", "de", "fr", "io", "ac.uk", "gov"])
        phone = f"{rng.randint(10, 999)} {rng.randint(100, 999)}-{rng.randint(1000, 9999)}"
        street = rng.choice(["Street", "Ave.", "Road", "Blvd."])
        parts = [f"{name}.{host}@{host}.{domain}", f"+{rng.randint(1, 99)} {phone}"]
        parts += [f"https://www.{host}.{domain}/{name}/{rng.randint(1, 9999)}", f"www.{name}-{host}.{domain}"]
        parts += [f"http://{host}.{domain}/{name}.html?id={rng.randint(1, 999)}", f"/usr/{name}/{host}.txt"]
        parts += [f"{rng.randint(1, 9999)} {self.name(rng)} {street}, {self.name(rng)}"]
        parts += [f"{rng.choice(_LABELS)}: {self.name(rng)}", f"{rng.choice(_LABELS)}: {self.date(rng)}"]
        parts += [f"{rng.choice(_LABELS)} No. {rng.randint(1, 99999)}"]
        parts += [f"© {rng.randint(1950, 2026)} {self.name(rng)}"]
        return " ".join(rng.sample(parts, rng.randint(1, 4)))

    def codes(self, rng: random.Random) -> str:
        """Telephone, part and account numbers and the like, where spelling and sense help nothing."""
        makers = [self._telephone, self._part, self._grouped, self._telephone, self._part]
        makers += [self.date, self._marked]
        labels = ["", "", f"{rng.choice(_LABELS)}: ", f"{self.name(rng)} ", "No. ", "Tel. ", "ISBN ", "["]
        dash = rng.choice("--–")  # typesetters make hyphens between figures wider
        text = " ".join(rng.choice(labels) + rng.choice(makers)(rng) for _ in range(rng.randint(1, 8)))
        return text.replace("-", dash) + rng.choice(["", "", ".", ";", "]"])

    def _marked(self, rng: random.Random) -> str:
        """A word or capitals with a figure tied to it."""
        letters = "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=rng.randint(1, 5)))
        word = rng.choice([letters, letters, self.name(rng)])
        year = rng.randint(1950, 2030)
        forms = [f"{word}-{rng.randint(1, 99)}", f"{year}-{self._digits(rng, rng.randint(2, 6))}"]
        forms += [f"{rng.randint(1, 12)}-{rng.randint(1, 31)}-{year % 100:02d}", f"{word}-{year}-{word}"]
        forms += [f"{rng.randint(1, 99)} {letters} {rng.randint(1, 9999)}-{rng.randint(1, 9999)}"]
        return rng.choice(forms)

    def _digits(self, rng: random.Random, count: int) -> str:
        """Digits, the same one often several times in a row (recognisers lose some of those)."""
        digits = ""
        while len(digits) < count:
            digits += str(rng.randint(0, 9)) * rng.choice([1, 1, 1, 1, 1, 1, 2, 3])
        return digits[:count]

    def _telephone(self, rng: random.Random) -> str:
        a, b, c = (self._digits(rng, n) for n in (3, 3, 4))
        pairs = " ".join(self._digits(rng, 2) for _ in range(rng.randint(3, 5)))
        forms = [f"({a}) {b}-{c}", f"{a}-{b}-{c}", f"{a}.{b}.{c}", f"+1 {a} {b} {c}", f"1-800-{b}-{c}"]
        forms += [f"+{rng.randint(20, 99)} {rng.randint(1, 99)} {pairs}", f"0{a}/{b}{c}", f"0{a} {b}{c}"]
        return rng.choice(forms)

    def _part(self, rng: random.Random) -> str:
        """A product, order or serial number: groups of capitals and digits."""
        groups = []
        for _ in range(rng.randint(1, 4)):
            letters = "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=rng.randint(1, 4)))
            digits = self._digits(rng, rng.randint(1, 6))
            groups.append(rng.choice([letters, digits, digits, letters + digits, digits + letters]))
        text = rng.choice(["-", "-", "", "/", ".", "_"]).join(groups)
        return text if rng.random() < 0.8 else text.lower()

    def _grouped(self, rng: random.Random) -> str:
        """An account, card, licence or hexadecimal number: groups of one length."""
        size, count = rng.choice([(4, 4), (4, 5), (2, 6), (5, 5), (3, 4), (8, 1), (13, 1), (16, 1)])
        if rng.random() < 0.3:
            groups = ["".join(rng.choices("0123456789ABCDEF", k=size)) for _ in range(count)]
        else:
            groups = [self._digits(rng, size) for _ in range(count)]
        text = rng.choice([" ", " ", "-", ":", ""]).join(groups)
        return text if rng.random() < 0.7 else text.lower()

    def table(self, rng: random.Random) -> str:
        """Rows of a table read across: a name, then figures of one kind."""
        rows = []
        for _ in range(rng.randint(1, 6)):
            places, top = rng.randint(0, 3), 10 ** rng.uniform(0, 5)
            cells = [f"{rng.uniform(0, top):,.{places}f}" for _ in range(rng.randint(2, 8))]
            rows.append(" ".join([self.name(rng), *cells]))
        return " ".join(rows)

    def mark(self, rng: random.Random) -> str:
        """A citation, a quoted word, a figure: what interrupts prose."""
        year, name = rng.randint(1960, 2026), self.name(rng)
        forms = [
            f"[{rng.randint(1, 120)}]",
            f"[{rng.randint(1, 60)}, {rng.randint(1, 60)}]",
            f"({name}, {year})",
        ]
        forms += [
            f"({name} et al., {year})",
            f"(see Fig. {rng.randint(1, 12)})",
            f"(Table {rng.randint(1, 9)})",
        ]
        forms += [f"“{name}”", f"‘{name}’", f"— {name.lower()} —", self.number(rng), "e.g.,", "i.e."]
        return rng.choice(forms)

    def note(self, rng: random.Random) -> str:
        """A superscript note mark: a number, several, or a letter."""
        if rng.random() < 0.15:
            return ",".join(rng.sample("ᵃᵇᶜᵈᵉᶠ", rng.choice([1, 1, 2])))
        count = rng.choice([1, 1, 1, 1, 2])
        return ",".join(raised(str(rng.randint(1, rng.choice([9, 9, 40, 120])))) for _ in range(count))

    def exponent(self, rng: random.Random) -> str:
        """A unit or a power of ten with its exponent."""
        power = raised(str(rng.choice([2, 2, 3, 3, -1, -2, -3, rng.randint(4, 23), rng.randint(-19, -4)])))
        forms = [f"{self.number(rng)} {rng.choice(_UNITS)}{power}", f"{rng.choice('cmkx')}m{power}"]
        forms += [f"10{power}", f"{rng.uniform(1, 10):.1f} × 10{power}"]
        return rng.choice(forms)
