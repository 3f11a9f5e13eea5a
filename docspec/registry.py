"""Names of exchangeable parts and where they live; nothing is imported before it is asked for.

Third parties add parts as entry points in the groups ``docspec.detectors``, ``docspec.drafters``,
``docspec.verifiers`` and ``docspec.profiles``, each ``name = module:Class``, the same form as here.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from docspec.errors import UsageError

BUILTIN: dict[str, dict[str, str]] = {
    "detectors": {
        "pymupdf": "docspec.layout.pymupdf_detector:PyMuPDFDetector",
        "layoutparser": "docspec.layout.layoutparser_detector:LayoutParserDetector",
    },
    "drafters": {
        "auto": "docspec.drafters.reading.auto:AutoDrafter",
        "text-layer": "docspec.drafters.reading.text_layer:TextLayerDrafter",
        "rapidocr": "docspec.drafters.reading.ocr:OcrDrafter",
        "mini": "docspec.verifiers.mini.drafter:MiniDrafter",
        "none": "docspec.drafters.reading.auto:NoDrafter",
    },
    "verifiers": {
        "mini": "docspec.verifiers.mini.verifier:MiniVerifier",
        "draft-only": "docspec.verifiers.draft_only:DraftOnly",
    },
    "profiles": {
        "deepseek_ocr2": "docspec.verifiers.profiles.deepseek_ocr2:DeepSeekOcr2",
        "dots_ocr": "docspec.verifiers.profiles.dots_ocr:DotsOCR",
        "glm_ocr": "docspec.verifiers.profiles.glm_ocr:GlmOcr",
        "got_ocr2": "docspec.verifiers.profiles.got_ocr2:GotOcr2",
        "hunyuan_vl": "docspec.verifiers.profiles.hunyuan_ocr:HunyuanOcr",
        "idefics3": "docspec.verifiers.profiles.granite_docling:GraniteDocling",
        "lighton_ocr": "docspec.verifiers.profiles.lighton_ocr:LightOnOcr",
        "paddleocr_vl": "docspec.verifiers.profiles.paddleocr_vl:PaddleOCRVL",
        "qwen2_vl": "docspec.verifiers.profiles.qwen_vl:QwenVL",
        "qwen2_5_vl": "docspec.verifiers.profiles.qwen_vl:QwenVL",
        "qwen3_vl": "docspec.verifiers.profiles.qwen_vl:QwenVL",
    },
}


def names(kind: str) -> list[str]:
    """Every registered name of ``kind``, sorted."""
    return sorted(BUILTIN[kind] | _plugins(kind))


def load(kind: str, name: str) -> Any:
    """The class registered as ``name``. Raises UsageError, naming the known ones, for an unknown name."""
    target = (BUILTIN[kind] | _plugins(kind)).get(name)
    if target is None:
        raise UsageError(f"unknown {kind[:-1]} {name!r}; known: {', '.join(names(kind))}")
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


def _plugins(kind: str) -> dict[str, str]:
    return {entry.name: entry.value for entry in entry_points(group=f"docspec.{kind}")}
