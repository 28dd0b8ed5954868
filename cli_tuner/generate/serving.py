"""The guard for conversations: what `serve` may ask, and what a client sees of each judged completion.

A client sees a SAFE command as it is, one that needs a REVIEW as a comment (no shell runs it), and of a DANGEROUS one
only why it was withheld.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from cli_tuner.chat.labels import prompt_text
from cli_tuner.chat.messages import SYSTEM_PROMPT
from cli_tuner.generate.audit import AuditLog
from cli_tuner.generate.guard import guard
from cli_tuner.generate.ingress import Limits, fault
from cli_tuner.generate.session import Action, Answer, marked
from cli_tuner.ports import Completion, Generator, Message, Reply, Tokenizer
from cli_tuner.safety.policy import Policy


class Answerer:
    """Asks a model for conversations and judges what it says.

    Args:
        generator: The model.
        tokenizer: Its own.
        policy: What is judged how.
        limits: How long one message may be.
        audit: Where every decision is logged; None for nowhere.
    """

    def __init__(
        self, generator: Generator, tokenizer: Tokenizer, policy: Policy, limits: Limits, audit: AuditLog | None
    ) -> None:
        self._generator = generator
        self._tokenizer = tokenizer
        self._policy = policy
        self._limits = limits
        self._audit = audit

    def check(self, messages: Sequence[Message]) -> str:
        """Return why a conversation may not be asked, or an empty string."""
        if messages[-1]["role"] != "user":
            return "the last message must be the user's"
        if any(message["role"] == "system" for message in messages[1:]):
            return "only the first message may be the system's"
        for number, message in enumerate(messages):
            why = fault(message["content"], self._tokenizer, self._limits)
            if why and (message["content"] or message["role"] != "assistant"):
                return f"message {number} {why}"
        return ""

    def answer(
        self, asks: Sequence[tuple[Sequence[Message], int, tuple[str, ...]]], note: Callable[[str, str, float], None]
    ) -> list[Reply]:
        """Answer a batch.

        Args:
            asks: Conversations, each with the most tokens that may answer it and texts before which the answer ends.
            note: Told verdict, action and CPU seconds of each judgement.
        """
        chats = [_with_system(messages) for messages, *_ in asks]
        completions = self._generator.generate(chats)
        return [
            self._reply(chat, self._stopped(self._cut(completion, limit), stops), note)
            for chat, (_, limit, stops), completion in zip(chats, asks, completions, strict=True)
        ]

    def _cut(self, completion: Completion, limit: int) -> Completion:
        """Shorten a completion to `limit` tokens: greedy decoding makes it what the model would have said."""
        if completion.n_tokens <= limit:
            return completion
        kept = self._tokenizer.encode(completion.text)[:limit]
        return replace(completion, text=self._tokenizer.decode(kept), n_tokens=limit, stop_reason="length")

    def _stopped(self, completion: Completion, stops: Sequence[str]) -> Completion:
        """End a completion before the first of the texts; what is judged is what is left."""
        places = [place for stop in stops if (place := completion.text.find(stop)) >= 0]
        if not places:
            return completion
        text = completion.text[: min(places)]
        return replace(completion, text=text, n_tokens=len(self._tokenizer.encode(text)), stop_reason="end")

    def _reply(self, chat: Sequence[Message], completion: Completion, note: Callable[[str, str, float], None]) -> Reply:
        began = time.thread_time()
        guarded = guard(completion, self._policy)
        answer = Answer(chat[-1]["content"], guarded)
        action = answer.action(None)
        note(guarded.level.value, action.value, time.thread_time() - began)
        if self._audit:
            self._audit.note(answer.request, guarded, action.value)
        shown = {Action.SHOWN: guarded.command, Action.MARKED: "\n".join(marked(guarded))}.get(action, "")
        reason = {"length": "length"}.get(completion.stop_reason, "stop")
        refusals = {
            Action.WITHHELD: "withheld: the command was judged DANGEROUS",
            Action.NO_COMMAND: "the model gave no command",
        }
        facts = answer.to_json(action, show_blocked=False)
        told = {key: facts[key] for key in ("action", "verdict", "findings", "left_out_lines")}
        n_prompt = len(self._tokenizer.encode(self._prompt(chat)))
        filtered = "content_filter" if action is Action.WITHHELD else reason
        return Reply(shown, refusals.get(action), filtered, n_prompt, completion.n_tokens, told)

    def _prompt(self, chat: Sequence[Message]) -> str:
        return prompt_text(self._tokenizer, chat)


def _with_system(messages: Sequence[Message]) -> list[Message]:
    first = [] if messages[0]["role"] == "system" else [{"role": "system", "content": SYSTEM_PROMPT}]
    return [*first, *messages]
