"""The command line: arguments, exit codes, files and messages, with a parser that is told what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pymupdf
import pytest
from typer.testing import CliRunner, Result

from docspec.cli import app
from docspec.config import Config
from docspec.doctor import SYSTEM_PACKAGES, Status, examine, mini_weights, missing_libraries
from docspec.errors import CorruptInput, DocspecError, ModelError, OutputError
from docspec.output import parse_formats, stems, write_atomic
from docspec.types import (
    Category,
    DecodeStats,
    Document,
    Draft,
    Finish,
    PageResult,
    Region,
    RegionResult,
    Verdict,
)


def one_page() -> bytes:
    """The smallest PDF that opens."""
    empty = pymupdf.open()
    empty.new_page()
    return bytes(empty.tobytes())


ONE_PAGE = one_page()


def document(name: str, bad_pages: Sequence[int] = (), images: bool = False, pages: int = 2) -> Document:
    """A parsed document whose ``bad_pages`` failed."""
    region = RegionResult(
        Region(0, 0, (0, 0, 9, 9), Category.PICTURE),
        Draft("Hi", "text-layer"),
        Verdict("Hi", Finish.END, DecodeStats(12, 10, 11, 2)),
    )
    done = tuple(
        PageResult(i, 100, 100, error="damaged")
        if i in bad_pages
        else PageResult(i, 100, 100, (region,), images={0: b"PNG"} if images else {})
        for i in range(pages)
    )
    return Document(name, done, f"# {name} é\n", "fake", "region", {"layout": 0.5}, ("a note",))


@dataclass(frozen=True)
class BatchResult:
    """As the pipeline's."""

    path: Path
    document: Document | None = None
    error: Exception | None = None


class FakeParser:
    """Does what the file's name says."""

    def __init__(self, config: Config | None = None) -> None:
        assert config is not None
        if config.verifier == "absent":
            raise ModelError("no model named absent")
        self.images = config.images

    def parse(
        self,
        source: Path | bytes,
        *,
        name: str | None = None,
        progress: Callable[[PageResult], None] | None = None,
    ) -> Document:
        """Fails on names with ``bad``, loses pages on ``half`` and ``lost``."""
        name = name or Path(str(source)).name
        if "bad" in name:
            raise CorruptInput(f"{name}: damaged\nbeyond repair")
        done = document(name, {"half": [1], "lost": [0, 1]}.get(Path(name).stem, []), self.images)
        for page in done.pages:
            if progress:
                progress(page)
        return done

    def parse_batch(
        self, paths: Sequence[Path], progress: Callable[[PageResult], None] | None = None
    ) -> Iterator[BatchResult]:
        """In an order of its own."""
        for path in reversed(paths):
            try:
                yield BatchResult(path, self.parse(path, progress=progress))
            except DocspecError as error:
                yield BatchResult(path, error=error)


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs ``docspec parse`` in a folder with some files."""
    pipeline = ModuleType("docspec.pipeline")
    pipeline.Parser = FakeParser  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "docspec.pipeline", pipeline)
    monkeypatch.chdir(tmp_path)
    for name in ("good.pdf", "good.png", "bad.pdf", "half.pdf", "lost.pdf", "in/x.pdf", "in/y.pdf"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(ONE_PAGE)
    return lambda *args, **more: CliRunner().invoke(app, ["parse", *args], **more)


def errors(result: Result) -> list[str]:
    """The error lines."""
    return [line for line in result.stderr.splitlines() if line.startswith("error:")]


def test_one_document_goes_to_standard_output(run: Run) -> None:
    """Only the markdown; the summary and the notes are on the other stream."""
    result = run("good.pdf")
    assert (result.exit_code, result.stdout) == (0, "# good.pdf é\n")
    assert "1 document, 2 pages, 2 regions" in result.stderr
    assert "note: good.pdf: a note" in result.stderr
    assert "text-layer" in result.stderr
    assert "6.00" in result.stderr


def test_quiet_says_nothing(run: Run) -> None:
    """Scripts get the text and the exit code."""
    result = run("good.pdf", "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")


def test_standard_input_is_a_document(run: Run) -> None:
    """A dash reads bytes."""
    result = run("-", input=b"%PDF-")
    assert (result.exit_code, result.stdout) == (0, "# stdin é\n")


def test_several_formats_are_files(run: Run, tmp_path: Path) -> None:
    """Each document has one file per format, named after it, and nothing else stands there."""
    result = run("in", "good.pdf", "-o", "out", "--format", "md,json,html")
    assert result.exit_code == 0
    assert result.stdout == ""
    written = sorted(p.name for p in (tmp_path / "out").iterdir() if p.is_file())
    assert written == sorted(
        f"{stem}.{kind}" for stem in ("x", "y", "good") for kind in ("md", "json", "html")
    )
    assert json.loads((tmp_path / "out/x.json").read_text("utf-8"))["name"] == "x.pdf"


def test_one_file_as_output(run: Run, tmp_path: Path) -> None:
    """The suffix says the format."""
    assert run("good.pdf", "-o", "deep/result.json").exit_code == 0
    assert json.loads((tmp_path / "deep/result.json").read_text("utf-8"))["verifier"] == "fake"
    assert run("good.pdf", "-o", "deep/result.json", "--format", "md").exit_code == 2


def test_pictures_are_written_and_linked(run: Run, tmp_path: Path) -> None:
    """Links are relative to the markdown."""
    assert run("good.pdf", "-o", "out", "--images").exit_code == 0
    text = (tmp_path / "out/good.md").read_text("utf-8")
    assert "![picture on page 1](good_images/page-001-000.png)" in text
    assert (tmp_path / "out/good_images/page-002-000.png").read_bytes() == b"PNG"


def test_same_names_do_not_overwrite_each_other(run: Run, tmp_path: Path) -> None:
    """Two documents of one stem keep their suffixes."""
    assert run("good.pdf", "good.png", "good.pdf", "-o", "out").exit_code == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["good.pdf.md", "good.png.md"]
    assert stems(["a/p.pdf", "b/p.pdf", "q.pdf"]) == ["p.pdf", "p.pdf-2", "q"]


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["bad.pdf"], 2, ["bad.pdf: damaged beyond repair"]),
        (["bad.pdf", "good.pdf", "-o", "out"], 1, ["bad.pdf: damaged beyond repair"]),
        (["half.pdf"], 1, ["half.pdf: page 2: damaged"]),
        (["lost.pdf"], 2, ["page 1: damaged", "page 2: damaged", "none of its pages"]),
        (["missing.pdf"], 2, ["missing.pdf: no such file or folder; expected a PDF"]),
        (["missing.pdf", "good.pdf", "-o", "out"], 1, ["missing.pdf: no such file"]),
        (["good.pdf", "half.pdf"], 2, ["-o FOLDER"]),
        (["good.pdf", "--format", "md,json"], 2, ["-o FOLDER"]),
        (["good.pdf", "--images"], 2, ["-o FOLDER"]),
        (["good.pdf", "--format", "docx"], 2, ["unknown format 'docx'; expected some of: md,json,html"]),
        (["good.pdf", "--pages", "3-1"], 2, ["bad page range"]),
        (["good.pdf", "--mode", "fast"], 2, ["unknown mode 'fast'; expected one of: auto"]),
        (["good.pdf", "--max-batch", "0"], 2, ["max_batch must be at least 1"]),
        (["good.pdf", "--trade", "-1"], 2, ["trade must be 0 or more"]),
        (["good.pdf", "--verifier", "absent"], 2, ["no model named absent"]),
        (["good.pdf", "in", "-o", "good.png"], 2, ["good.png: exists and is no folder"]),
    ],
)
def test_exit_codes_and_messages(run: Run, args: list[str], code: int, says: list[str]) -> None:
    """One line for each thing that went wrong, and the documented code."""
    result = run(*args)
    lines = errors(result)
    assert result.exit_code == code
    assert len(lines) == len(says)
    assert all(part in line for part, line in zip(says, lines, strict=True))


@pytest.mark.parametrize("args", [[], ["--max-batch", "many", "good.pdf"], ["--nonsense", "good.pdf"]])
def test_wrong_usage_is_exit_code_2(run: Run, args: list[str]) -> None:
    """Whatever the command line's own parser finds."""
    assert run(*args).exit_code == 2


def test_failed_documents_leave_no_files(run: Run, tmp_path: Path) -> None:
    """Only what went well is written."""
    assert run("bad.pdf", "lost.pdf", "half.pdf", "-o", "out").exit_code == 1
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["half.md"]


def test_files_are_complete_or_not_there(tmp_path: Path) -> None:
    """A failed write leaves neither a temporary file nor a changed final one."""
    target = tmp_path / "a.md"
    write_atomic(target, b"one")
    write_atomic(target, b"two")
    assert target.read_bytes() == b"two"
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(OutputError, match=r"folder\.md: cannot be written"):
        write_atomic(tmp_path / "folder.md", b"x")
    with pytest.raises(OutputError):
        write_atomic(target / "b.md", b"x")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.md", "folder.md"]


def test_formats_are_parsed() -> None:
    """Each once, in the order given, in any case."""
    assert parse_formats("HTML, md,html") == ("html", "md")


def test_version() -> None:
    """It names the program."""
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("docspec ")


def fresh(*args: str) -> tuple[int, set[str], float]:
    """Exit code, loaded modules and processor seconds of the command in an interpreter of its own."""
    code = (
        "import sys, time\nfrom docspec.cli import app\n"
        "try:\n    app(sys.argv[1:])\nexcept SystemExit as stop:\n    code = stop.code or 0\n"
        "print('MODULES', code, time.process_time(), *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, check=True)
    _, status, seconds, *modules = done.stdout.splitlines()[-1].split()
    return int(status), set(modules), float(seconds)


@pytest.mark.parametrize("args", [["--help"], ["parse", "--help"], ["doctor"]])
def test_help_and_doctor_are_light(args: list[str]) -> None:
    """Neither torch nor transformers is imported, and help comes at once."""
    status, modules, seconds = fresh(*args)
    assert not modules & {"torch", "transformers"}
    if "--help" in args:
        assert status == 0
        assert not modules & {"numpy", "pymupdf", "onnxruntime"}
        assert seconds < 2  # measured: 0.3


def test_doctor_finds_this_machine_usable() -> None:
    """The packages that the tests run with are all seen."""
    checks = {check.name: check for check in examine({"HF_HUB_OFFLINE": "1"})}
    for name in ("torch", "transformers", "pymupdf", "OpenCV", "onnxruntime", "layout model", "OCR models"):
        assert checks[name].status is Status.OK, checks[name]
    assert "CPUExecutionProvider" in checks["onnxruntime"].detail
    assert "HF_HUB_OFFLINE=1" in checks["offline variables"].detail


def test_doctor_names_the_packages_of_missing_libraries() -> None:
    """All that the loader misses, in one command."""
    message = "libGL.so.1: cannot open shared object file: No such file or directory"
    check = missing_libraries("OpenCV", message, ("libSM.so.6", "libGL.so.1"))
    assert check.status is Status.MISSING
    assert check.fix == "apt-get install -y libgl1 libsm6"
    assert check.detail.endswith("libGL.so.1, libSM.so.6")
    assert all(package.startswith("lib") for package in SYSTEM_PACKAGES.values())


def test_doctor_checks_the_weights(tmp_path: Path) -> None:
    """Missing, damaged and right are told apart."""
    assert mini_weights(tmp_path).status is Status.MISSING
    (tmp_path / "w.safetensors").write_bytes(b"abc")
    sums = tmp_path / "SHA256SUMS"
    sums.write_text("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  w.safetensors\n")
    assert mini_weights(tmp_path).status is Status.OK
    (tmp_path / "w.safetensors").write_bytes(b"abd")
    assert "checksum" in mini_weights(tmp_path).detail
    (tmp_path / "w.safetensors").unlink()
    assert mini_weights(tmp_path).status is Status.MISSING
