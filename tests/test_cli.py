"""The command line: arguments, exit codes, files and messages, through the whole flow with small parts."""

from __future__ import annotations

import errno
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest
from PIL import Image
from small_parts import OPTIONS
from typer.testing import CliRunner, Result

from docspec import cli_run
from docspec.cli import app
from docspec.doctor import SYSTEM_PACKAGES, Status, examine, mini_weights, missing_libraries
from docspec.errors import OutputError
from docspec.output import parse_formats, stems, write_atomic


def pdf(title: str = "", pages: int = 2, claimed: int = 2) -> bytes:
    """A picture on each page, ``title`` above the first; its page tree claims to have ``claimed`` pages."""
    document = pymupdf.open()
    dot = pymupdf.Pixmap(pymupdf.csRGB, 2, 2, bytes((0, 0, 0, 99, 99, 99) * 2), False)
    for _ in range(max(pages, 1)):
        document.new_page(width=200, height=200).insert_image((20, 80, 120, 180), pixmap=dot)
    if title:
        document[0].insert_text((20, 40), title, fontsize=16)
    tree = int(document.xref_get_key(document.pdf_catalog(), "Pages")[1].split()[0])
    document.xref_set_key(tree, "Count", str(claimed))
    if not pages:
        document.xref_set_key(tree, "Kids", "[]")
    return bytes(document.tobytes())


def files() -> dict[str, bytes]:
    """What the commands below find: pages of ``half`` and all of ``lost`` cannot be read."""
    return {
        "good.pdf": pdf("good é"),
        "good.png": png(),
        "bad.pdf": b"nothing",
        "half.pdf": pdf("half", pages=1),
        "lost.pdf": pdf(pages=0),
        "in/x.pdf": pdf("x"),
        "in/y.pdf": pdf("y"),
    }


def png() -> bytes:
    """A white picture."""
    stream = io.BytesIO()
    Image.new("RGB", (40, 40), "white").save(stream, "PNG")
    return stream.getvalue()


Run = Callable[..., Result]


@pytest.fixture
def run(small_parts_installed: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs ``docspec parse`` with small parts in a folder with some files."""
    monkeypatch.chdir(tmp_path)
    for name, content in files().items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return lambda *args, **more: CliRunner().invoke(app, ["parse", *OPTIONS, *args], **more)


def errors(result: Result) -> list[str]:
    """The error lines."""
    return [line for line in result.stderr.splitlines() if line.startswith("error:")]


def test_one_document_goes_to_standard_output(run: Run) -> None:
    """Only the markdown; the summary and the notes are on the other stream."""
    result = run("good.pdf", "--pages", "1-7")
    assert (result.exit_code, result.stdout) == (0, "# good é\n")
    assert "1 document, 2 pages, 3 regions" in result.stderr
    assert "note: good.pdf: pages 1-7: the document has only 2" in result.stderr
    assert "text-layer" in result.stderr
    assert "6.00" in result.stderr


def test_a_broken_model_is_no_success(run: Run) -> None:
    """Its pages fail with the reason, exit code 1; their drafts are there."""
    result = run("good.pdf", "--verifier", "broken")
    assert result.exit_code == 1
    assert result.stdout.startswith("<!-- page 1 failed: the model broke -->\n\n# good é\n")
    assert errors(result) == [f"error: good.pdf: page {page}: the model broke" for page in (1, 2)]
    assert "(2 failed)" in result.stderr


def test_what_was_cut_off_is_said(run: Run) -> None:
    """How many outputs ended at the limit, and which option moves it."""
    result = run("good.pdf", "--verifier", "talkative", "--max-new-tokens", "7")
    assert result.exit_code == 0
    assert "3 of the model's outputs cut off at the limit of 7 tokens (--max-new-tokens)" in result.stderr
    assert "(3 cut off at the token limit)" in result.stderr


def test_quiet_says_nothing(run: Run) -> None:
    """Scripts get the text and the exit code."""
    result = run("good.pdf", "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")


def test_standard_input_is_a_document(run: Run) -> None:
    """A dash reads bytes."""
    result = run("-", input=pdf("piped é"))
    assert (result.exit_code, result.stdout) == (0, "# piped é\n")
    assert json.loads(run("-", "--format", "json", input=pdf("piped é")).stdout)["name"] == "stdin"


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
    assert json.loads((tmp_path / "deep/result.json").read_text("utf-8"))["verifier"] == "small"
    assert run("good.pdf", "-o", "deep/result.json", "--format", "md").exit_code == 2


def test_pictures_are_written_and_linked(run: Run, tmp_path: Path) -> None:
    """Links are relative to the markdown."""
    assert run("good.pdf", "-o", "out", "--images").exit_code == 0
    text = (tmp_path / "out/good.md").read_text("utf-8")
    assert "![picture on page 1](good_images/page-001-001.png)" in text
    assert (tmp_path / "out/good_images/page-002-000.png").read_bytes().startswith(b"\x89PNG")


def test_same_names_do_not_overwrite_each_other(run: Run, tmp_path: Path) -> None:
    """Two documents of one stem keep their suffixes."""
    assert run("good.pdf", "good.png", "good.pdf", "-o", "out").exit_code == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["good.pdf.md", "good.png.md"]
    assert stems(["a/p.pdf", "b/p.pdf", "q.pdf"]) == ["p.pdf", "p.pdf-2", "q"]


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["bad.pdf"], 2, ["bad.pdf: not a PDF, or damaged beyond repair"]),
        (["bad.pdf", "good.pdf", "-o", "out"], 1, ["bad.pdf: not a PDF, or damaged beyond repair"]),
        (["half.pdf"], 1, ["half.pdf: page 2: the page cannot be rendered"]),
        (["lost.pdf"], 2, ["page 1: the page cannot", "page 2: the page cannot", "none of its pages"]),
        (["missing.pdf"], 2, ["missing.pdf: no such file or folder; expected a PDF"]),
        (["over\ntwo lines.pdf"], 2, ["over two lines.pdf: no such file or folder; expected a PDF"]),
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
        (["good.pdf", "--verifier", "smal"], 2, ["unknown verifier 'smal'; known: "]),
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


def test_what_was_not_opened_beforehand_fails_alike(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are too many documents to open each first, a damaged one is met among the others."""
    alone, among = run("bad.pdf"), run("bad.pdf", "in", "-o", "out", "-q")
    monkeypatch.setattr(cli_run, "MAX_PROBED", 0)
    for probed, args in ((alone, ["bad.pdf"]), (among, ["bad.pdf", "in", "-o", "out", "-q"])):
        result = run(*args)
        assert (result.exit_code, result.stdout) == (probed.exit_code, "")
        assert errors(result) == errors(probed)


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


def test_a_full_disk_costs_what_was_being_written(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document is named with the reason, half a file stands nowhere, and the others are written."""
    write_bytes = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if "x.md" not in path.name:
            return write_bytes(path, content)
        write_bytes(path, content[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = run("in", "-o", "out")
    assert (result.exit_code, len(errors(result))) == (1, 1)
    assert "x.md: cannot be written: No space left on device" in errors(result)[0]
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["y.md"]


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
    assert "docspec serve" in checks["vLLM"].detail


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
