"""Chat formats of thirty model families, each as a compact template of our own that writes what the family's public
template writes for a system prompt, requests and answers (no tools, no pictures).

The formats are those that the model cards document; the templates were written for these tests and copy none.
"""

# ruff: noqa: E501  (tables: a row stays on its line)
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Family:
    """One family.

    Attributes:
        name: Family and version.
        template: Jinja source.
        eos: The tokenizer's end token.
        controls: Control tokens besides it.
        end: The token that has to end the answer.
        style: What else has to be found: fields of `Style`.
        bos: The tokenizer's first token.
    """

    name: str
    template: str
    eos: str
    controls: tuple[str, ...]
    end: str
    style: dict[str, Any] = field(default_factory=dict)
    bos: str = "<s>"


def _chatml(default: str = "", think: str = "", last: str = "\n", prompt: str = "") -> str:
    """The ChatML family; `think` stands before the last answer, `prompt` after the opening of the assistant."""
    start = (
        "{% if messages[0].role != 'system' %}<|im_start|>system\n" + default + "<|im_end|>\n{% endif %}"
        if default
        else ""
    )
    answer = "{% if m.role == 'assistant' and loop.last %}" + think + "{% endif %}" if think else ""
    return (
        start
        + "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}"
        + answer
        + "{{ m.content + '<|im_end|>' }}{{ '"
        + last.replace("\n", "\\n")
        + "' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}"
        + prompt
        + "{% endif %}"
    )


_EMPTY_THINK = "{{ '<think>\\n\\n</think>\\n\\n' }}"
_OFF = "{% if enable_thinking is defined and not enable_thinking %}" + _EMPTY_THINK
IM = ("<|im_start|>", "<|endoftext|>")

LLAMA3 = (
    "{{ bos_token }}{% for m in messages %}{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\\n\\n' + "
    "m.content | trim + '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
LLAMA2 = (
    "{% if messages[0].role == 'system' %}{% set s = '<<SYS>>\\n' + messages[0].content + '\\n<</SYS>>\\n\\n' %}"
    "{% set rest = messages[1:] %}{% else %}{% set s = '' %}{% set rest = messages %}{% endif %}"
    "{% for m in rest %}{% if m.role == 'user' %}{{ bos_token + '[INST] ' + (s if loop.first else '') + m.content + "
    "' [/INST]' }}{% else %}{{ ' ' + m.content + ' ' + eos_token }}{% endif %}{% endfor %}"
)
MISTRAL_V3 = (
    "{% if messages[0].role == 'system' %}{% set s = messages[0].content %}{% set rest = messages[1:] %}"
    "{% else %}{% set rest = messages %}{% endif %}{{ bos_token }}{% for m in rest %}{% if m.role == 'user' %}"
    "{% if loop.last and s is defined %}{{ '[INST]' + gap + s + '\\n\\n' + m.content + '[/INST]' }}"
    "{% else %}{{ '[INST]' + gap + m.content + '[/INST]' }}{% endif %}"
    "{% else %}{{ gap + m.content + eos_token }}{% endif %}{% endfor %}"
)
MISTRAL_V1 = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}"
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}"
    "{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}"
)
MISTRAL_V7 = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ '[SYSTEM_PROMPT]' + m.content + "
    "'[/SYSTEM_PROMPT]' }}{% elif m.role == 'user' %}{{ '[INST]' + m.content + '[/INST]' }}"
    "{% else %}{{ m.content + eos_token }}{% endif %}{% endfor %}"
)
GEMMA2 = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}{% set r = 'model' if m.role == 'assistant' else m.role %}"
    "{{ '<start_of_turn>' + r + '\\n' + m.content | trim + '<end_of_turn>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}"
)
GEMMA3 = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{% set head = messages[0].content + '\\n\\n' %}"
    "{% set rest = messages[1:] %}{% else %}{% set head = '' %}{% set rest = messages %}{% endif %}"
    "{% for m in rest %}{% set r = 'model' if m.role == 'assistant' else m.role %}"
    "{{ '<start_of_turn>' + r + '\\n' + (head if loop.first else '') + m.content | trim + '<end_of_turn>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}"
)
PHI3 = (
    "{% for m in messages %}{{ '<|' + m.role + '|>\\n' + m.content + '<|end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}"
)
PHI3_FIRST = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '<|user|>\\n' + m.content + "
    "'<|end|>\\n<|assistant|>\\n' }}{% elif m.role == 'assistant' %}{{ m.content + '<|end|>\\n' }}{% endif %}{% endfor %}"
)
PHI4 = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '<|im_sep|>' + m.content + '<|im_end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %}"
)
PHI4_MINI = (
    "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% else %}{{ eos_token }}{% endif %}"
)
_GLM = (
    "{{ '[gMASK]<sop>' }}{% for m in messages %}{% if m.role == 'system' %}{{ '<|system|>\n' + m.content }}"
    "{% elif m.role == 'user' %}{{ '<|user|>\n' + m.content }}{% else %}{{ '<|assistant|>\nTHINK' + m.content }}"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}"
)
GLM4 = _GLM.replace("THINK", "") + "{{ '<|assistant|>\n' }}{% endif %}"
GLM45 = (
    _GLM.replace("THINK", "<think></think>\n")
    + "{{ '<|assistant|>' }}{{ '\n<think></think>' if enable_thinking is defined and not enable_thinking }}{% endif %}"
)
GPT_OSS = (
    "{{ '<|start|>system<|message|>You are a model.\\n\\nReasoning: ' + (reasoning_effort or 'medium') + '<|end|>' }}"
    "{% for m in messages %}{% if m.role == 'system' %}{{ '<|start|>developer<|message|># Instructions\\n\\n' + m.content "
    "+ '\\n\\n<|end|>' }}{% elif m.role == 'user' %}{{ '<|start|>user<|message|>' + m.content + '<|end|>' }}"
    "{% elif loop.last and not add_generation_prompt %}{{ '<|start|>assistant<|channel|>final<|message|>' + m.content + "
    "'<|return|>' }}{% else %}{{ '<|start|>assistant<|channel|>final<|message|>' + m.content + '<|end|>' }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|start|>assistant' }}{% endif %}"
)
DEEPSEEK_V3 = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}{% elif m.role == 'user' %}"
    "{{ '<|User|>' + m.content }}{% else %}{{ '<|Assistant|>' + m.content + eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|Assistant|>' }}{% endif %}"
)
DEEPSEEK_R1 = DEEPSEEK_V3.replace("m.content + eos_token", "m.content.split('</think>')[-1] + eos_token").replace(
    "{{ '<|Assistant|>' }}{% endif", "{{ '<|Assistant|><think>\\n' }}{% endif"
)
DEEPSEEK_V31 = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}{% elif m.role == 'user' %}"
    "{{ '<|User|>' + m.content }}{% else %}{{ '<|Assistant|></think>' + m.content + eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|Assistant|>' }}{{ '<think>' if thinking else '</think>' }}{% endif %}"
)
COMMAND_R = (
    "{{ bos_token }}{% for m in messages %}{% set r = {'system': 'SYSTEM', 'user': 'USER', 'assistant': 'CHATBOT'}[m.role]"
    " %}{{ '<|START_OF_TURN_TOKEN|><|' + r + '_TOKEN|>' + m.content | trim + '<|END_OF_TURN_TOKEN|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' }}{% endif %}"
)
ZEPHYR = (
    "{% for m in messages %}{{ '<|' + m.role + '|>\\n' + m.content + eos_token + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
)
VICUNA = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ m.content + ' ' }}{% elif m.role == 'user' %}"
    "{{ 'USER: ' + m.content + ' ' }}{% else %}{{ 'ASSISTANT: ' + m.content + eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
OLMO2 = (
    "{{ bos_token }}{% for m in messages %}{{ '<|' + m.role + '|>\\n' + m.content }}"
    "{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}{% if not loop.last %}{{ '\\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '\\n<|assistant|>\\n' }}{% endif %}"
)
GRANITE = (
    "{% for m in messages %}{{ '<|start_of_role|>' + m.role + '<|end_of_role|>' + m.content + '<|end_of_text|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|start_of_role|>assistant<|end_of_role|>' }}{% endif %}"
)
EXAONE = (
    "{% for m in messages %}{% if m.role == 'user' %}{{ '[|user|]' + m.content + '\\n' }}{% else %}"
    "{{ '[|' + m.role + '|]' + m.content + '[|endofturn|]\\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '[|assistant|]' }}{% endif %}"
)
FALCON3 = (
    "{% for m in messages %}{{ '<|' + m.role + '|>\\n' + m.content }}{% if m.role == 'assistant' %}{{ eos_token }}"
    "{% endif %}{{ '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
)
DEEPSEEK_CODER = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}{% elif m.role == 'user' %}"
    "{{ '### Instruction:\\n' + m.content + '\\n' }}{% else %}{{ '### Response:\\n' + m.content + '\\n<|EOT|>\\n' }}"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '### Response:\\n' }}{% endif %}"
)
LLAMA4 = (
    LLAMA3.replace("start_header_id", "header_start").replace("end_header_id", "header_end").replace("eot_id", "eot")
)
HUNYUAN = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content + '<|extra_4|>' }}"
    "{% elif m.role == 'user' %}{{ m.content + '<|extra_0|>' }}{% else %}{{ m.content + '<|eos|>' }}{% endif %}{% endfor %}"
)
R1_CONTROLS = ("<|User|>", "<|Assistant|>")
PHI = ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
INST = ("[INST]", "[/INST]")
GLM = ("[gMASK]", "<sop>", "<|system|>", "<|user|>", "<|assistant|>")

FAMILIES = [
    Family("qwen2.5", _chatml("You are a helpful assistant."), "<|im_end|>", IM, "<|im_end|>"),
    Family("qwen3-hybrid", _chatml("", _EMPTY_THINK, prompt=_OFF + "{% endif %}"), "<|im_end|>", IM, "<|im_end|>",
           {"arguments": {"enable_thinking": False}}),
    Family("qwen3-instruct", _chatml(), "<|im_end|>", IM, "<|im_end|>"),
    Family("qwen3-thinking", _chatml(think=_EMPTY_THINK, prompt="{{ '<think>\\n' }}"), "<|im_end|>", IM, "<|im_end|>",
           {"cut": "", "prefix": "\n</think>\n\n"}),
    Family("qwen3.5", _chatml("", _EMPTY_THINK, prompt=_OFF + "{% else %}{{ '<think>\\n' }}{% endif %}"), "<|im_end|>", IM,
           "<|im_end|>", {"arguments": {"enable_thinking": False}}),
    Family("smollm2", _chatml("You are a helpful AI assistant."), "<|im_end|>", IM, "<|im_end|>"),
    Family("internlm2.5", "{{ bos_token }}" + _chatml(), "</s>", (*IM, "<|im_end|>"), "<|im_end|>"),
    Family("yi-1.5", _chatml(), "<|im_end|>", IM, "<|im_end|>"),
    Family("llama-2", LLAMA2, "</s>", (), "</s>", {"blank": " "}),
    Family("llama-3.1", LLAMA3, "<|eot_id|>", ("<|start_header_id|>", "<|end_header_id|>"), "<|eot_id|>"),
    Family("llama-4", LLAMA4, "<|eot|>", ("<|header_start|>", "<|header_end|>"), "<|eot|>"),
    Family("mistral-v0.1", MISTRAL_V1, "</s>", INST, "</s>", {"fold_system": True, "blank": " "}),
    Family("mistral-v0.3", MISTRAL_V3.replace("gap", "' '"), "</s>", INST, "</s>", {"fold_system": True, "blank": " "}),
    Family("mistral-nemo", MISTRAL_V3.replace("gap", "''"), "</s>", INST, "</s>", {"fold_system": True}),
    Family("mistral-small", MISTRAL_V7, "</s>", (*INST, "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"), "</s>"),
    Family("gemma-2", GEMMA2, "<eos>", ("<start_of_turn>", "<end_of_turn>"), "<end_of_turn>", {"fold_system": True}, "<bos>"),
    Family("gemma-3", GEMMA3, "<eos>", ("<start_of_turn>", "<end_of_turn>"), "<end_of_turn>", bos="<bos>"),
    Family("phi-3", PHI3_FIRST, "<|endoftext|>", PHI, "<|end|>", {"fold_system": True}),
    Family("phi-3.5", PHI3, "<|endoftext|>", PHI, "<|end|>"),
    Family("phi-4", PHI4, "<|im_end|>", ("<|im_start|>", "<|im_sep|>"), "<|im_end|>"),
    Family("phi-4-mini", PHI4_MINI, "<|endoftext|>", PHI, "<|end|>"),
    Family("glm-4", GLM4, "<|endoftext|>", GLM, "<|user|>", {"next_turn": True}),
    Family("glm-4.5", GLM45, "<|endoftext|>", GLM, "<|user|>",
           {"next_turn": True, "arguments": {"enable_thinking": False}, "prefix": "\n"}),
    Family("gpt-oss", GPT_OSS, "<|return|>", ("<|start|>", "<|channel|>", "<|message|>", "<|end|>"), "<|return|>",
           {"prefix": "<|channel|>final<|message|>"}),
    Family("deepseek-v3", DEEPSEEK_V3, "<|end_of_sentence|>", R1_CONTROLS, "<|end_of_sentence|>"),
    Family("deepseek-r1", DEEPSEEK_R1, "<|end_of_sentence|>", R1_CONTROLS, "<|end_of_sentence|>", {"cut": "<think>\n"}),
    Family("deepseek-v3.1", DEEPSEEK_V31, "<|end_of_sentence|>", R1_CONTROLS, "<|end_of_sentence|>"),
    Family("deepseek-coder", DEEPSEEK_CODER, "<|EOT|>", (), "<|EOT|>"),
    Family("command-r", COMMAND_R, "<|END_OF_TURN_TOKEN|>",
           ("<|START_OF_TURN_TOKEN|>", "<|SYSTEM_TOKEN|>", "<|USER_TOKEN|>", "<|CHATBOT_TOKEN|>"), "<|END_OF_TURN_TOKEN|>"),
    Family("zephyr", ZEPHYR, "</s>", (), "</s>"),
    Family("vicuna", VICUNA, "</s>", (), "</s>", {"blank": " "}),
    Family("olmo-2", OLMO2, "<|endoftext|>", (), "<|endoftext|>"),
    Family("granite-3", GRANITE, "<|end_of_text|>", ("<|start_of_role|>", "<|end_of_role|>"), "<|end_of_text|>"),
    Family("exaone-3.5", EXAONE, "[|endofturn|]", ("[|system|]", "[|user|]", "[|assistant|]"), "[|endofturn|]"),
    Family("falcon-3", FALCON3, "<|endoftext|>", (), "<|endoftext|>"),
    Family("hunyuan", HUNYUAN, "<|eos|>", ("<|extra_0|>", "<|extra_4|>"), "<|eos|>"),
]  # fmt: skip
