"""What the families share: their own processor makes the inputs, their own forward pass the decoder's.

A family is a subclass with data: prompts, sizes, native mode, page format. See docs/adding-a-family.md. It
asks and reads without a model's weights, which may be on a server: only ``load`` and ``embed`` have to do
with them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Literal

import torch
from PIL.Image import Image as Picture
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer

from docspec.drafters.formats import markdown
from docspec.errors import ModelError
from docspec.marks import bare_formula
from docspec.types import Category, Image, PageRegion, Style
from docspec.verifiers.decoder_hooks import BY_TOKEN, decoder_inputs, visual_of
from docspec.verifiers.masks import own_masks
from docspec.verifiers.profiles.framing import framed
from docspec.verifiers.sequence import Prompt

# Around a region's whole answer, in any language; what is around a page, markdown.unfenced tells from code.
FENCED = re.compile(r"^```[\w-]*\n(.*?)\n?```$", re.DOTALL)


class Profile:
    """A family whose checkpoints bring a processor and a chat template: how it is asked and how it answers.

    ``prompts`` by category, ``prompt`` for every other, ``page_prompt`` for the page; "" where the image
    alone is the prompt; ``text_first`` are those whose prompt stands before the image. ``page_side`` bounds
    the page image's longer side, in pixels, where the family asks for it before its processor's own sizing.
    ``system`` is a system prompt, ``template`` are settings of the checkpoint's chat template.
    ``special_text`` says that special tokens are part of the output's text (layout tags); ``stop_tokens`` end
    it besides those of the checkpoint's generation config. ``page_style`` is how the family writes pages.
    """

    style: Style = Style()
    dpi: float = 200.0
    native: Literal["region", "page"] = "page"
    prompt: str = ""
    prompts: Mapping[Category, str] = MappingProxyType({})
    page_prompt: str = ""
    text_first: frozenset[Category | None] = frozenset()
    page_side: int | None = None
    system: str = ""
    template: Mapping[str, Any] = MappingProxyType({})
    special_text: bool = False
    stop_tokens: tuple[str, ...] = ()
    page_style: markdown.MarkdownOptions = markdown.DEFAULT

    # profiles of checkpoints that are asked otherwise than others of their type, by a word of their names
    checkpoints: Mapping[str, str] = MappingProxyType({})

    # how the checkpoint is loaded
    attention: str | dict[str, str] = "sdpa"
    config_type: Any = AutoConfig
    processor_type: Any = AutoProcessor

    def __init__(self, config: Any, tokenizer: Any, processor: Any) -> None:
        self.config = config
        self.tokenizer = tokenizer
        self.processor = processor

    @classmethod
    def of(cls, name: str) -> type[Profile]:
        """The profile of the checkpoint ``name``, a folder or hub name: the type's, or one of its own."""
        for word, target in cls.checkpoints.items():
            if word in name.lower():
                module, _, attribute = target.partition(":")
                found: type[Profile] = getattr(import_module(module), attribute)
                return found
        return cls

    @classmethod
    def load_words(cls, name: str, *, local_files_only: bool) -> tuple[Any, Any, Any]:
        """Configuration, tokenizer and processor of a checkpoint folder or hub name: a profile's arguments.

        Raises what transformers raises: OSError, ValueError, ImportError.
        """
        parts = (cls.config_type, AutoTokenizer, cls.processor_type)
        config, tokenizer, processor = (
            part.from_pretrained(name, local_files_only=local_files_only) for part in parts
        )
        return config, tokenizer, processor

    @classmethod
    def load(cls, name: str, *, dtype: torch.dtype, local_files_only: bool) -> tuple[Any, Any, Any]:
        """Model (on the CPU), tokenizer and processor of a checkpoint folder or hub name.

        Raises what transformers raises: OSError, ValueError, ImportError.
        """
        model = AutoModelForImageTextToText.from_pretrained(
            name, dtype=dtype, local_files_only=local_files_only, attn_implementation=cls.attention
        )
        _, tokenizer, processor = cls.load_words(name, local_files_only=local_files_only)
        return model, tokenizer, processor

    def declines(self, category: Category | None) -> str | None:
        """Why a region of this category is not sent to the model, or None."""
        return "pictures are not read" if category is Category.PICTURE else None

    def inputs(self, image: Image, category: Category | None) -> dict[str, Any]:
        """What the family's processor makes of the image and the prompt: ``generate``'s arguments."""
        text, picture = self.chat(category), self.picture(image, category)
        return dict(
            self.processor(text=[text], images=[picture], return_tensors="pt", **self.special_tokens(text))
        )

    def special_tokens(self, text: str) -> dict[str, bool]:
        """The tokenizer's setting for ``text``: as the processors' own ``apply_chat_template`` has it, the
        tokenizer adds what it adds, unless the template has written the first token itself."""
        first = self.tokenizer.bos_token
        return {"add_special_tokens": False} if first and text.startswith(first) else {}

    def prompt_for(self, category: Category | None) -> str:
        """The instruction for a region of this category, or for the page."""
        return self.page_prompt if category is None else self.prompts.get(category, self.prompt)

    def picture(self, image: Image, category: Category | None) -> Picture:
        """The image as it goes to the processor."""
        return framed(image, self.page_side if category is None else None)

    def sized(self, image: Image, category: Category | None) -> Picture:
        """The image at the size that the processor gives it, where the family can tell: the processor of a
        server, which may scale in another way, then leaves it as it is. Raises ValueError for an image that
        the processor refuses."""
        return self.picture(image, category)

    def content(self, category: Category | None) -> list[dict[str, str]]:
        """The user's turn, for a chat template: the image and the instruction, in the family's order."""
        content = [{"type": "image"}]
        if prompt := self.prompt_for(category):
            content.insert(0 if category in self.text_first else 1, {"type": "text", "text": prompt})
        return content

    def messages(self, category: Category | None) -> list[dict[str, Any]]:
        """The conversation so far: the user's turn, after the system prompt where there is one."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        return [*system, {"role": "user", "content": self.content(category)}]

    def chat(self, category: Category | None) -> str:
        """Prompt and image as the checkpoint's chat template writes them, the image as its placeholder.

        Raises ModelError where the checkpoint has no template.
        """
        messages = self.messages(category)
        for holder in (self.processor, self.tokenizer):
            if getattr(holder, "chat_template", None):
                text: str = holder.apply_chat_template(
                    messages,
                    tokenize=False,
                    add_generation_prompt=True,
                    **self.template,
                )
                return text
        raise ModelError(
            f"{self.config.name_or_path}: the checkpoint has no chat template (chat_template.jinja)"
        )

    def embed(self, model: Any, batch: list[dict[str, Any]]) -> list[Prompt]:
        """Prompts of ``inputs``, one forward pass of the loaded ``model`` up to the decoder for each."""
        return [self.prompt_of(inputs, decoder_inputs(model, inputs)) for inputs in batch]

    @staticmethod
    def prompt_of(inputs: dict[str, Any], given: dict[str, Any]) -> Prompt:
        """The prompt of ``inputs``, whose decoder is ``given`` these arguments (see ``decoder_inputs``)."""
        embeds = given["inputs_embeds"][0]  # [P, D]
        positions = given.get("position_ids")  # None, [1, P] or [K, 1, P]
        if positions is None:
            positions = torch.arange(len(embeds), device=embeds.device)[None]
        elif positions.dim() == 3:
            positions = positions[:, 0]
        return Prompt(
            embeds,
            positions,
            tuple(inputs["input_ids"][0].tolist()),
            visual_of(given),
            masks=own_masks(given.get("attention_mask")),
            by_token={name: given[name][0] for name in BY_TOKEN if given.get(name) is not None},
        )

    def write(self, category: Category, draft: str) -> str:
        """A region's draft as the model would write it: as it is, where ``style`` says enough."""
        return draft

    def read(self, category: Category, output: str) -> str:
        """A region's text: code fences around the whole answer and a formula's delimiters are taken off."""
        text = output.strip()
        if fenced := FENCED.match(text):
            text = fenced[1].strip()
        return bare_formula(text) if category is Category.FORMULA else text

    def write_page(self, regions: tuple[PageRegion, ...], image: Image) -> str:
        """A page's draft in the family's own page format."""
        return markdown.write(regions, self.page_style)

    def read_page(self, output: str, image: Image) -> tuple[PageRegion, ...]:
        """The regions of a page's output, boxes in pixels of ``image`` where the format has any; whatever can
        be read of broken output."""
        return markdown.read(output)
