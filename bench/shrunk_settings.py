"""Settings of small models that shrinking a type's defaults gets wrong, by type."""

from __future__ import annotations

from typing import Any

WIDTH, HEADS, LAYERS, EXPERTS = 32, 4, 2, 4
WORDS = 400  # vocabulary
IMAGE_TOKEN, END = 390, 1
SECTIONS = [1, 1, 2]  # of an M-RoPE, which together are half of a head's width

GRID_VISION = {"out_hidden_size": WIDTH}
DEFAULT_ROPE = {"rope_type": "default", "rope_theta": 10000.0}
MROPE = {"rope_parameters": DEFAULT_ROPE | {"mrope_section": SECTIONS}}
SMALL_IMAGE = {"image_size": 56, "patch_size": 14}
TWO_TILES = {"vision_config": SMALL_IMAGE, "image_grid_pinpoints": [[56, 112], [112, 56]]}
BOTH_KINDS = {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 6}
LINEAR = {"text_config": {"layer_types": ["linear_attention", "full_attention"]}}
# in place of timm's, which would have to be installed
SMALL_RESNET = {
    "model_type": "resnet",
    "embedding_size": WIDTH,
    "hidden_sizes": [WIDTH, WIDTH],
    "depths": [1, 1],
    "hidden_size": WIDTH,
    "image_size": 56,
}
GEMMA4_VISION = {
    "model_type": "gemma4_vision",
    "hidden_size": WIDTH,
    "intermediate_size": 2 * WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": HEADS,
    "head_dim": WIDTH // HEADS,
    "position_embedding_size": 64,
}
GEMMA4_UNIFIED_VISION = {
    "model_type": "gemma4_unified_vision",
    "patch_size": 4,
    "mm_embed_dim": WIDTH,
    "mm_posemb_size": 64,
    "output_proj_dims": WIDTH,
}
# the last layers look at keys of the ones before
SHARED_KEYS = {
    "num_hidden_layers": 2 * LAYERS,
    "layer_types": ["sliding_attention", "full_attention"] * LAYERS,
    "sliding_window": 6,
    "num_kv_shared_layers": LAYERS,
}
GEMMA = SHARED_KEYS | {"global_head_dim": WIDTH // HEADS}
OMNI = {"vision_config": GRID_VISION, "vision_start_token_id": 6, "audio_config": {"output_dim": WIDTH}}
# of models whose images are tokens of a codebook
CODEBOOK = {"base_channels": WIDTH, "channel_multiplier": [1, 1], "num_res_blocks": 1, "embed_dim": 4}
CHAMELEON_WORDS = {"<image>": IMAGE_TOKEN} | {f"IMGIMG{letter}Z": 300 + i for i, letter in enumerate("ABCD")}
EMU3_WORDS = {"<image>": IMAGE_TOKEN, "<|extra_200|>": 391} | {
    f"<|visual token {i:06}|>": 300 + i for i in range(8)
}

MORE: dict[str, dict[str, Any]] = {
    "apertus1p5": {
        "image_token_offset": 300,
        "audio_token_offset": 308,
        "audio_token_id": IMAGE_TOKEN + 1,
        "vision_config": CODEBOOK | {"codebook_size": 8, "latent_channels": 4},
        "audio_config": {"codebook_size": 8},
    },
    "aria": {"vision_config": SMALL_IMAGE, "projector_patch_to_query_dict": {16: 4}},
    "aya_vision": {"vision_config": SMALL_IMAGE},
    "chameleon": {
        "vocabulary_map": CHAMELEON_WORDS,
        "vq_config": CODEBOOK | {"num_embeddings": 4, "latent_channels": 4, "resolution": 32},
    },
    "cohere_compass": {
        "text_config": {"rope_parameters": {"full_attention": MROPE["rope_parameters"]}},
        "vision_config": GRID_VISION,
    },
    "deepseek_vl": {"vision_config": SMALL_IMAGE},
    # the two parts' features have to be as many
    "deepseek_vl_hybrid": {
        "vision_config": {"image_size": 96, "patch_size": 16},
        "high_res_vision_config": {
            "image_size": 128,
            "global_attn_indexes": [0],
            "scale": 8,
            "mlp_dim": WIDTH,
        },
    },
    "diffusion_gemma": {
        "text_config": GEMMA | {"num_experts": EXPERTS, "top_k_experts": 2, "moe_intermediate_size": WIDTH}
    },
    "emu3": {
        "vocabulary_map": EMU3_WORDS,
        "vq_config": CODEBOOK | {"codebook_size": 8, "temporal_downsample_factor": 1, "hidden_size": WIDTH},
    },
    "ernie4_5_vl_moe": {
        "text_config": MROPE
        | {"moe_intermediate_size": [WIDTH, WIDTH], "mlp_layer_types": ["sparse"] * LAYERS}
    },
    "exaone4_5": {"vision_config": GRID_VISION},
    "gemma3": {"vision_config": SMALL_IMAGE, "mm_tokens_per_image": 4},
    "fast_vlm": {"vision_config": SMALL_RESNET},
    "fuyu": {"patch_size": 14},
    "gemma3n": {
        "text_config": SHARED_KEYS
        | {"intermediate_size": [WIDTH] * 2 * LAYERS, "activation_sparsity_pattern": [0.5, 0.0] * LAYERS},
        "vision_config": {"vocab_offset": 380, "vocab_size": 16, "hidden_size": WIDTH},
        "audio_config": {"vocab_offset": 396, "vocab_size": 4},
        "vision_soft_tokens_per_image": 49,
    },
    "gemma4": {"text_config": GEMMA, "vision_config": GEMMA4_VISION},
    "gemma4_unified": {"text_config": GEMMA, "vision_config": GEMMA4_UNIFIED_VISION},
    "glm46v": {"text_config": MROPE},
    "glm4v": {"text_config": MROPE},
    # half of a head's width is turned
    "glm4v_moe": {
        "text_config": {
            "head_dim": 2 * WIDTH // HEADS,
            "rope_parameters": MROPE["rope_parameters"] | {"partial_rotary_factor": 0.5},
        }
    },
    "glmga": {"text_config": MROPE},
    "granite4_vision": {
        "vision_config": SMALL_IMAGE | {"hidden_size": 64},
        "image_grid_pinpoints": [[56, 112], [112, 56]],
        "deepstack_layer_map": [[-1, 0], [-2, 1]],
        "downsample_rate": "1/2",
    },
    "hyperclovax_vision_v2": {"vision_config": GRID_VISION},
    "idefics2": {"vision_config": SMALL_IMAGE},
    "instructblipvideo": {"video_token_index": IMAGE_TOKEN},
    "janus": {
        "vision_config": SMALL_IMAGE | {"projection_dim": WIDTH},
        "vq_config": {"base_channels": WIDTH, "channel_multiplier": [1, 1], "num_res_blocks": 1},
    },
    "kimi_k25": {"text_config": {"num_key_value_heads": HEADS}},
    # published ones are hybrid
    "lfm2_vl": {"text_config": {"layer_types": ["conv", "full_attention"]}},
    "lfm3_vl": {"text_config": {"layer_types": ["conv", "full_attention"]}},
    # without rotary angles, layers see all of the text
    "llama4": {
        "text_config": {"no_rope_layers": [1, 0], "attention_chunk_size": 7},
        "vision_config": SMALL_IMAGE | {"intermediate_size": 4 * WIDTH},  # four patches' widths
    },
    "llava_next": TWO_TILES,
    "llava_next_video": TWO_TILES,
    "llava_onevision": TWO_TILES,
    "minicpm_ocr": LINEAR,
    "minicpmv4_6": LINEAR,
    "minicpmv4_7": LINEAR,
    "mistral3": {"vision_config": SMALL_IMAGE},
    "mllama": {
        "vision_config": {"intermediate_layers_indices": [0, 1], "vision_output_dim": 3 * WIDTH}
        | SMALL_IMAGE,
        "text_config": {"cross_attention_layers": [1]},
    },
    "molmo2": {
        "image_patch_id": IMAGE_TOKEN,
        "vision_config": SMALL_IMAGE | {"image_size": [56, 56], "num_position_embeddings": 16},
        "adapter_config": {"vision_feature_layer": [1, 0]},
    },
    "muse_glimmer": {"out_hidden_size": 4 * WIDTH},
    "muse_spark": {
        "audio_config": {"patch_sizes": [4, 4], "hidden_sizes": [8, 8], "depths": [1, 1]},
        "out_hidden_size": 4 * WIDTH,
    },
    # as with fast_vlm
    "perception_lm": {
        "vision_config": {
            "model_type": "clip_vision_model",
            "model_args": {"embed_dim": WIDTH},
            "hidden_size": WIDTH,
            "intermediate_size": 2 * WIDTH,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
        }
        | SMALL_IMAGE
    },
    "qwen2_5_omni_thinker": OMNI | {"text_config": MROPE},
    "qwen3_5_moe": LINEAR,
    "qwen3_omni_moe_thinker": OMNI | {"text_config": MROPE},
    "shieldgemma2": {"vision_config": SMALL_IMAGE, "mm_tokens_per_image": 4},
    "smolvlm": {"vision_config": {"image_size": 32, "patch_size": 8}},
    "step3p7": {
        "vision_config": SMALL_IMAGE,
        "text_config": BOTH_KINDS
        | {"rope_parameters": {"full_attention": DEFAULT_ROPE, "sliding_attention": DEFAULT_ROPE}},
    },
    "unlimited_ocr": {
        "text_config": {"layer_types": ["reference_sliding_attention", "full_attention"]},
        "vision_config": {
            "sam_config": {"image_size": 128, "patch_size": 8, "global_attn_indexes": [0], "mlp_dim": WIDTH}
            | {"downsample_channels": [WIDTH, WIDTH]},
            "encoder_config": {"image_size": 32, "patch_size": 8},
        },
    },
    "vipllava": {"vision_feature_layers": [-1, -2]},
}
