"""dots.ocr's configuration; the defaults are the published model's."""

from __future__ import annotations

from typing import Any

from transformers import PreTrainedConfig, Qwen2Config


class DotsVisionConfig(PreTrainedConfig):
    """The vision tower: ``embed_dim`` is its width, ``hidden_size`` the decoder's."""

    model_type = "dots_vit"
    base_config_key = "vision_config"

    embed_dim: int = 1536
    hidden_size: int = 1536
    intermediate_size: int = 4224
    num_hidden_layers: int = 42
    num_attention_heads: int = 12
    num_channels: int = 3
    patch_size: int = 14
    spatial_merge_size: int = 2
    temporal_patch_size: int = 1
    rms_norm_eps: float = 1e-5
    use_bias: bool = False
    post_norm: bool = True


class DotsOCRConfig(Qwen2Config):
    """A Qwen2 decoder's configuration with the image token and the vision tower's ``vision_config``."""

    model_type = "dots_ocr"
    # declared as transformers' own configurations do: the second name is that of releases before 5.22
    sub_configs_defaults = {"vision_config": DotsVisionConfig}  # type: ignore[dict-item]  # noqa: RUF012
    sub_configs = {"vision_config": DotsVisionConfig}  # noqa: RUF012
    default_theta = 1_000_000.0

    vocab_size: int = 151936
    hidden_size: int = 1536
    intermediate_size: int = 8960
    num_hidden_layers: int = 28
    num_attention_heads: int = 12
    num_key_value_heads: int | None = 2
    max_position_embeddings: int = 131072
    image_token_id: int = 151665
    video_token_id: int = 151656
    vision_config: dict[str, Any] | PreTrainedConfig | None = None

    def __post_init__(self, **kwargs: Any) -> None:
        """Makes the vision tower's configuration of a dict: transformers before 5.22 leaves one as it is."""
        if not isinstance(self.vision_config, PreTrainedConfig):
            self.vision_config = DotsVisionConfig(**(self.vision_config or {}))
        super().__post_init__(**kwargs)  # type: ignore[no-untyped-call]
