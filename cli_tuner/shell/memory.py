"""What a script remembers: variables, arrays, open descriptors, and what it left in files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from cli_tuner.shell.flow import FILLED, NO_TAGS, OUTPUT, Flow, Variable, is_known
from cli_tuner.shell.model import Function, Redirect, State
from cli_tuner.shell.parse import ASSIGNMENT, MAX_LENGTH, leaf, parse
from cli_tuner.shell.words import expand, expand_text

if TYPE_CHECKING:
    from cli_tuner.shell.evaluate import Evaluator


class Memory:
    """The part of the evaluator that writes its state."""

    state: State
    fixed: tuple[int, int] | None

    def define(self, name: str, text: str, offset: int) -> None:
        """Remember a function."""
        self.state.functions[name] = Function(text, 0, len(text), offset, self.fixed is not None)

    def assign(self, raw: str, at: int, *, keep: bool) -> tuple[str, str]:
        """Evaluate `name=value`; remember it when it stands alone."""
        match = ASSIGNMENT.match(raw)
        if not match:
            return raw, ""
        name, index, plus = match.group(1), match.group(2), match.group(3)
        body = raw[match.end() :]
        context = cast("Evaluator", self)
        if body.startswith("(") and body.endswith(")"):
            inner = parse(":" + " " + body[1:-1])
            pieces = leaf(inner, 2, len(inner.text)).words
            words = [word for a, b in pieces for word in expand(inner.text[a:b], at, context)]
            variable = Variable([re.sub(r"^\[\w*\]=", "", word.text) for word in words], array=True)
        else:
            word = expand_text(body, at + match.end(), context)
            variable = Variable([word.text], word.tags)
        if keep:
            self._remember(name, index, variable, append=bool(plus))
        return name, " ".join(variable.values)

    def _remember(self, name: str, index: str | None, variable: Variable, *, append: bool) -> None:
        old = self.state.variables.get(name)
        if index and index[1:-1].isdigit() and len(index) < 6:
            values = list(old.values) if old else []
            place = int(index[1:-1])
            values += [""] * (place + 1 - len(values))
            values[place] = variable.values[0]
            variable = Variable(values, array=True)
        elif append and old:
            both = (
                old.values + variable.values
                if variable.array
                else [old.values[0] + variable.values[0]]
                if old.values
                else variable.values
            )
            variable = Variable([value[:MAX_LENGTH] for value in both][:256], old.tags | variable.tags, variable.array)
        self.state.variables[name] = variable

    def conditional(self, raws: Iterable[tuple[str, int]]) -> None:
        """Expand the substitutions of `[[ … ]]` and `(( … ))`, which runs them."""
        for raw, at in raws:
            if "$(" in raw or "`" in raw:
                expand_text('"' + raw.replace('"', " ") + '"', at, cast("Evaluator", self))

    def write(self, redirects: list[Redirect], flow: Flow) -> None:
        """Remember what a redirection leaves in a file or which descriptor it opens."""
        for item in redirects:
            target = item.target.text
            if (
                item.descriptor.isdigit()
                and int(item.descriptor[:3]) > 2
                and item.operator in ("<>", "<", ">", "<<<", "<<", "<<-")
            ):
                opened = item.flow or Flow()
                socket = target.startswith(("/dev/tcp/", "/dev/udp/"))
                self.state.descriptors[item.descriptor] = opened.tagged("net", "socket") if socket else opened
            if item.writes and is_known(target) and item.descriptor in ("", "1"):
                self.save(target, flow, append=item.operator in (">>", "&>>"))

    def save(self, path: str, flow: Flow, *, append: bool = False) -> None:
        """Remember what a file holds."""
        old = self.state.files.get(path)
        self.state.files[path] = old.merged(flow) if append and old else flow

    def set_unknown(self, name: str, flow: Flow | None = None) -> None:
        """Give a variable a value that is not known."""
        tags = flow.tags if flow else NO_TAGS
        self.state.variables[name] = Variable([FILLED if not tags else OUTPUT], tags)
