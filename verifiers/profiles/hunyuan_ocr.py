"""HunyuanOCR (arXiv 2511.19575): pages as markdown with HTML tables and LaTeX formulas.

Prompts are those of the model card (huggingface.co/tencent/HunyuanOCR): document parsing for pages, and its
prompts for text, tables and formulas for regions. Positions have four axes.
"""

from __future__ import annotations

from PIL.Image import Image as Picture

from docspec.types import Category, Image, Style
from docspec.verifiers.profiles.base import Profile
from docspec.verifiers.profiles.patch_grid import whole_cells


class HunyuanOcr(Profile):
    """Page reading; page headers and footers are left out, as the prompt asks."""

    style = Style(table="html", formula=("$", "$"))
    prompt = "提取图中的文字。"
    prompts = {  # noqa: RUF012
        Category.TABLE: "把图中的表格解析为HTML。",
        Category.FORMULA: "识别图片中的公式，用LaTeX格式表示。",
    }
    page_prompt = (
        "提取文档图片中正文的所有信息用markdown格式表示，其中页眉、页脚部分忽略，"
        "表格用html格式表达，文档中公式用latex格式表示，按照阅读顺序组织进行解析。"
    )

    def sized(self, image: Image, category: Category | None) -> Picture:
        """The image in whole cells of its grid, as the processor makes them."""
        return whole_cells(self.picture(image, category), self.processor.image_processor)
