"""The sizes of the base models that are used most, so that nothing is downloaded to plan with them.

A row is what `config.json` on the hub says. A model is found by its own name, not by its owner's: mirrors
(`unsloth/…`, `NousResearch/…`) hold the same weights. Sources: `config.json` of each repository; the technical
reports of Qwen2.5 (arXiv:2412.15115), Qwen3 (2505.09388), Llama 3 (2407.21783), Gemma 2 (2408.00118), Gemma 3
(2503.19786), Phi-4 (2412.08905), SmolLM2 (2502.02737), Mixtral (2401.04088), gpt-oss (2508.10925), OLMo 2 (2501.00656),
Pythia (2304.01373), OPT (2205.01068), StarCoder 2 (2402.19173). Of a multimodal model the row is its decoder. What is
in no row is guessed from the size that its name states, and said to be a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_COLUMNS = (
    "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
    "vocab_size", "max_position_embeddings", "tie_word_embeddings", "num_local_experts", "num_experts_per_tok",
)  # fmt: skip
_TABLE = """
qwen2    qwen(2|2\\.5)-(coder-)?0\\.5b                     896  4864 24 14  2  64 151936  32768 1
qwen2    (qwen(2|2\\.5)-(coder-|math-)?|r1-distill-qwen-)1\\.5b  1536  8960 28 12  2 128 151936  32768 1
qwen2    qwen2\\.5-(coder-)?3b                            2048 11008 36 16  2 128 151936  32768 1
qwen2    (qwen(2|2\\.5)-(coder-|math-)?|r1-distill-qwen-)7b      3584 18944 28 28  4 128 152064  32768 0
qwen2    (qwen2\\.5-(coder-)?|r1-distill-qwen-)14b        5120 13824 48 40  8 128 152064  32768 0
qwen2    (qwen2\\.5-(coder-)?|r1-distill-qwen-|qwq-)32b   5120 27648 64 40  8 128 152064  32768 0
qwen2    qwen(2|2\\.5)-(math-)?72b                        8192 29568 80 64  8 128 152064  32768 0
qwen3    qwen3-0\\.6b                                     1024  3072 28 16  8 128 151936  40960 1
qwen3    qwen3-1\\.7b                                     2048  6144 28 16  8 128 151936  40960 1
qwen3    qwen3-4b                                        2560  9728 36 32  8 128 151936  40960 1
qwen3    qwen3-8b                                        4096 12288 36 32  8 128 151936  40960 0
qwen3    qwen3-14b                                       5120 17408 40 40  8 128 151936  40960 0
qwen3    qwen3-32b                                       5120 25600 64 64  8 128 151936  40960 0
qwen3_moe qwen3-(coder-)?30b-a3b                         2048   768 48 32  4 128 151936  40960 0 128 8
qwen3_moe qwen3-235b-a22b                                4096  1536 94 64  4 128 151936  40960 0 128 8
llama    (llama-?(2-)?7b|code-?llama-7b|vicuna-7b)       4096 11008 32 32 32 128  32000   4096 0
llama    (llama-?(2-)?13b|code-?llama-13b|vicuna-13b)    5120 13824 40 40 40 128  32000   4096 0
llama    code-?llama-34b                                 8192 22016 48 64  8 128  32000  16384 0
llama    llama-?2-70b                                    8192 28672 80 64  8 128  32000   4096 0
llama    (llama-?3(\\.1)?(-[a-z][a-z0-9.]*){0,2}|r1-distill-llama)-8b  4096 14336 32 32  8 128 128256 131072 0
llama    (llama-3(\\.[13])?|r1-distill-llama)-70b         8192 28672 80 64  8 128 128256 131072 0
llama    llama-3\\.2-1b                                   2048  8192 16 32  8  64 128256 131072 1
llama    llama-3\\.2-3b                                   3072  8192 28 24  8 128 128256 131072 1
llama    tinyllama[-_]?(1\\.1b|v1\\.1)                     2048  5632 22 32  4  64  32000   2048 0
llama    open_llama_3b                                   3200  8640 26 32 32 100  32000   2048 0
llama    smollm2?-135m                                    576  1536 30  9  3  64  49152   8192 1
llama    smollm2?-360m                                    960  2560 32 15  5  64  49152   8192 1
llama    smollm2?-1\\.7b                                  2048  8192 24 32 32  64  49152   8192 1
llama    deepseek-coder-1\\.3b                            2048  5504 24 16 16 128  32256  16384 0
llama    deepseek-coder-6\\.7b                            4096 11008 32 32 32 128  32256  16384 0
llama    deepseek-coder-33b                              7168 19200 62 56  8 128  32256  16384 0
llama    yi-(1\\.5-)?6b                                   4096 11008 32 32  4 128  64000   4096 0
llama    yi-(1\\.5-)?34b                                  7168 20480 60 56  8 128  64000   4096 0
smollm3  smollm3-3b                                      2048 11008 36 16  4 128 128256  65536 1
mistral  mistral-7b-(instruct-)?v0\\.3                    4096 14336 32 32  8 128  32768  32768 0
mistral  (mistral-7b|zephyr-7b)                          4096 14336 32 32  8 128  32000  32768 0
mistral  mistral-nemo                                    5120 14336 40 32  8 128 131072 131072 0
mistral  (mistral|magistral|devstral)-small              5120 32768 40 32  8 128 131072  32768 0
mixtral  mixtral-8x7b                                    4096 14336 32 32  8 128  32000  32768 0 8 2
mixtral  mixtral-8x22b                                   6144 16384 56 48  8 128  32768  65536 0 8 2
gemma    gemma-2b                                        2048 16384 18  8  1 256 256000   8192 1
gemma    gemma-7b                                        3072 24576 28 16 16 256 256000   8192 1
gemma2   gemma-2-2b                                      2304  9216 26  8  4 256 256000   8192 1
gemma2   gemma-2-9b                                      3584 14336 42 16  8 256 256000   8192 1
gemma2   gemma-2-27b                                     4608 36864 46 32 16 128 256000   8192 1
gemma3_text gemma-3-270m                                  640  2048 18  4  1 256 262144  32768 1
gemma3_text gemma-3-1b                                   1152  6912 26  4  1 256 262144  32768 1
gemma3_text gemma-3-4b                                   2560 10240 34  8  4 256 262208 131072 1
gemma3_text gemma-3-12b                                  3840 15360 48 16  8 256 262208 131072 1
gemma3_text gemma-3-27b                                  5376 21504 62 32 16 128 262208 131072 1
phi3     phi-3(\\.5)?-mini                                3072  8192 32 32 32  96  32064 131072 0
phi3     phi-3-medium                                    5120 17920 40 40 10 128  32064 131072 0
phi3     phi-4-mini                                      3072  8192 32 24  8 128 200064 131072 1
phi3     phi-4(?!-m)                                     5120 17920 40 40 10 128 100352  16384 0
phi      phi-2                                           2560 10240 32 32 32  80  51200   2048 0
phi      phi-1[_.]5                                      2048  8192 24 32 32  64  51200   2048 0
gpt_neox pythia-1\\.4b                                    2048  8192 24 16 16 128  50304   2048 0
gpt_neox pythia-12b                                      5120 20480 36 40 40 128  50688   2048 0
qwen2    qwen1\\.5-0\\.5b                                1024  2816 24 16 16  64 151936  32768 1
qwen2    qwen1\\.5-1\\.8b                                2048  5504 24 16 16 128 151936  32768 0
qwen2    qwen1\\.5-4b                                   2560  6912 40 20 20 128 151936  32768 0
qwen2    qwen(1\\.5)?-7b                                4096 11008 32 32 32 128 151936  32768 0
qwen2    qwen1\\.5-14b                                  5120 13696 40 40 40 128 152064  32768 0
qwen2    deepcoder-14b                                  5120 13824 48 40  8 128 152064 131072 0
qwen2    cogito-v1-preview-qwen-14b                     5120 13824 48 40  8 128 152064 131072 0
qwen2    qwen2-vl-2b                                    1536  8960 28 12  2 128 151936  32768 1
qwen2    qwen2\\.5-vl-3b                                2048 11008 36 16  2 128 151936 128000 1
qwen2    qwen(2|2\\.5)-vl-7b                            3584 18944 28 28  4 128 152064  32768 0
qwen2    qwen(2|2\\.5)-vl-72b                           8192 29568 80 64  8 128 152064  32768 0
llama    llama-30b                                      6656 17920 60 52 52 128  32000   2048 0
llama    llama-65b                                      8192 22016 80 64 64 128  32000   2048 0
llama    (open_llama_7b(_v2)?|xgen-7b|vigogne-2-7b|taiwan-llm-7b)  4096 11008 32 32 32 128  32000   2048 0
llama    open_llama_13b                                 5120 13824 40 40 40 128  32000   2048 0
llama    llava-(v?1\\.5|1\\.6-vicuna)-7b                4096 11008 32 32 32 128  32064   4096 0
llama    llava-(v?1\\.5|1\\.6-vicuna)-13b               5120 13824 40 40 40 128  32064   4096 0
llama    code-?llama-70b                                8192 28672 80 64  8 128  32016   4096 0
llama    llama-3\\.1-405b                              16384 53248 126 128 8 128 128256 131072 0
llama    llama-3\\.2-11b-vision                         4096 14336 40 32  8 128 128256 131072 0
llama    (orpheus-3b|cogito-v1-preview-llama-3b)        3072  8192 28 24  8 128 128256 131072 1
llama    solar-10\\.7b                                  4096 14336 48 32  8 128  32000   4096 0
llama    deepseek-(llm|math)-7b                         4096 11008 30 32 32 128 102400   4096 0
llama    yi-1\\.5-9b                                    4096 11008 48 32  4 128  64000   4096 0
llama    falcon3-3b                                     3072  9216 22 12  4 256 131072  32768 0
llama    falcon3-7b                                     3072 23040 28 12  4 256 131072  32768 0
llama    falcon3-10b                                    3072 23040 40 12  4 256 131072  32768 0
mistral  codestral-22b                                  6144 16384 56 48  8 128  32768  32768 0
mistral  pixtral-12b                                    5120 14336 40 32  8 128 131072 131072 0
mistral  ministral-8b                                   4096 12288 36 32  8 128 131072  32768 0
mistral  mistral-large                                 12288 28672 88 96  8 128  32768 131072 0
mistral  voxtral-mini-3b                                3072  8192 30 32  8 128 131072 131072 1
seed_oss seed-oss-36b                                   5120 27648 64 80  8 128 155136 524288 0
granite  granite-3\\.[0-3]-2b                           2048  8192 40 32  8  64  49155 131072 1
granite  granite-3\\.[0-3]-8b                           4096 12800 40 32  8 128  49155 131072 1
olmo2    olmo-2-1124-7b                                 4096 11008 32 32 32 128 100352   4096 0
olmo2    olmo-2-1124-13b                                5120 13824 40 40 40 128 100352   4096 0
cohere   aya-(23|expanse)-8b                            4096 14336 32 32  8 128 256000   8192 1
stablelm stablelm-3b-4e1t                               2560  6912 32 32 32  80  50304   4096 0
stablelm stablelm-2-1_6b                                2048  5632 24 32 32  64 100352   4096 0
glm      glm-4-9b                                       4096 13696 40 32  2 128 151552 131072 0
glm4     glm-4-32b                                      6144 23040 61 48  2 128 151552  32768 0
gpt_oss  gpt-oss-(safeguard-)?20b                       2880  2880 24 64  8  64 201088 131072 0 32 4
gpt_oss  gpt-oss-(safeguard-)?120b                      2880  2880 36 64  8  64 201088 131072 0 128 4
gemma    codegemma-2b                                   2048 16384 18  8  1 256 256000   8192 1
gemma    codegemma-7b                                   3072 24576 28 16 16 256 256000   8192 1
gemma3_text medgemma-4b                                 2560 10240 34  8  4 256 262208 131072 1
llama    llama-3\\.1-supernova-lite                     4096 14336 32 32  8 128 128256 131072 0
qwen2    mimo-7b                                        4096 11008 36 32  8 128 151680  32768 0
mpt      replit-code-v1(_5)?-3b                         2560 10240 32 32 32  80  32768   2048 1
gpt2     dialogpt-medium                                1024  4096 24 16 16  64  50257   1024 1
gpt2     gpt2-medium                                    1024  4096 24 16 16  64  50257   1024 1
gpt2     gpt2-large                                     1280  5120 36 20 20  64  50257   1024 1
gpt2     gpt2-xl                                        1600  6400 48 25 25  64  50257   1024 1
gpt2     gpt2                                            768  3072 12 12 12  64  50257   1024 1
gpt2     cerebras-gpt-1\\.3b                            2048  8192 24 16 16 128  50257   2048 1
gptj     gpt-j-6b                                       4096 16384 28 16 16 256  50400   2048 0
starcoder2 starcoder2-3b                                3072 12288 30 24  2 128  49152  16384 1
starcoder2 starcoder2-7b                                4608 18432 32 36  4 128  49152  16384 1
mpt      mpt-7b                                         4096 16384 32 32 32 128  50432   2048 1
opt      opt-125m                                        768  3072 12 12 12  64  50272   2048 1
opt      opt-1\\.3b                                     2048  8192 24 32 32  64  50272   2048 1
opt      opt-2\\.7b                                     2560 10240 32 32 32  80  50272   2048 1
opt      opt-6\\.7b                                     4096 16384 32 32 32 128  50272   2048 1
bloom    bloomz?-560m                                   1024  4096 24 16 16  64 250880   2048 1
bloom    bloomz?-7b1                                    4096 16384 30 32 32 128 250880   2048 1
gpt_neox pythia-70m                                      512  2048  6  8  8  64  50304   2048 0
gpt_neox pythia-160m                                     768  3072 12 12 12  64  50304   2048 0
gpt_neox pythia-410m                                    1024  4096 24 16 16  64  50304   2048 0
gpt_neox pythia-1b                                      2048  8192 16  8  8 256  50304   2048 0
gpt_neox pythia-2\\.8b                                  2560 10240 32 32 32  80  50304   2048 0
gpt_neox pythia-6\\.9b                                  4096 16384 32 32 32 128  50432   2048 0
gpt_neox gpt-neox-20b                                   6144 24576 44 64 64  96  50432   2048 0
gpt_neox redpajama-incite-([a-z]+-)?3b                  2560 10240 32 32 32  80  50432   2048 0
falcon   falcon-7b                                       4544 18176 32 71  1  64  65024   2048 1
"""
_SIZES = (  # of families whose names do not say their size: billions, and those that a token passes through
    ("dbrx", 132, 36), ("jamba-1.5-large", 398, 94), ("jamba", 52, 12), ("deepseek-v2-lite", 15.7, 2.4),
    ("deepseek-v2", 236, 21), ("deepseek-(v3|r1)(?!-distill)", 671, 37), ("minimax-m2", 230, 10),
    ("phi-3-small", 7.4, 7.4),
    ("gpt2-xl", 1.56, 1.56), ("gpt2", 0.124, 0.124), ("glm-4.7-flash", 30, 3), ("glm-4.6v-flash", 9, 9),
    ("glm-4.5-air", 106, 12), ("llama-4-scout", 109, 17), ("llama-4-maverick", 400, 17), ("paddleocr-vl", 0.9, 0.9),
    ("granite-4.0-tiny", 7, 1), ("trinity-nano", 6, 1), ("mistral-large", 123, 123), ("command-r-plus", 104, 104),
    ("command-r", 35, 35), ("deepseek-v4-flash", 284, 13),
)  # fmt: skip
_SIZE = re.compile(r"(?<![a-z0-9.])(?:[ea])?(\d+(?:\.\d+)?)([bm])(?![a-z0-9])")
_MIXED = re.compile(r"(\d+)x(\d+(?:\.\d+)?)b")
_ACTIVE = re.compile(r"(?<![a-z0-9])a(\d+(?:\.\d+)?)b(?![a-z0-9])")


def _rows() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    found = []
    for line in _TABLE.strip().splitlines():
        kind, pattern, *numbers = line.split()
        row = dict(zip(_COLUMNS, map(int, numbers), strict=False))
        row["tie_word_embeddings"] = bool(row["tie_word_embeddings"])
        whole = re.compile(rf"(?:^|.*[-_])(?:{pattern})(?:$|[-_.].*)")
        found.append((whole, {"model_type": kind, **row}))
    return found


ROWS = _rows()
_OTHER = re.compile(r"moe|vl(?![a-z])|vision|audio|omni|next|multimodal|3n")


def known_config(name: str) -> Mapping[str, Any] | None:
    """Return what `config.json` of a model says, by its own name; None where it is in no row."""
    names = spellings(name)
    plain = names[0]
    other = _OTHER.search(plain) is not None
    for pattern, row in ROWS:
        if other and not _OTHER.search(pattern.pattern):  # of a multimodal model the row is its decoder
            continue
        if any(map(pattern.fullmatch, names)) and bool(_ACTIVE.search(plain)) == bool(row["model_type"] == "qwen3_moe"):
            return row
    return None


def stated_size(name: str) -> tuple[float, float] | None:
    """Return the parameters that a model's name states: all, and those that a token passes through."""
    plain = own_name(name)
    for pattern, all_of_it, active in _SIZES:
        if re.search(pattern, plain):
            return all_of_it * 1e9, active * 1e9
    if mixed := _MIXED.search(plain):
        experts, each = float(mixed.group(1)), float(mixed.group(2))
        return 0.83 * experts * each * 1e9, 2 * each * 0.92 * 1e9  # attention is shared: Mixtral 46.7 of 56
    dotted = re.sub(r"(?<=-)(\d)_(\d)b", r"\1.\2b", plain)  # stablelm-2-1_6b
    sizes = [float(number) * (1e9 if unit == "b" else 1e6) for number, unit in _SIZE.findall(dotted)]
    if not sizes:
        return None
    active_size = _ACTIVE.search(plain)
    return max(sizes), float(active_size.group(1)) * 1e9 if active_size else max(sizes)


def spellings(name: str) -> tuple[str, str]:
    """Return the own name of a model as it is, and with dashes for underscores."""
    plain = own_name(name)
    return plain, plain.replace("_", "-")


def own_name(name: str) -> str:
    """Return the last part of a path or hub id, in lower case."""
    return name.rstrip("/").rpartition("/")[2].lower()
