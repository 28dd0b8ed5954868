"""Labels of a conversation of any length: answers of the assistant and their end tokens count, nothing else does.

An answer whose turn says `train: false` does not count either (Axolotl's `message_field_training`).

Where an answer lies is told by rendering the conversation once more with a mark in its place, as Axolotl finds turns;
borders between tokens are proven as in `labels.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from cli_tuner.chat.labels import IGNORE_INDEX, Check, Labelled, end_places, prompt_text, span_of, style_of
from cli_tuner.chat.template import render
from cli_tuner.errors import TemplateError
from cli_tuner.ports import Message, Tokenizer

_MARK = "Xmark0 text"


def label_chat(tokenizer: Tokenizer, messages: Sequence[Message]) -> Labelled:
    """Render, tokenise and label one conversation; what follows its last answer is read and not trained.

    Raises:
        TemplateError: The template does not show where the answers lie, or changes one.
    """
    style = style_of(tokenizer)
    given = style.row(messages)
    text = _render(tokenizer, given)
    ids = tokenizer.encode(text)
    labels = [IGNORE_INDEX] * len(ids)
    said = [number for number, message in enumerate(given) if message["role"] == "assistant" and message["content"]]
    answers = [number for number in said if is_trained(given[number])]
    if not answers:
        raise TemplateError("the conversation has no answer to train on")
    prompt = prompt_text(tokenizer, messages[: _last_answer(messages)])
    for number in answers:
        content = given[number]["content"]
        marked = [*given[:number], {**given[number], "content": _MARK}, *given[number + 1 :]]
        lead = _render(tokenizer, marked).partition(_MARK)[0]
        if not text.startswith(lead + content):
            raise TemplateError("the chat template changes an answer", hint="it must print message content as it is")
        if number == answers[-1] and lead.rstrip(" ") != prompt.rstrip(" "):
            raise TemplateError("the chat template renders another prompt for training than for inference")
        first, last = span_of(tokenizer, text, (len(lead.rstrip(" ")), len(lead), len(lead + content)), ids)
        labels[first:last] = ids[first:last]
        for place in end_places(tokenizer, ids, last):
            labels[place] = ids[place]
    n_prompt = next(place for place, label in enumerate(labels) if label != IGNORE_INDEX)
    return Labelled(text, ids, labels, n_prompt)


def _last_answer(messages: Sequence[Message]) -> int:
    return max(number for number, one in enumerate(messages) if is_trained(one) and one["content"])


def is_trained(message: Message) -> bool:
    """Tell whether a turn's answer is trained: one that says `train: false` is read and not trained."""
    said = message.get("train")
    return message["role"] == "assistant" and (said is None or bool(said))


def check_chat(tokenizer: Tokenizer, messages: Sequence[Message], sequence_len: int) -> Check:
    """Label a conversation and check it, as `labels.check_row` does a pair."""
    row = label_chat(tokenizer, messages)
    special = [tokenizer.decode([number]) for number in tokenizer.special_ids]
    said = "\n".join(message["content"] for message in messages)
    if any(token in said for token in special):
        return Check("special_token", None)
    if len(row.input_ids) > sequence_len:
        return Check("too_long", row)
    trained = [number for number in row.trained_ids if number not in tokenizer.special_ids]
    answers = "".join(message["content"] for message in messages if is_trained(message))
    if "".join(tokenizer.decode(trained).split()) != "".join(answers.split()):
        return Check("round_trip", row)
    return Check("", row)


def _render(tokenizer: Tokenizer, messages: Sequence[Message]) -> str:
    style = style_of(tokenizer)
    return render(
        tokenizer.chat_template, messages, special_tokens=tokenizer.special_tokens, arguments=style.arguments
    ).text
