"""What the built-in profiles are for and what was tested: data, for ``docspec doctor --profiles``.

Nothing here needs torch or transformers. A test holds it against the registry and the profiles themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

SMALL = "exact, small"


@dataclass(frozen=True, slots=True)
class Card:
    """One family: the model types that it answers to, its native mode, what it writes, what was tested.

    ``word`` is one of its checkpoints' names, where others of the same type are asked otherwise.
    """

    name: str
    model_types: tuple[str, ...]
    native: str
    page: str
    table: str
    tested: str = SMALL
    note: str = ""
    word: str = ""


CARDS = (
    Card("dots.ocr", ("dots_ocr",), "page", "JSON with boxes", "HTML"),
    Card(
        "Qwen2-VL, Qwen2.5-VL, Qwen3-VL, olmOCR",
        ("qwen2_vl", "qwen2_5_vl", "qwen3_vl"),
        "page",
        "front matter and markdown (olmOCR's prompt)",
        "HTML",
        note="region prompts are this project's own",
    ),
    Card(
        "Qwen3.5, OvisOCR2, LightOnOCR-3 (0.8B, 4B)",
        ("qwen3_5",),
        "page",
        "markdown",
        "HTML",
        note="Qwen3.5 itself is asked as Qwen3-VL; the others are known by their names",
    ),
    Card(
        "Surya 2",
        ("qwen3_5",),
        "page",
        "HTML with labels and boxes",
        "HTML",
        note="known by its name",
        word="surya-ocr-2",
    ),
    Card(
        "MinerU2.5, MinerU2.5-Pro",
        ("qwen2_vl",),
        "region",
        "text",
        "OTSL",
        note="known by its name; regions are docspec's layout's",
        word="mineru2",
    ),
    Card("Qianfan-OCR", ("qianfan_ocr",), "page", "markdown", "HTML", note="without its thinking"),
    Card("PaddleOCR-VL", ("paddleocr_vl",), "region", "markdown", "OTSL"),
    Card("GLM-OCR", ("glm_ocr",), "region", "markdown", "HTML"),
    Card("LightOnOCR", ("lighton_ocr",), "page", "markdown", "HTML", note="no prompt but the image"),
    Card("GOT-OCR2", ("got_ocr2",), "page", "LaTeX markdown", "LaTeX", note="tables have no drafts"),
    Card(
        "granite-docling, SmolDocling",
        ("idefics3",),
        "page",
        "DocTags with boxes",
        "OTSL",
        note="not granite-for-docling (model type granite_docling), which writes DocLang",
    ),
    Card("HunyuanOCR", ("hunyuan_vl",), "page", "markdown", "HTML"),
    Card("DeepSeek-OCR-2", ("deepseek_ocr2",), "page", "markdown with labels and boxes", "HTML"),
    Card(
        "Unlimited-OCR",
        ("unlimited_ocr",),
        "page",
        "text with labels and boxes",
        "HTML",
        note="its image processor needs torchvision, which was not there in tests",
    ),
    Card(
        "Granite Vision 4",
        ("granite4_vision",),
        "region",
        "markdown",
        "HTML",
        note="prompts but the tables' are this project's own",
    ),
)
LEGEND = (
    f"{SMALL}: a small random checkpoint of the real model class gives what its own generate gives, token "
    "for token, for regions and pages, whatever the drafts (fp32, CPU). Published weights were not run; "
    "prompts and sizes are those of the model cards.",
    "Layers with recurrent or convolution states (linear attention, as in qwen3_5) decode exactly as well, "
    "with chains of draft tokens instead of trees.",
    "Any other type that transformers maps to image-text-to-text: the generic profile, which asks by the "
    "checkpoint's own chat template to read as markdown, if at loading the model gives the logits of its own "
    "generate; else it is refused with the reason. docs/model-types.md has what became of each type.",
)
