"""The bundled verifier's decoder, beside the one of transformers that it stands for."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from transformers import DynamicCache, Qwen2Config, Qwen2ForCausalLM

from docspec.verifiers.decoder_hooks import cache_name
from docspec.verifiers.mini.decoder import one_thread
from docspec.verifiers.mini.model import Mini

HEAVY = ("transformers.modeling_utils", "transformers.masking_utils", "torch._dynamo", "scipy", "sympy")


@pytest.fixture(scope="module")
def mini() -> Mini:
    """The bundled model."""
    return Mini.from_pretrained()


@pytest.fixture(scope="module")
def reference(mini: Mini) -> Qwen2ForCausalLM:
    """The same weights in transformers' class; what they are called is the same as well."""
    sizes = mini.config
    config = Qwen2Config(
        vocab_size=mini.decoder.config.vocab_size,
        hidden_size=sizes.hidden,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        num_key_value_heads=sizes.key_heads,
        intermediate_size=sizes.intermediate,
        rope_parameters={"rope_type": "default", "rope_theta": sizes.rotary_base},
        tie_word_embeddings=False,
    )
    model: Qwen2ForCausalLM = Qwen2ForCausalLM(config).eval()
    model.load_state_dict(mini.decoder.state_dict())
    return model


@torch.inference_mode()
def test_it_computes_what_transformers_does(mini: Mini, reference: Qwen2ForCausalLM) -> None:
    """Two texts at positions that begin again, causal; and then some tokens by a mask, over a cache."""
    torch.manual_seed(0)
    ids = torch.randint(0, mini.decoder.config.vocab_size, (2, 40))
    embeds = mini.embed(ids.flatten().tolist()).reshape(2, 40, -1)
    positions = torch.cat([torch.arange(25), torch.arange(15)]).expand(2, 40)
    causal = torch.ones(40, 40, dtype=torch.bool).tril().expand(2, 1, 40, 40)
    given = {"inputs_embeds": embeds, "position_ids": positions}
    expected = reference(**given, attention_mask=causal).logits
    for mask in (None, causal):
        ours = mini.decoder(**given, attention_mask=mask, cache=None, logits_to_keep=40).logits
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-4)
    tree = torch.ones(8, 40, dtype=torch.bool).tril(32)
    tree[5, 35] = False
    outputs = []
    for model in (mini.decoder, reference):
        cache = DynamicCache()
        name = cache_name(model.forward)
        for part, mask in ((slice(32), causal[:, :, :32, :32]), (slice(32, 40), tree.expand(2, 1, 8, 40))):
            more = {"attention_mask": mask, name: cache, "logits_to_keep": 8}
            some = {argument: values[:, part] for argument, values in given.items()}
            output = model(**some, **more, use_cache=True)
        outputs.append(output.logits)
    torch.testing.assert_close(outputs[0], outputs[1], rtol=1e-4, atol=1e-4)


def test_nothing_heavy_is_imported_for_it() -> None:
    """What takes seconds and 150 MB to import, and is not needed to decode with the bundled model."""
    code = (
        "import sys; from docspec.config import Config; from docspec.verifiers.mini.verifier import _loaded\n"
        "_loaded(Config(), True, None, False)\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stdout.split()


def test_it_leaves_torchs_threads_as_they_were(mini: Mini) -> None:
    """It computes in one of them, also where that ends in an error."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        with pytest.raises(RuntimeError):
            mini.decoder(torch.zeros(1, 1, 3), torch.zeros(1, 1), None, None, 1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
