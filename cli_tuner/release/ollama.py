"""An Ollama Modelfile with the model's own chat template, for the families whose template is known to translate.

Ollama's templates are Go's, a model's are Jinja: nobody translates one into the other in general. Here the model's
template is rendered on conversations and compared with what the Go template below writes; any difference is refused.
Source: https://github.com/ollama/ollama/blob/main/docs/modelfile.md. Not covered: tools, and answers begun by the user.
"""

from __future__ import annotations

from collections.abc import Sequence

from cli_tuner.chat.messages import SYSTEM_PROMPT, prompt_messages
from cli_tuner.chat.template import render
from cli_tuner.errors import TemplateError
from cli_tuner.ports import Message, Tokenizer

CHATML = """{{- range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
"""
GREEDY = {
    "temperature": 0, "top_k": 0, "top_p": 1, "min_p": 0, "repeat_penalty": 1, "presence_penalty": 0,
    "frequency_penalty": 0, "seed": 42,
}  # fmt: skip
"""All that chooses tokens: Ollama punishes repetition by default."""
_PROBES: tuple[list[Message], ...] = (
    prompt_messages("list all pdf files"),
    prompt_messages("  two words \n and a second line "),
    [*prompt_messages("a"), {"role": "assistant", "content": "ls"}, {"role": "user", "content": "b {{ .Role }} $x"}],
)


def modelfile(source: str, tokenizer: Tokenizer, stops: Sequence[str], max_new_tokens: int = 128) -> str:
    """Return a Modelfile.

    Args:
        source: What `FROM` names: a folder of safetensors or a GGUF file, relative to the Modelfile.
        tokenizer: The model's own.
        stops: Tokens that end an answer, as text.
        max_new_tokens: Longest completion, in tokens.

    Raises:
        TemplateError: The template is of a family that is not known here.
    """
    for probe in _PROBES:
        shown = render(
            tokenizer.chat_template, probe, special_tokens=tokenizer.special_tokens, add_generation_prompt=True
        ).text
        if shown != chatml(probe):
            raise TemplateError(
                "the chat template is not ChatML as Qwen writes it: an Ollama template would not be exact",
                hint="use --format gguf: llama.cpp reads the model's own template from the file",
            )
    lines = [
        f"FROM {source}",
        f'TEMPLATE """{CHATML}"""',
        f'SYSTEM """{SYSTEM_PROMPT}"""',
        *(f"PARAMETER {name} {value}" for name, value in GREEDY.items()),
        f"PARAMETER num_predict {max_new_tokens}",
        *(f'PARAMETER stop "{stop}"' for stop in stops),
    ]
    return "\n".join(lines) + "\n"


def chatml(messages: Sequence[Message]) -> str:
    """Render messages as the Go template above does."""
    turns = "".join(f"<|im_start|>{one['role']}\n{one['content']}<|im_end|>\n" for one in messages)
    return f"{turns}<|im_start|>assistant\n"
