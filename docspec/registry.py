"""Names of exchangeable parts and where they live; nothing is imported before it is asked for.

Third parties add parts as entry points in the groups below, each ``name = module:Class``, the same form as
here, and a name of theirs goes before a built-in one. Its protocol says what a part has to do, and a page of
docs/ (``adding-a-drafter.md`` and so on) shows one as a package:

| group | protocol | the class is called with |
|---|---|---|
| ``docspec.detectors`` | ``docspec.types.Detector`` | ``config`` |
| ``docspec.drafters`` | ``docspec.types.Drafter`` | ``config`` |
| ``docspec.verifiers`` | ``docspec.types.Verifier`` | ``config`` |
| ``docspec.formats`` | ``docspec.types.Format`` | nothing |
| ``docspec.profiles`` | ``docspec.verifiers.profiles.base.Profile`` | configuration, tokenizer, processor |

``config`` is the run's Config, given as the keyword ``config``; a class without such a parameter is called
without arguments (see ``make``).
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from inspect import signature
from typing import TYPE_CHECKING, Any, Literal, overload

from docspec.errors import UsageError

if TYPE_CHECKING:
    from docspec.config import Config
    from docspec.types import Detector, Drafter, Format, Verifier

BUILTIN: dict[str, dict[str, str]] = {
    "detectors": {
        "pymupdf": "docspec.layout.pymupdf_detector:PyMuPDFDetector",
        "layoutparser": "docspec.layout.layoutparser_detector:LayoutParserDetector",
    },
    "drafters": {
        "auto": "docspec.drafters.reading.auto:AutoDrafter",
        "text-layer": "docspec.drafters.reading.text_layer:TextLayerDrafter",
        "rapidocr": "docspec.drafters.reading.ocr:OcrDrafter",
        "rapidocr-v4": "docspec.drafters.reading.ocr:OcrV4Drafter",
        "mini": "docspec.verifiers.mini.drafter:MiniDrafter",
        "none": "docspec.drafters.reading.auto:NoDrafter",
    },
    "verifiers": {
        "mini": "docspec.verifiers.mini.verifier:MiniVerifier",
        "draft-only": "docspec.verifiers.draft_only:DraftOnly",
    },
    "formats": {
        "md": "docspec.result_formats:Markdown",
        "json": "docspec.result_formats:Json",
        "html": "docspec.result_formats:Html",
        "docling": "docspec.docling_format:Docling",
        "chunks": "docspec.docling_chunks:Chunks",
    },
    "profiles": {
        "deepseek_ocr2": "docspec.verifiers.profiles.deepseek_ocr2:DeepSeekOcr2",
        "dots_ocr": "docspec.verifiers.profiles.dots_ocr:DotsOCR",
        "glm_ocr": "docspec.verifiers.profiles.glm_ocr:GlmOcr",
        "got_ocr2": "docspec.verifiers.profiles.got_ocr2:GotOcr2",
        "granite4_vision": "docspec.verifiers.profiles.granite_vision:GraniteVision",
        "hunyuan_vl": "docspec.verifiers.profiles.hunyuan_ocr:HunyuanOcr",
        "idefics3": "docspec.verifiers.profiles.granite_docling:GraniteDocling",
        "lighton_ocr": "docspec.verifiers.profiles.lighton_ocr:LightOnOcr",
        "paddleocr_vl": "docspec.verifiers.profiles.paddleocr_vl:PaddleOCRVL",
        "qianfan_ocr": "docspec.verifiers.profiles.qianfan_ocr:QianfanOcr",
        "unlimited_ocr": "docspec.verifiers.profiles.unlimited_ocr:UnlimitedOcr",
        "qwen2_vl": "docspec.verifiers.profiles.qwen_vl:QwenVL",
        "qwen2_5_vl": "docspec.verifiers.profiles.qwen_vl:QwenVL",
        "qwen3_vl": "docspec.verifiers.profiles.qwen_vl:QwenVL",
        "qwen3_5": "docspec.verifiers.profiles.qwen3_5:Qwen35",
    },
}


def names(kind: str) -> list[str]:
    """Every registered name of ``kind``, the built-in ones first."""
    return list(BUILTIN[kind] | _plugins(kind))


def load(kind: str, name: str) -> Any:
    """The class registered as ``name``.

    Raises UsageError for an unknown name, naming the known ones, and for a plug-in that cannot be imported.
    """
    plugins = _plugins(kind)
    target = (BUILTIN[kind] | plugins).get(name)
    if target is None:
        raise UsageError(f"unknown {kind[:-1]} {name!r}; known: {', '.join(names(kind))}")
    module, _, attribute = target.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except Exception as error:  # whatever a plug-in's module does when it is imported
        if name not in plugins:
            raise
        raise UsageError(f"the {kind[:-1]} {name!r} is a plug-in that cannot be loaded: {error}") from error


@overload
def make(kind: Literal["detectors"], name: str, config: Config) -> Detector: ...
@overload
def make(kind: Literal["drafters"], name: str, config: Config) -> Drafter: ...
@overload
def make(kind: Literal["verifiers"], name: str, config: Config) -> Verifier: ...
@overload
def make(kind: Literal["formats"], name: str) -> Format: ...
def make(kind: str, name: str, config: Config | None = None) -> Any:
    """The part registered as ``name``, made with ``config`` if its class takes one.

    Raises as ``load``, UsageError also for a class that wants other arguments, and what the class raises.
    """
    part = load(kind, name)
    called = signature(part)
    arguments = {"config": config} if config is not None and "config" in called.parameters else {}
    try:
        called.bind(**arguments)
    except TypeError as error:
        raise UsageError(f"the {kind[:-1]} {name!r} cannot be made of a Config alone: {error}") from error
    return part(**arguments)


def _plugins(kind: str) -> dict[str, str]:
    return {entry.name: entry.value for entry in entry_points(group=f"docspec.{kind}")}
