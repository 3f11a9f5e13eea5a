"""Is everything there that docspec needs, what is active, and what would fix what is not.

Reads package metadata and files, and imports only small libraries: never torch or transformers, whose
import would take longer than all the rest and may be what is broken.
"""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from docspec import registry
from docspec.verifiers.profiles.catalogue import CARDS, Card
from docspec.verifiers.vllm_plugin import arguments

NEEDED = (
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "numpy",
    "pillow",
    "pymupdf",
    "pymupdf-layout",
    "rapidocr",
    "rapidocr-onnxruntime",
    "layoutparser",
    "shapely",
    "typer",
    "rich",
    "rapidfuzz",
    "markdown-it-py",
)
OFFLINE_VARIABLES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HOME")

# Debian and Ubuntu packages of the libraries that OpenCV's wheel expects on the system.
SYSTEM_PACKAGES = {
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libgomp.so.1": "libgomp1",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
    "libXrender.so.1": "libxrender1",
    "libxcb.so.1": "libxcb1",
    "libstdc++.so.6": "libstdc++6",
}
PROBE_SECONDS = 60.0


class Status(StrEnum):
    """How a check came out: MISSING means that docspec does not work without it."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; ``fix`` is a command, or "" where there is nothing to fix."""

    name: str
    status: Status
    detail: str
    fix: str = ""


def examine(environ: Mapping[str, str]) -> list[Check]:
    """All checks, in the order in which a user would fix them."""
    return [
        Check(
            "python", Status.OK, f"{platform.python_version()} on {platform.system()} {platform.machine()}"
        ),
        *_packages(),
        *_native_modules(),
        *_onnxruntime(),
        _accelerator(),
        *_models(),
        _vllm(),
        *_offline(environ),
    ]


def profiles() -> list[Card]:
    """The families of VLMs that can verify, those that plug-ins add last."""
    known = {model_type for card in CARDS for model_type in card.model_types}
    added = [name for name in registry.names("profiles") if name not in known]
    return [*CARDS, *(Card(name, (name,), "", "", "", tested="", note="from a plug-in") for name in added)]


def _packages() -> Iterator[Check]:
    for package in NEEDED:
        try:
            yield Check(package, Status.OK, version(package))
        except PackageNotFoundError:
            yield Check(package, Status.MISSING, "not installed", f"pip install {package}")


def _native_modules() -> Iterator[Check]:
    """Packages whose wheels lean on system libraries: whether they load."""
    for module in ("cv2", "pymupdf", "shapely"):
        if find_spec(module) is None:
            if module == "cv2":
                yield Check("OpenCV", Status.MISSING, "not installed", "pip install opencv-python-headless")
            continue
        name = "OpenCV" if module == "cv2" else f"import {module}"
        try:
            loaded = import_module(module)
        except ImportError as error:
            yield missing_libraries(name, str(error), _unresolved(module))
        else:
            yield Check(name, Status.OK, f"loads{_dotted(getattr(loaded, '__version__', ''))}")


def missing_libraries(name: str, message: str, unresolved: tuple[str, ...] = ()) -> Check:
    """What an ImportError's ``message`` and the loader's ``unresolved`` libraries ask to be installed."""
    libraries = tuple(dict.fromkeys((*re.findall(r"lib[\w+-]+\.so[\w.]*", message), *unresolved)))
    packages = sorted({SYSTEM_PACKAGES[library] for library in libraries if library in SYSTEM_PACKAGES})
    if packages:
        detail = "needs the system libraries " + ", ".join(libraries)
        return Check(name, Status.MISSING, detail, f"apt-get install -y {' '.join(packages)}")
    reinstall = "opencv-python" if name == "OpenCV" else name.removeprefix("import ")
    return Check(
        name, Status.MISSING, " ".join(message.split()), f"pip install --force-reinstall {reinstall}"
    )


def _unresolved(module: str) -> tuple[str, ...]:
    """Libraries that the module's own shared objects miss, as far as ldd can tell."""
    ldd, folder = shutil.which("ldd"), _folder(module)
    if ldd is None or folder is None:
        return ()
    found: dict[str, None] = {}
    for library in sorted(folder.glob("*.so")):
        listing = _output([ldd, str(library)])
        found |= dict.fromkeys(re.findall(r"^\s*(\S+) => not found", listing, re.MULTILINE))
    return tuple(found)


def _onnxruntime() -> Iterator[Check]:
    installed = [name for name in ("onnxruntime", "onnxruntime-gpu") if _version(name)]
    if len(installed) == 2:
        yield Check(
            "onnxruntime",
            Status.NOTE,
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other's files",
            "pip uninstall -y onnxruntime onnxruntime-gpu && pip install onnxruntime-gpu",
        )
    try:
        providers = import_module("onnxruntime").get_available_providers()
    except (ImportError, AttributeError) as error:
        yield Check("onnxruntime", Status.MISSING, str(error), "pip install --force-reinstall onnxruntime")
        return
    detail = f"{_version(installed[0]) if installed else '?'}, providers: {', '.join(providers)}"
    yield Check("onnxruntime", Status.OK, detail)


def _accelerator() -> Check:
    """What torch was built for and whether this machine has it; asks torch itself in a process of its own."""
    folder = _folder("torch")
    if folder is None:
        return Check("accelerator", Status.NOTE, "unknown without torch")
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return Check("accelerator", Status.OK, "mps (Apple GPU)")
    match = re.search(r"^cuda\b.*=\s*'([\d.]+)'", (folder / "version.py").read_text("utf-8"), re.MULTILINE)
    gpus = [line.split(" (UUID")[0] for line in _output(["nvidia-smi", "-L"]).splitlines() if line]
    if not gpus:
        return Check("accelerator", Status.OK, "cpu (no GPU found)")
    if match is None:
        fix = "pip install --force-reinstall torch (a build for CUDA)"
        return Check(
            "accelerator", Status.NOTE, f"cpu: torch is built without CUDA, though there is {gpus[0]}", fix
        )
    probe = [sys.executable, "-c", "import torch; print(torch.cuda.is_available())"]
    if _output(probe).strip() == "True":
        return Check("accelerator", Status.OK, f"cuda {match[1]}: {'; '.join(gpus)}")
    detail = f"cpu: torch for CUDA {match[1]} cannot use {gpus[0]}; its driver may be too old"
    return Check("accelerator", Status.NOTE, detail, "nvidia-smi")


def _models() -> Iterator[Check]:
    yield _model_files("layout model", "pymupdf", "layout/resources", "pymupdf-layout")
    yield _model_files("OCR models", "rapidocr", "models", "rapidocr")
    yield _model_files("OCR models, PP-OCRv4", "rapidocr_onnxruntime", "models", "rapidocr-onnxruntime")
    docspec = Path(__file__).resolve().parent
    yield mini_weights(docspec / "verifiers" / "mini" / "weights")


def _model_files(name: str, module: str, inside: str, package: str) -> Check:
    folder = _folder(module)
    files = sorted((folder / inside).rglob("*.onnx")) if folder else []
    if not files:
        return Check(
            name, Status.MISSING, f"no model in {package}", f"pip install --force-reinstall {package}"
        )
    size = sum(file.stat().st_size for file in files) / 1e6
    return Check(name, Status.OK, f"{len(files)} files, {size:.0f} MB")


def mini_weights(folder: Path) -> Check:
    """The bundled verifier's files against ``SHA256SUMS`` beside them."""
    fix = "pip install --force-reinstall --no-deps docspec-vlm"
    sums = folder / "SHA256SUMS"
    if not sums.is_file():
        return Check("mini weights", Status.MISSING, f"no {sums.name} in {folder}", fix)
    entries = [line.split(maxsplit=1) for line in sums.read_text("utf-8").splitlines() if line.strip()]
    for expected, name in entries:
        file = folder / name.lstrip("*")
        if not file.is_file():
            return Check("mini weights", Status.MISSING, f"{file.name} is not there", fix)
        if hashlib.sha256(file.read_bytes()).hexdigest() != expected:
            return Check("mini weights", Status.MISSING, f"{file.name} is damaged (checksum differs)", fix)
    size = sum((folder / name.lstrip("*")).stat().st_size for _, name in entries) / 1e6
    return Check("mini weights", Status.OK, f"{len(entries)} files, {size:.1f} MB, checksums match")


def _vllm() -> Check:
    """vLLM, which nothing needs but ``docspec serve`` and verifiers named ``vllm:MODEL``."""
    if not arguments.installed():
        return Check("vLLM", Status.OK, "not installed; docspec serve and --verifier vllm:MODEL need it")
    try:
        arguments.check_vllm()
    except RuntimeError as error:
        return Check("vLLM", Status.NOTE, str(error), f"pip install '{arguments.WANTED}'")
    found = next(filter(None, map(_version, arguments.DISTRIBUTIONS)), "of unknown release")
    return Check("vLLM", Status.OK, f"{found}, for docspec serve and --verifier vllm:MODEL")


def _offline(environ: Mapping[str, str]) -> Iterator[Check]:
    given = [f"{name}={environ[name]}" for name in OFFLINE_VARIABLES if environ.get(name)]
    detail = ", ".join(given) or "not set; models named by a hub name may be downloaded"
    yield Check("offline variables", Status.OK, detail)


def _folder(module: str) -> Path | None:
    spec = find_spec(module)
    locations = list(spec.submodule_search_locations or ()) if spec else []
    return Path(locations[0]) if locations else None


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _dotted(text: str) -> str:
    return f", {text}" if text else ""


def _output(command: list[str]) -> str:
    """What a command prints, or "" where it is not there, fails or hangs."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
