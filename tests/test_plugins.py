"""Parts that third parties register: found by name, made in one way, and used from end to end."""

from __future__ import annotations

import textwrap
from inspect import signature
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import docspec
from docspec import registry
from docspec.cli import app
from docspec.output import parse_formats, render
from docspec.types import Document

PARTS = '''
from docspec.types import Category, Draft, Finish, Line, Region, Span, Style, Verdict

class Detector:
    """One region for each page, for which it wants no settings."""
    def detect(self, page, lines):
        return [Region(page.index, 0, (0.0, 0.0, page.width, page.height), Category.TEXT)]

class Drafter:
    """Drafts the seed."""
    def __init__(self, shout=False, *, config):
        self.seed = config.seed
    def read(self, page):
        box = (10.0, 10.0, 50.0, 20.0)
        return [Line((Span("read", box),), box, "extra", strips=(page.image[:9, :9],))]
    def draft(self, page, region, style):
        return [Draft(f"drafted with seed {self.seed}", "extra")]

class Verifier:
    """Shouts."""
    name, style, dpi, native, device, seconds = "extra", Style(), 72.0, "region", "", {}
    reads_pages = doubtful_only = False
    def __init__(self, config):
        self.mark = config.device
    def declines(self, request):
        return None
    def release(self):
        pass
    def verify(self, requests):
        for request in requests:
            if request is not None:
                yield request.key, Verdict(f"{request.drafts[0].text.upper()} ON {self.mark}", Finish.END)

class Shouting:
    """All capitals."""
    suffix = ".loud.txt"
    def write(self, document):
        return document.markdown.upper()

class Other:
    suffix = ".json"
    def write(self, document):
        return "{}"

class Needy:
    """A drafter that wants what nobody gives it."""
    def __init__(self, model):
        self.model = model

class Broken:
    suffix = ".broken"
    def write(self, document):
        raise KeyError("no\\nsuch thing")
'''
ENTRY_POINTS = """
[docspec.detectors]
extra = extra_parts:Detector
[docspec.drafters]
extra = extra_parts:Drafter
gone = no_such_module:Drafter
nameless = extra_parts:NoSuchClass
mistyped = extra_mistyped:Drafter
needy = extra_parts:Needy
[docspec.verifiers]
extra = extra_parts:Verifier
[docspec.formats]
loud = extra_parts:Shouting
other = extra_parts:Other
broken = extra_parts:Broken
"""
OPTIONS = ["--detector", "extra", "--drafter", "extra", "--verifier", "extra", "--device", "cpu", "--quiet"]


@pytest.fixture(autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution with a part of each kind, as an installer leaves it."""
    site = tmp_path_factory.mktemp("site")
    (site / "extra_parts.py").write_text(textwrap.dedent(PARTS))
    (site / "extra_mistyped.py").write_text("class Drafter(:")
    described = site / "extra_parts-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: extra-parts\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(site)


def run(*args: str) -> Result:
    """Runs ``docspec parse`` with the plug-in's parts."""
    return CliRunner().invoke(app, ["parse", *args, *OPTIONS])


def test_every_part_is_made_with_the_configuration(paper: Path) -> None:
    """One that asks for it gets it, one that does not is made all the same."""
    document = docspec.parse(paper, detector="extra", drafter="extra", verifier="extra", seed=7, device="cpu")
    assert document.verifier == "extra"
    assert document.markdown == "DRAFTED WITH SEED 7 ON cpu\n\nDRAFTED WITH SEED 7 ON cpu\n"


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("drafters", "gone", "the drafter 'gone' is a plug-in that cannot be loaded: No module named"),
        ("drafters", "nameless", "the drafter 'nameless' is a plug-in that cannot be loaded: .*NoSuchClass"),
        ("drafters", "mistyped", "the drafter 'mistyped' is a plug-in that cannot be loaded: invalid syntax"),
        ("detectors", "none", "unknown detector 'none'; known: pymupdf, layoutparser, extra"),
    ],
)
def test_a_part_that_is_not_there_is_a_usage_error(kind: str, name: str, message: str) -> None:
    """In one line, known names the built-in ones first."""
    with pytest.raises(docspec.UsageError, match=message):
        registry.load(kind, name)


def test_a_part_that_wants_more_is_a_usage_error() -> None:
    """It says which argument nobody gives."""
    with pytest.raises(docspec.UsageError, match=r"'needy' cannot be made of a Config alone: .*'model'"):
        registry.make("drafters", "needy", docspec.Config())


@pytest.mark.parametrize("kind", ["detectors", "drafters", "verifiers"])
def test_built_in_classes_need_no_more(kind: str) -> None:
    """None of them has an argument without a default, the configuration aside."""
    for name in registry.BUILTIN[kind]:
        parameters = signature(registry.load(kind, name)).parameters.values()
        assert {one.name for one in parameters if one.default is one.empty} <= {"config"}


def test_a_format_is_written_by_the_command(paper: Path, tmp_path: Path) -> None:
    """By its name beside built-in ones, and to standard output."""
    assert run(str(paper), "-o", str(tmp_path / "out"), "--format", "md,loud").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["paper.loud.txt", "paper.md"]
    text = (tmp_path / "out/paper.md").read_text("utf-8")
    assert (tmp_path / "out/paper.loud.txt").read_text("utf-8") == text.upper()
    assert run(str(paper), "--format", "loud").stdout == text.upper()


def test_a_format_is_known_by_its_suffix(paper: Path, tmp_path: Path) -> None:
    """To the command and to the document; of two with one suffix the built-in one is meant."""
    assert run(str(paper), "-o", str(tmp_path / "a.b.loud.txt")).exit_code == 0
    assert (tmp_path / "a.b.loud.txt").read_text("utf-8").startswith("DRAFTED")
    assert run(str(paper), "-o", str(tmp_path / "a.json"), "--format", "other").exit_code == 0
    assert (tmp_path / "a.json").read_text("utf-8") == "{}"
    document = Document("x.pdf", (), "quiet", "extra", "region")
    document.save(tmp_path / "x.loud.txt")
    assert (tmp_path / "x.loud.txt").read_text("utf-8") == "QUIET"
    document.save(tmp_path / "x.json")
    assert (tmp_path / "x.json").read_text("utf-8") == document.to_json()
    suffixes = r"\.md, \.json, \.html, \.docling\.json, \.chunks\.jsonl, \.loud\.txt"
    with pytest.raises(docspec.UsageError, match=suffixes):
        document.save(tmp_path / ".txt")


def test_two_formats_of_one_suffix_are_refused() -> None:
    """They would write the same files."""
    with pytest.raises(docspec.UsageError, match="json and other would write the same files"):
        parse_formats("json,other")
    with pytest.raises(docspec.UsageError, match="expected some of: md,json,html,docling,chunks,loud"):
        parse_formats("docx")


def test_a_format_has_to_give_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that forgets to return what it wrote is named, as any other that fails."""
    monkeypatch.setattr("docspec.result_formats.Markdown.write", lambda *_: None)
    with pytest.raises(docspec.OutputError, match="write gave NoneType, not str"):
        render(Document("x", (), "", "v", "region"), "md")


def test_a_format_that_fails_is_an_output_error(paper: Path, tmp_path: Path) -> None:
    """It costs the file and nothing else."""
    with pytest.raises(docspec.OutputError, match="x: the format broken cannot write it: KeyError"):
        render(Document("x", (), "", "v", "region"), "broken")
    result = run(str(paper), "-o", str(tmp_path / "out"), "--format", "broken")
    assert result.exit_code == 2
    assert "\n" not in result.stderr.strip()
