"""LightOnOCR (arXiv 2601.14251): the page image alone is the prompt, markdown the answer.

Pages are rendered at 200 dpi, the longer side at most 1540 pixels (model card,
huggingface.co/lightonai/LightOnOCR-2-1B).
"""

from __future__ import annotations

from PIL.Image import Image as Picture
from transformers.image_utils import SizeDict

from docspec.types import Category, Image, Style
from docspec.verifiers.profiles.base import Profile
from docspec.verifiers.profiles.framing import resized


class LightOnOcr(Profile):
    """Page reading without any instruction; regions are read as small pages."""

    style = Style(table="html", formula=("$", "$"), heading_marks=True)
    page_side = 1540

    def sized(self, image: Image, category: Category | None) -> Picture:
        """The image in whole patches, as the processor makes them."""
        images = self.processor.image_processor
        return resized(self.picture(image, category), images, patch_size=SizeDict(**images.patch_size))
