"""What `config.json` of the most used models of uncommon architectures says, to be built on the meta device.

A row is a pattern of the model's own name, its `model_type`, and what differs from the defaults that transformers
gives this type; where nothing does, the defaults are the model. Sources: `config.json` of each repository, the
technical reports of Falcon-H1 (arXiv:2507.22448), DeepSeek-V2 (2405.04434), Jamba 1.5 (2408.12570), Apertus
(2509.14233), LFM2 (2511.23404). `parameters` is what the owner states, in billions; what is built must be within a
tenth of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Row(NamedTuple):
    """One model: how its name is written, its kind, what its config says, and how large its owner says it is."""

    pattern: str
    kind: str
    parameters: float
    config: Mapping[str, Any] = {}


def _sizes(hidden: int, inner: int, layers: int, heads: int, kv_heads: int, vocab: int, **more: Any) -> dict[str, Any]:
    return {
        "hidden_size": hidden, "intermediate_size": inner, "num_hidden_layers": layers, "num_attention_heads": heads,
        "num_key_value_heads": kv_heads, "vocab_size": vocab, **more,
    }  # fmt: skip


def _falcon(state: int, heads: int, width: int, **more: Any) -> dict[str, Any]:
    return {
        "mamba_d_state": state, "mamba_n_heads": heads, "mamba_d_head": width, "mamba_d_ssm": heads * width,
        "mamba_n_groups": 1, **more,
    }  # fmt: skip


def _at(places: Sequence[int], layers: int, special: str, other: str) -> list[str]:
    return [special if index in places else other for index in range(layers)]


_GRANITE = {"mamba_d_state": 128, "mamba_n_groups": 1, "mamba_n_heads": 48, "mamba_d_head": 64, "mamba_expand": 2}
_GRANITE_LAYERS = _at((5, 15, 25, 35), 40, "attention", "mamba")
_LFM = _at((2, 5, 8, 10, 12, 14), 16, "full_attention", "conv")
_LFM_LONG = _at((2, 5, 9, 13, 17, 21, 24, 27), 30, "full_attention", "conv")
_LATENT = {"kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128}
_TIED = {"tie_word_embeddings": True}
_NEMOTRON = "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME"
_QWEN3_8B = _sizes(4096, 12288, 36, 32, 8, 151936, head_dim=128, tie_word_embeddings=False, model_type="qwen3")

ROWS: tuple[Row, ...] = (
    Row(r"llama-4-scout.*", "llama4_text", 108),
    Row(r"llama-4-maverick.*", "llama4_text", 400, {"num_local_experts": 128, "interleave_moe_layer_step": 2}),
    Row(r"ministral-3-3b", "ministral3", 3.4, _sizes(3072, 9216, 26, 32, 8, 131072, head_dim=128, **_TIED)),
    Row(r"ministral-3-8b", "ministral3", 8.4),
    Row(r"ministral-3-14b", "ministral3", 13.5, _sizes(5120, 16384, 40, 32, 8, 131072, head_dim=128)),
    Row(r"mistral-small-4(-119b)?", "mistral4", 119),
    Row(r"dbrx.*", "dbrx", 132, {
        "d_model": 6144, "n_heads": 48, "n_layers": 40, "max_seq_len": 32768, "vocab_size": 100352,
        "attn_config": {"kv_n_heads": 8, "rope_theta": 500000.0, "clip_qkv": 8},
        "ffn_config": {"ffn_hidden_size": 10752, "moe_num_experts": 16, "moe_top_k": 4},
    }),
    Row(r"glm-4\.7-flash", "glm4_moe_lite", 30),
    Row(r"glm-4\.6v-flash|glm-4\.1v-9b", "glm46v", 10.3),
    Row(r"glm-4\.5-air", "glm4_moe", 106),
    Row(r"glm-5(\.\d)?", "glm_moe_dsa", 744),
    Row(r"qwen1\.5-moe-a2\.7b", "qwen2_moe", 14.3),
    Row(r"qwen3-next-80b-a3b", "qwen3_next", 80),
    Row(r"qwen3\.5-0\.8b", "qwen3_5_text", 0.75,
         _sizes(1024, 3584, 24, 8, 2, 248320, **_TIED, linear_num_value_heads=16)),
    Row(r"qwen3\.5-2b", "qwen3_5_text", 1.9, _sizes(2048, 6144, 24, 8, 2, 248320, **_TIED, linear_num_value_heads=16)),
    Row(r"qwen3\.5-4b", "qwen3_5_text", 4.2, _sizes(2560, 9216, 32, 16, 4, 248320, **_TIED, linear_num_value_heads=32)),
    Row(r"qwen3\.5-9b", "qwen3_5_text", 9),
    Row(r"qwen3\.5-27b", "qwen3_5_text", 27, _sizes(5120, 17408, 64, 24, 4, 248320, linear_num_value_heads=48)),
    Row(r"qwen3\.5-35b-a3b", "qwen3_5_moe_text", 35),
    Row(r"qwen3\.5-122b-a10b", "qwen3_5_moe_text", 122, {
        "hidden_size": 3072, "num_hidden_layers": 48, "num_attention_heads": 32, "num_key_value_heads": 2,
        "moe_intermediate_size": 1024, "shared_expert_intermediate_size": 1024, "linear_num_value_heads": 64,
    }),
    Row(r"falcon-h1-0\.5b", "falcon_h1", 0.521,
         _sizes(1024, 2048, 36, 8, 2, 32784, head_dim=64, **_falcon(128, 24, 64))),
    Row(r"falcon-h1-1\.5b-deep", "falcon_h1", 1.55,
         _sizes(1280, 3072, 66, 6, 2, 65536, head_dim=128, **_falcon(256, 24, 64))),
    Row(r"falcon-h1-1\.5b", "falcon_h1", 1.55,
         _sizes(2048, 4608, 24, 8, 2, 65536, head_dim=128, **_falcon(256, 48, 64))),
    Row(r"falcon-h1-3b", "falcon_h1", 3.15,
         _sizes(2560, 6144, 32, 10, 2, 65536, head_dim=128, **_falcon(256, 32, 128))),
    Row(r"falcon-h1-7b", "falcon_h1", 7.59,
         _sizes(3072, 12288, 44, 12, 2, 130048, head_dim=128, **_falcon(256, 24, 128))),
    Row(r"falcon-h1-34b", "falcon_h1", 33.6,
         _sizes(5120, 21504, 72, 20, 4, 261120, head_dim=128, **_falcon(256, 32, 128, mamba_n_groups=2))),
    Row(r"falcon-mamba-7b", "falcon_mamba", 7.27, {
        "hidden_size": 4096, "num_hidden_layers": 64, "intermediate_size": 8192, "vocab_size": 65024, "state_size": 16,
        "time_step_rank": 256, "tie_word_embeddings": False,
    }),
    Row(r"gemma-3n-e2b", "gemma3n_text", 4.46,
         {"num_hidden_layers": 30, "intermediate_size": 8192, "num_kv_shared_layers": 10}),
    Row(r"gemma-3n-e4b", "gemma3n_text", 6.87),
    Row(r"gemma-4-e2b", "gemma4_text", 4.65,
         _sizes(1536, 6144, 35, 8, 1, 262144, num_kv_shared_layers=20, hidden_size_per_layer_input=256,
                use_double_wide_mlp=True)),
    Row(r"gemma-4-26b-a4b", "gemma4_text", 25.2, _sizes(
        2816, 2112, 30, 16, 8, 262144, enable_moe_block=True, num_experts=128, top_k_experts=8,
        moe_intermediate_size=704, hidden_size_per_layer_input=0, num_kv_shared_layers=0,
        attention_k_eq_v=True, num_global_key_value_heads=2)),
    Row(r"gemma-4-31b", "gemma4_text", 30.7, _sizes(
        5376, 21504, 60, 32, 16, 262144, hidden_size_per_layer_input=0, num_kv_shared_layers=0, attention_k_eq_v=True,
        num_global_key_value_heads=4)),
    Row(r"(ai21-)?jamba-(v0\.1|1\.5-mini|tiny-.*)", "jamba", 51.6),
    Row(r"(ai21-)?jamba-1\.5-large", "jamba", 398, _sizes(8192, 24576, 72, 64, 8, 65536)),
    Row(r"mamba-2\.8b.*", "mamba", 2.77,
         {"hidden_size": 2560, "num_hidden_layers": 64, "intermediate_size": 5120, "time_step_rank": 160}),
    Row(r"mamba-1\.4b.*", "mamba", 1.37,
         {"hidden_size": 2048, "num_hidden_layers": 48, "intermediate_size": 4096, "time_step_rank": 128}),
    Row(r"mamba-codestral-7b.*", "mamba2", 7.29),
    Row(r"lfm2-350m", "lfm2", 0.354, _sizes(1024, 6656, 16, 16, 8, 65536, layer_types=_LFM)),
    Row(r"lfm2-vl-450m", "lfm2", 0.354, _sizes(1024, 6656, 16, 16, 8, 65536, layer_types=_LFM)),
    Row(r"lfm2-700m", "lfm2", 0.742, _sizes(1536, 10240, 16, 24, 8, 65536, layer_types=_LFM)),
    Row(r"lfm2(\.5)?-1\.2b", "lfm2", 1.17, _sizes(2048, 12288, 16, 32, 8, 65536, layer_types=_LFM)),
    Row(r"lfm2-2\.6b", "lfm2", 2.57,
         _sizes(2048, 10752, 30, 32, 8, 65536, layer_types=_LFM_LONG, block_auto_adjust_ff_dim=False)),
    Row(r"lfm2-8b-a1b", "lfm2_moe", 8.3, _sizes(
        2048, 7168, 24, 32, 8, 65536, moe_intermediate_size=1792, num_experts=32, num_experts_per_tok=4,
        num_dense_layers=2, layer_types=_at((2, 6, 10, 14, 18, 21), 24, "full_attention", "conv"))),
    Row(r"apertus-8b", "apertus", 8.05, _sizes(4096, 21504, 32, 32, 8, 131072)),
    Row(r"apertus-70b", "apertus", 70.6, _sizes(8192, 43008, 80, 64, 8, 131072)),
    Row(r"deepseek-(coder-)?v2-lite", "deepseek_v2", 15.7, _sizes(
        2048, 10944, 27, 16, 16, 102400, moe_intermediate_size=1408, n_routed_experts=64, n_shared_experts=2,
        num_experts_per_tok=6, first_k_dense_replace=1, q_lora_rank=None, **_LATENT)),
    Row(r"deepseek-(coder-)?v2(\.5)?", "deepseek_v2", 236, _sizes(
        5120, 12288, 60, 128, 128, 102400, moe_intermediate_size=1536, n_routed_experts=160, n_shared_experts=2,
        num_experts_per_tok=6, first_k_dense_replace=1, q_lora_rank=1536, **_LATENT)),
    Row(r"deepseek-(v3|r1)(\.1)?(-(base|zero|0528|0324))?", "deepseek_v3", 671),
    Row(r"deepseek-v4-flash", "deepseek_v4", 284),
    Row(r"granite-4\.0-tiny", "granitemoehybrid", 6.67, _sizes(
        1536, 512, 40, 12, 4, 49160, shared_intermediate_size=1024, num_local_experts=62, num_experts_per_tok=6,
        layer_types=_GRANITE_LAYERS, **_GRANITE, **_TIED)),
    Row(r"granite-4\.0-h-tiny", "granitemoehybrid", 6.94, _sizes(
        1536, 512, 40, 12, 4, 100352, shared_intermediate_size=1024, num_local_experts=64, num_experts_per_tok=6,
        layer_types=_GRANITE_LAYERS, **_GRANITE, **_TIED)),
    Row(r"granite-4\.0-h-1b", "granitemoehybrid", 1.46, _sizes(
        1536, 4096, 40, 12, 4, 100352, shared_intermediate_size=4096, num_local_experts=0, num_experts_per_tok=0,
        layer_types=_GRANITE_LAYERS, **_GRANITE, **_TIED)),
    Row(r"granite-4\.0-h-small", "granitemoehybrid", 32.2, _sizes(
        4096, 768, 40, 32, 8, 100352, shared_intermediate_size=1536, num_local_experts=72, num_experts_per_tok=10,
        layer_types=_GRANITE_LAYERS, **{**_GRANITE, "mamba_n_heads": 128}, **_TIED)),
    Row(r"hunyuan-0\.5b", "hunyuan_v1_dense", 0.54, _sizes(1024, 3584, 24, 16, 8, 120818, head_dim=128, **_TIED)),
    Row(r"hunyuan-1\.8b", "hunyuan_v1_dense", 1.79, _sizes(2048, 6144, 32, 16, 4, 120818, head_dim=128, **_TIED)),
    Row(r"hunyuan-4b", "hunyuan_v1_dense", 4.0, _sizes(3072, 8192, 36, 32, 8, 120818, head_dim=128, **_TIED)),
    Row(r"hunyuan-7b", "hunyuan_v1_dense", 7.5, _sizes(4096, 14336, 32, 32, 8, 128167, head_dim=128, **_TIED)),
    Row(r"internvl3_5-8b.*", "internvl", 8.5, {"text_config": _QWEN3_8B}),
    Row(r"minimax-m2(\.\d)?", "minimax_m2", 229),
    Row(r"(nvidia-)?nemotron-3-nano-30b-a3b", "nemotron_h", 31.6, _sizes(
        2688, 1856, 52, 32, 2, 131072, head_dim=128, hybrid_override_pattern=_NEMOTRON, mamba_num_heads=64,
        mamba_head_dim=64, ssm_state_size=128, n_groups=8, n_routed_experts=128, num_experts_per_tok=6,
        moe_intermediate_size=1856, moe_shared_expert_intermediate_size=3712, n_shared_experts=1)),
    Row(r"nemotron-mini-4b", "nemotron", 4.19, _sizes(3072, 9216, 32, 24, 8, 256000, head_dim=128)),
    Row(r"trinity-nano", "afmoe", 6.1, _sizes(
        1024, 3072, 56, 8, 2, 200192, head_dim=128, moe_intermediate_size=256, num_experts=128, num_experts_per_tok=8,
        num_shared_experts=1, num_dense_layers=2)),
    Row(r"afm-4\.5b", "arcee", 4.6, _sizes(2560, 18432, 36, 20, 4, 128004, head_dim=128)),
    Row(r"(c4ai-)?command-r7b", "cohere2", 8.0, _sizes(4096, 14336, 32, 32, 8, 256000)),
    Row(r"(c4ai-)?command-a", "cohere2", 111, _sizes(12288, 36864, 64, 96, 8, 256000)),
    Row(r"(c4ai-)?command-r-plus", "cohere", 104, _sizes(12288, 33792, 64, 96, 8, 256000)),
    Row(r"(c4ai-)?command-r(-v01)?", "cohere", 35, _sizes(8192, 22528, 40, 64, 64, 256000)),
    Row(r"olmo-3-7b", "olmo3", 7.3, _sizes(4096, 11008, 32, 32, 32, 100278)),
    Row(r"olmo-3(\.1)?-32b", "olmo3", 32.2, _sizes(5120, 27648, 64, 40, 8, 100278)),
    Row(r"olmoe-1b-7b.*", "olmoe", 6.9, {"intermediate_size": 1024}),
    Row(r"smolvlm2?-2\.2b|smolvlm", "llama", 1.71, _sizes(2048, 8192, 24, 32, 32, 49280, **_TIED)),
    Row(r"phi-3\.5-moe", "phimoe", 41.9,
         _sizes(4096, 6400, 32, 32, 8, 32064, num_local_experts=16, num_experts_per_tok=2)),
    Row(r"bitnet-b1\.58-2b-4t.*", "bitnet", 2.4, _TIED),
)  # fmt: skip
