"""Small random checkpoints of real transformers classes, as folders like those of published models."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoImageProcessor, PreTrainedTokenizerFast
from transformers.image_utils import make_flat_list_of_images
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.deepseek_ocr2.image_processing_pil_deepseek_ocr2 import (
    DeepseekOcr2ImageProcessorPil,
    get_optimal_tiled_canvas,
)
from transformers.models.glm46v.image_processing_pil_glm46v import Glm46VImageProcessorPil
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil
from transformers.models.hunyuan_vl.image_processing_pil_hunyuan_vl import HunYuanVLImageProcessorPil
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
from transformers.models.llava_next.image_processing_pil_llava_next import LlavaNextImageProcessorPil
from transformers.models.paddleocr_vl.image_processing_pil_paddleocr_vl import PaddleOCRVLImageProcessorPil
from transformers.models.pixtral.image_processing_pil_pixtral import PixtralImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

END = "<|im_end|>"
SPECIAL = [
    *("<|im_start|>", END, "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"),
    *("<|IMAGE_START|>", "<|IMAGE_PLACEHOLDER|>", "<|IMAGE_END|>", "<s>"),
    *("<|user|>", "<|assistant|>", "<|begin_of_image|>", "<|image|>", "<|end_of_image|>"),
    *("<hy_begin>", "<hy_image>", "<hy_end>", "<|hy_pad|>"),
    *("<img>", "<imgpad>", "</img>", "<image>", "<|grounding|>"),
    *("<IMG_CONTEXT>", "<nl>", "<lcel>"),
    *("<fake_token_around_image>", "<global-img>", "<end_of_utterance>"),
    *(
        "<|vision_pad|>",
        "<doctag>",
        "</doctag>",
        "<text>",
        "</text>",
        "<loc_1>",
        "<loc_2>",
        "<otsl>",
        "<fcel>",
    ),
]
TEXT = (
    "Speculative decoding lets a small model draft and a large model verify. The draft is text; the verdict "
    "is text as well, and where both agree nothing is lost but time is won. 0123456789 (a) [b] {c} <d>\n"
)
PARTS = (
    "{% for m in messages %}{% for c in m.content %}"
    "{% if c.type == 'image' %}IMAGE{% else %}{{ c.text }}{% endif %}"
    "{% endfor %}{% endfor %}"
)


def template(before: str, image: str, after: str) -> str:
    """A chat template of one user turn: ``before``, its parts with ``image`` for the image, ``after``."""
    return before + PARTS.replace("IMAGE", image) + after


QWEN_TEMPLATE = template(
    "<|im_start|>user\n",
    "<|vision_start|><|image_pad|><|vision_end|>",
    "<|im_end|>\n<|im_start|>assistant\n",
)
THINKING = "{% if enable_thinking is defined and enable_thinking is false %}[no]{% else %}[yes]{% endif %}"


@lru_cache
def core_tokenizer() -> Tokenizer:
    """A byte-level BPE tokenizer of a few hundred tokens with every family's special tokens."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=380,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator([TEXT] * 3, trainer)
    return core


def tokenizer(
    extra: dict[str, str] | None = None, chat_template: str | None = None, first: str | None = None
) -> Any:
    """The tokenizer as transformers wraps it; ``extra`` names special tokens by role, ``first`` is added
    before every text."""
    core = core_tokenizer()
    if first is not None:
        core = Tokenizer.from_str(core.to_str())
        core.post_processor = processors.TemplateProcessing(
            single=f"{first} $A", special_tokens=[(first, token_id(first))]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token=first,
        eos_token=END,
        pad_token=END,
        extra_special_tokens=extra or {},
        chat_template=chat_template,
        model_input_names=["input_ids", "attention_mask"],
    )


def token_id(token: str) -> int:
    found = core_tokenizer().token_to_id(token)
    assert found is not None
    return int(found)


def decoder(**more: Any) -> dict[str, Any]:
    """Settings that every family's decoder has: two layers of width 32."""
    return {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": core_tokenizer().get_vocab_size(),
        "max_position_embeddings": 4096,
        "bos_token_id": None,
        "eos_token_id": token_id(END),
        "pad_token_id": None,
        "tie_word_embeddings": False,
    } | more


def mrope(*section: int) -> dict[str, Any]:
    return {"rope_type": "default", "mrope_section": list(section), "rope_theta": 10000.0}


Parts = tuple[Any, list[Any]]  # the model, and what is saved beside it
SLIDING = {"use_sliding_window": True, "sliding_window": 7, "max_window_layers": 1}


def qwen_ids() -> dict[str, Any]:
    return {
        "image_token_id": token_id("<|image_pad|>"),
        "video_token_id": token_id("<|video_pad|>"),
        "vision_start_token_id": token_id("<|vision_start|>"),
        "vision_end_token_id": token_id("<|vision_end|>"),
    }


def qwen2_vl(sliding: bool) -> Parts:
    text = decoder(rope_parameters=mrope(1, 1, 2)) | (SLIDING if sliding else {})
    vision = {"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 2}
    config = transformers.Qwen2VLConfig(text_config=text, vision_config=vision, **qwen_ids())
    # no chat template: the profile then writes the published one
    parts = [tokenizer(), Qwen2VLImageProcessorPil(min_pixels=28 * 28, max_pixels=28 * 28 * 24)]
    return transformers.Qwen2VLForConditionalGeneration(config), parts


def qwen2_5_vl(sliding: bool) -> Parts:
    text = decoder(rope_parameters=mrope(1, 1, 2)) | (SLIDING if sliding else {})
    vision: dict[str, Any] = {"depth": 2, "hidden_size": 32, "out_hidden_size": 32, "num_heads": 2}
    vision |= {"intermediate_size": 64, "fullatt_block_indexes": [1], "window_size": 56}
    config = transformers.Qwen2_5_VLConfig(text_config=text, vision_config=vision, **qwen_ids())
    parts = [
        tokenizer(chat_template=QWEN_TEMPLATE),
        Qwen2VLImageProcessorPil(min_pixels=28 * 28, max_pixels=28 * 28 * 24),
    ]
    return transformers.Qwen2_5_VLForConditionalGeneration(config), parts


def qwen3_vl(sliding: bool) -> Parts:
    text = decoder(head_dim=8, rope_parameters=mrope(2, 1, 1) | {"mrope_interleaved": True})
    vision: dict[str, Any] = {"depth": 3, "hidden_size": 32, "out_hidden_size": 32, "num_heads": 2}
    vision |= {"intermediate_size": 64, "num_position_embeddings": 64, "deepstack_visual_indexes": [0, 1]}
    config = transformers.Qwen3VLConfig(text_config=text, vision_config=vision, **qwen_ids())
    images = Qwen2VLImageProcessorPil(patch_size=16, min_pixels=32 * 32, max_pixels=32 * 32 * 24)
    return transformers.Qwen3VLForConditionalGeneration(config), [
        tokenizer(chat_template=QWEN_TEMPLATE),
        images,
    ]


def delta_net() -> dict[str, Any]:
    """Layers with recurrent and convolution states around one of full attention."""
    return {
        "layer_types": ["linear_attention", "full_attention", "linear_attention"],
        "num_hidden_layers": 3,
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 4,
        "linear_key_head_dim": 8,
        "linear_value_head_dim": 8,
        "rope_parameters": mrope(2, 1, 1) | {"partial_rotary_factor": 1.0},
    }


def qwen3_5(sliding: bool) -> Parts:
    vision: dict[str, Any] = {"depth": 2, "hidden_size": 32, "out_hidden_size": 32, "num_heads": 2}
    vision |= {"intermediate_size": 64, "num_position_embeddings": 64}
    config = transformers.Qwen3_5Config(
        text_config=decoder(head_dim=8) | delta_net(), vision_config=vision, **qwen_ids()
    )
    images = Qwen2VLImageProcessorPil(patch_size=16, min_pixels=32 * 32, max_pixels=32 * 32 * 24)
    return transformers.Qwen3_5ForConditionalGeneration(config), [
        tokenizer(chat_template=QWEN_TEMPLATE + THINKING),
        images,
    ]


def paddleocr_vl(sliding: bool) -> Parts:
    text = decoder(head_dim=8, rope_parameters=mrope(2, 1, 1))
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.PaddleOCRVLConfig(
        text_config=text,
        vision_config=vision | {"image_size": 56},
        image_token_id=token_id("<|IMAGE_PLACEHOLDER|>"),
        vision_start_token_id=token_id("<|IMAGE_START|>"),
        vision_end_token_id=token_id("<|IMAGE_END|>"),
    )
    chat = template("User: ", "<|IMAGE_START|><|IMAGE_PLACEHOLDER|><|IMAGE_END|>", "\nAssistant: ")
    images = PaddleOCRVLImageProcessorPil(min_pixels=28 * 28, max_pixels=28 * 28 * 24)
    words = tokenizer({"image_token": "<|IMAGE_PLACEHOLDER|>"}, chat, first="<s>")
    return transformers.PaddleOCRVLForConditionalGeneration(config), [
        transformers.PaddleOCRVLProcessor(images, words, chat_template=chat)
    ]


def glm_ocr(sliding: bool) -> Parts:
    text = decoder(head_dim=8, rope_parameters=mrope(1, 1, 2))
    vision = {"depth": 2, "hidden_size": 32, "out_hidden_size": 32, "num_heads": 2, "intermediate_size": 64}
    config = transformers.GlmOcrConfig(
        text_config=text,
        vision_config=vision | {"image_size": 56},
        image_token_id=token_id("<|image|>"),
        image_start_token_id=token_id("<|begin_of_image|>"),
        image_end_token_id=token_id("<|end_of_image|>"),
    )
    chat = template("<|user|>\n", "<|begin_of_image|><|image|><|end_of_image|>", "<|assistant|>\n")
    images = Glm46VImageProcessorPil(size={"shortest_edge": 2 * 28 * 28, "longest_edge": 2 * 28 * 28 * 24})
    return transformers.GlmOcrForConditionalGeneration(config), [tokenizer(chat_template=chat), images]


def hunyuan_vl(sliding: bool) -> Parts:
    rope = {"rope_type": "xdrope", "alpha": 1000.0, "factor": 1.0, "rope_theta": 10000.0}
    text = decoder(head_dim=8, rope_parameters=rope | {"xdrope_section": [1, 1, 1, 1]})
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision |= {"out_hidden_size": 32, "text_hidden_size": 32, "max_image_size": 256, "img_max_token_num": 64}
    ids: dict[str, Any] = {  # two of them are no fields of the class
        "image_token_id": token_id("<hy_image>"),
        "image_start_token_id": token_id("<hy_begin>"),
        "image_end_token_id": token_id("<hy_end>"),
    }
    config = transformers.HunYuanVLConfig(text_config=text, vision_config=vision, **ids)
    roles = {"image_token": "<hy_image>", "image_start_token": "<hy_begin>", "image_end_token": "<hy_end>"}
    chat = template("<|user|>", "<hy_begin><hy_image><hy_end>", "<|assistant|>")
    images = HunYuanVLImageProcessorPil(min_pixels=32 * 32, max_pixels=32 * 32 * 24)
    return transformers.HunYuanVLForConditionalGeneration(config), [
        transformers.HunYuanVLProcessor(images, tokenizer(roles, chat), chat_template=chat)
    ]


def lighton_ocr(sliding: bool) -> Parts:
    text = decoder(head_dim=8, model_type="qwen3") | (SLIDING if sliding else {})
    vision = {"model_type": "pixtral", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    vision |= {"num_attention_heads": 2, "head_dim": 16, "image_size": 140, "patch_size": 14}
    config = transformers.LightOnOcrConfig(
        text_config=text, vision_config=vision, image_token_id=token_id("<|image_pad|>")
    )
    roles = {
        "image_token": "<|image_pad|>",
        "image_break_token": "<|vision_pad|>",
        "image_end_token": "<|vision_end|>",
    }
    chat = template("<|im_start|>user\n", "<|image_pad|>", "<|im_end|>\n<|im_start|>assistant\n")
    images = PixtralImageProcessorPil(
        size={"longest_edge": 140}, patch_size={"height": 28, "width": 28}, default_to_square=False
    )
    return transformers.LightOnOcrForConditionalGeneration(config), [
        transformers.LightOnOcrProcessor(images, tokenizer(roles, chat), chat_template=chat)
    ]


def got_ocr2(sliding: bool) -> Parts:
    text = decoder(model_type="qwen2") | (SLIDING if sliding else {})
    vision: dict[str, Any] = {"hidden_size": 16, "output_channels": 16, "num_hidden_layers": 2}
    vision |= {"num_attention_heads": 2}
    # 64 x 64 patches, as published: the processor counts on the 256 image tokens that come of them
    vision |= {"image_size": 128, "patch_size": 2, "window_size": 8, "global_attn_indexes": [], "mlp_dim": 16}
    config = transformers.GotOcr2Config(
        text_config=text, vision_config=vision, image_token_index=token_id("<imgpad>"), image_seq_length=256
    )
    images = GotOcr2ImageProcessorPil(size={"height": 128, "width": 128})
    model = transformers.GotOcr2ForConditionalGeneration._from_config(
        config, attn_implementation={"text_config": "sdpa"}
    )
    return model, [transformers.GotOcr2Processor(images, tokenizer())]


def qianfan_ocr(sliding: bool) -> Parts:
    text = decoder(head_dim=8, model_type="qwen3") | (SLIDING if sliding else {})
    vision: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    vision |= {"num_attention_heads": 2, "image_size": [28, 28], "patch_size": [7, 7]}
    config = transformers.QianfanOCRConfig(
        text_config=text, vision_config=vision, image_token_id=token_id("<IMG_CONTEXT>"), image_seq_length=4
    )
    roles = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
    }
    chat = template("<|im_start|>user\n", "<image>\n", "<|im_end|>\n<|im_start|>assistant\n")
    images = GotOcr2ImageProcessorPil(size={"height": 28, "width": 28}, crop_to_patches=True, max_patches=4)
    return transformers.QianfanOCRForConditionalGeneration(config), [
        transformers.QianfanOCRProcessor(images, tokenizer(roles), image_seq_length=4, chat_template=chat)
    ]


def idefics3(sliding: bool) -> Parts:
    # Mistral's window is all layers', and no list says so
    text = decoder(model_type="mistral", sliding_window=7) if sliding else decoder(model_type="llama")
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision |= {"image_size": 32, "patch_size": 8}
    config = transformers.Idefics3Config(
        text_config=text, vision_config=vision, image_token_id=token_id("<image>"), scale_factor=2
    )
    images = Idefics3ImageProcessorPil(size={"longest_edge": 64}, max_image_size={"longest_edge": 32})
    chat = template("<|im_start|>User:", "<image>", "<end_of_utterance>\nAssistant:")
    return transformers.Idefics3ForConditionalGeneration(config), [
        transformers.Idefics3Processor(images, tokenizer(), image_seq_len=4, chat_template=chat)
    ]


def deepseek_ocr2(sliding: bool) -> Parts:
    text = decoder(n_routed_experts=4, num_experts_per_tok=2, n_shared_experts=1, moe_intermediate_size=32)
    text |= {"mlp_layer_types": ["dense", "sparse"]}
    sam: dict[str, Any] = {"hidden_size": 16, "output_channels": 16, "num_hidden_layers": 2}
    sam |= {"num_attention_heads": 2}
    # 64 x 64 and 48 x 48 patches, as published: the query counts of the encoder are fixed
    sam |= {"image_size": 128, "patch_size": 2, "window_size": 8, "global_attn_indexes": []}
    encoder = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    encoder |= {"num_key_value_heads": 2, "vocab_size": 8}
    config = transformers.DeepseekOcr2Config(
        text_config=text,
        vision_config={"sam_config": sam | {"downsample_channels": [24, 32]}, "encoder_config": encoder},
        image_token_id=token_id("<image>"),
    )
    images = DeepseekOcr2ImageProcessorPil(size={"height": 128, "width": 128}, tile_size=96, max_patches=2)
    words = tokenizer({"image_token": "<image>"}, first="<s>")
    return transformers.DeepseekOcr2ForConditionalGeneration(config), [
        transformers.DeepseekOcr2Processor(images, words, patch_size=2)
    ]


class UnlimitedOcrImages(DeepseekOcr2ImageProcessorPil):
    """What Unlimited-OCR's own processor makes, which needs torchvision: DeepSeek-OCR-2's cuts the same
    tiles, and does not say in how many columns and rows."""

    def preprocess(self, images: Any, *args: Any, **settings: Any) -> Any:
        made = super().preprocess(images, *args, **settings)
        tile, bounds = (self.tile_size, self.tile_size), (self.min_patches, self.max_patches)
        tiles = [int(count) for count in made["num_local_patches"]]
        pictures: Any = make_flat_list_of_images(images)
        grids = [
            get_optimal_tiled_canvas((image.height, image.width), tile, *bounds) if count else (1, 1)
            for image, count in zip(pictures, tiles, strict=True)
        ]
        return made | {"num_local_patches": tiles, "patches_grid": [list(grid) for grid in grids]}


AutoImageProcessor.register("unlimited_ocr_images", slow_image_processor_class=UnlimitedOcrImages)


def unlimited_ocr(sliding: bool) -> Parts:
    text = decoder(n_routed_experts=4, num_experts_per_tok=2, n_shared_experts=1, moe_intermediate_size=32)
    text |= {"mlp_layer_types": ["dense", "sparse"], "sliding_window": 5}
    sam: dict[str, Any] = {"hidden_size": 16, "output_channels": 16, "num_hidden_layers": 2}
    sam |= {"num_attention_heads": 2, "image_size": 128, "patch_size": 8, "window_size": 8}
    encoder = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    encoder |= {"image_size": 32, "patch_size": 8}
    sam |= {"global_attn_indexes": [], "mlp_dim": 32, "downsample_channels": [24, 32]}
    config = transformers.UnlimitedOcrConfig(
        text_config=text,
        vision_config={"sam_config": sam, "encoder_config": encoder},
        image_token_id=token_id("<image>"),
    )
    images = UnlimitedOcrImages(size={"height": 128, "width": 128}, tile_size=96, max_patches=3)
    words = tokenizer({"image_token": "<image>"}, first="<s>")
    return transformers.UnlimitedOcrForConditionalGeneration(config), [
        transformers.UnlimitedOcrProcessor(images, words, patch_size=8)
    ]


def granite4_vision(sliding: bool) -> Parts:
    vision = {"model_type": "clip_vision_model", "hidden_size": 64, "intermediate_size": 64}
    vision |= {"num_hidden_layers": 2, "num_attention_heads": 4, "image_size": 56, "patch_size": 14}
    pinpoints = [[56, 112], [112, 56]]
    config = transformers.Granite4VisionConfig(
        text_config=decoder(num_hidden_layers=6) | {"model_type": "granite4_vision_text"},
        vision_config=vision,
        image_grid_pinpoints=pinpoints,
        deepstack_layer_map=[[-1, 0], [-2, 1]],
        spatial_target_layers=[2, 3, 4, 5],
        downsample_rate="1/2",
        image_token_index=token_id("<image>"),
    )
    images = LlavaNextImageProcessorPil(
        size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}, image_grid_pinpoints=pinpoints
    )
    processor = transformers.Granite4VisionProcessor(
        images,
        tokenizer({"image_token": "<image>"}),
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        downsample_rate="1/2",
        chat_template=template("USER: ", "<image>", " ASSISTANT:"),
    )
    return transformers.Granite4VisionForConditionalGeneration(config), [processor]


def llava(sliding: bool) -> Parts:
    """LLaVA's class which docspec has no profile for."""
    vision = {"model_type": "clip_vision_model", "hidden_size": 32, "intermediate_size": 64}
    vision |= {"num_hidden_layers": 2, "num_attention_heads": 4, "image_size": 56, "patch_size": 14}
    config = transformers.LlavaConfig(
        text_config=decoder(model_type="llama"),
        vision_config=vision,
        image_token_index=token_id("<image>"),
    )
    images = CLIPImageProcessorPil(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56})
    words = tokenizer({"image_token": "<image>"})
    processor = transformers.LlavaProcessor(
        images,
        words,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template("USER: ", "<image>", " ASSISTANT:"),
    )
    return transformers.LlavaForConditionalGeneration(config), [processor]


@dataclass(frozen=True)
class Build:
    """How a family's small model is made; ``sliding``: its decoder can have sliding-window layers."""

    make: Callable[[bool], Parts]
    sliding: bool = False


BUILDS = {
    "qwen2_vl": Build(qwen2_vl, sliding=True),
    "qwen2_5_vl": Build(qwen2_5_vl, sliding=True),
    "qwen3_vl": Build(qwen3_vl),
    "qwen3_5": Build(qwen3_5),
    # the same classes, asked otherwise because of their names
    "mineru2.5": Build(qwen2_vl),
    "surya-ocr-2": Build(qwen3_5),
    "qianfan_ocr": Build(qianfan_ocr, sliding=True),
    "paddleocr_vl": Build(paddleocr_vl),
    "lighton_ocr": Build(lighton_ocr, sliding=True),
    "got_ocr2": Build(got_ocr2, sliding=True),
    "idefics3": Build(idefics3, sliding=True),
    "glm_ocr": Build(glm_ocr),
    "hunyuan_vl": Build(hunyuan_vl),
    "deepseek_ocr2": Build(deepseek_ocr2),
    "unlimited_ocr": Build(unlimited_ocr),
    "granite4_vision": Build(granite4_vision),
}


def save_checkpoint(
    folder: Path, family: str, seed: int, *, penalty: float | None = None, sliding: bool = False
) -> None:
    """Write a random checkpoint whose greedy output varies from place to place (large initial weights)."""
    torch.manual_seed(seed)
    model, parts = BUILDS[family].make(sliding)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                weight.normal_(0, 1.0 / weight.shape[-1] ** 0.5 * (2.0 if "lm_head" in name else 1.3))
    model.generation_config.eos_token_id = token_id(END)
    model.generation_config.pad_token_id = token_id(END)
    model.generation_config.repetition_penalty = penalty
    model.save_pretrained(folder)
    for part in parts:
        part.save_pretrained(folder)


@lru_cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


@lru_cache
def checkpoint(family: str, variant: str = "plain", seed: int = 0) -> str:
    """A checkpoint folder that lasts as long as the tests: ``variant`` plain, penalty or sliding."""
    folder = Path(_folder().name, f"{family}-{variant}-{seed}")
    penalty = 1.3 if variant == "penalty" else None
    save_checkpoint(folder, family, seed, penalty=penalty, sliding=variant == "sliding")
    return str(folder)
