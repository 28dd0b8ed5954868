"""The one conversation that training, validation and inference all send.

The law: the prompt of a training row is byte for byte the prompt of inference, because both come from here.
"""

from __future__ import annotations

from cli_tuner.ports import Message

SYSTEM_PROMPT = (
    "You translate a request into one Bash command. "
    "Answer with the command only: no explanation, no Markdown, no surrounding quotes."
)
"""What the model is told before every request."""


def prompt_messages(instruction: str) -> list[Message]:
    """Build the conversation that asks for a command: system, then user."""
    return [{"role": "system", "content": SYSTEM_PROMPT}, {"role": "user", "content": instruction}]


def training_messages(instruction: str, command: str) -> list[Message]:
    """Build the conversation that shows the answer: the prompt, then the assistant's command."""
    return [*prompt_messages(instruction), {"role": "assistant", "content": command}]
