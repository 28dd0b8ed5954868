"""What a script remembers: variables, arrays, open descriptors, and what it left in files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import cast

from cli_tuner.shell.descriptors import Descriptors
from cli_tuner.shell.flow import FILLED, NO_TAGS, OUTPUT, Flow, Variable, is_known
from cli_tuner.shell.model import Function, Redirect
from cli_tuner.shell.parse import ASSIGNMENT, MAX_LENGTH, leaf, parse
from cli_tuner.shell.protocol import Shell
from cli_tuner.shell.words import expand, expand_text


class Memory(Descriptors):
    """The part of the evaluator that writes its state."""

    fixed: tuple[int, int] | None
    conditional_depth: int
    shadowed: dict[str, Variable | None] | None

    def shadow(self, name: str) -> None:
        """Remember what a variable held before a function made it local."""
        if self.shadowed is not None and name not in self.shadowed and len(self.shadowed) < 256:
            self.shadowed[name] = self.state.variables.get(name)

    def unshadow(self) -> None:
        """Give back what the local variables of a function hid."""
        for name, variable in (self.shadowed or {}).items():
            if variable is None:
                self.state.variables.pop(name, None)
            else:
                self.state.variables[name] = variable

    def define(self, name: str, text: str, offset: int) -> None:
        """Remember a function."""
        self.state.functions[name] = Function(text, 0, len(text), offset, self.fixed is not None)

    def assign(self, raw: str, at: int, *, keep: bool) -> tuple[str, str]:
        """Evaluate `name=value`; remember it when it stands alone."""
        match = ASSIGNMENT.match(raw)
        if not match:
            return raw, ""
        name, index, plus = match.group(1), match.group(2), match.group(3)
        held = self.state.variables.get(name)
        if held is not None and "nameref" in held.tags and held.values:
            name = held.values[0]
        body = raw[match.end() :]
        context = cast("Shell", self)
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
        if name in self.state.fixed_names:
            return
        if self.conditional_depth and old is not None and old.values != variable.values:
            former = (*(old.values[:1] or [""]), *old.others)
            variable.others = tuple(dict.fromkeys(each for each in former if each not in variable.values))[:3]
            self.state.uncertain.add(name)
        self.state.variables[name] = variable

    def conditional(self, raws: Iterable[tuple[str, int]]) -> None:
        """Expand the substitutions of `[[ … ]]` and `(( … ))`, which runs them."""
        for raw, at in raws:
            if "$(" in raw or "`" in raw:
                expand_text('"' + raw.replace('"', " ") + '"', at, cast("Shell", self))

    def write(self, redirects: list[Redirect], flow: Flow) -> None:
        """Remember what a redirection leaves in a file or which descriptor it opens."""
        for item in redirects:
            self.open(item)
            self.feed(item, flow)
            target = item.target.text
            if item.writes and is_known(target) and item.descriptor in ("", "1"):
                self.save(target, flow, append=item.operator in (">>", "&>>"))

    def save(self, path: str, flow: Flow, *, append: bool = False) -> None:
        """Remember what a file holds."""
        old = self.state.files.get(path)
        if old is not None and not append and self.conditional_depth:
            flow = flow.tagged(*old.tags)  # it may still hold what it held
        self.state.files[path] = old.merged(flow) if append and old else flow

    def set_unknown(self, name: str, flow: Flow | None = None) -> None:
        """Give a variable a value that is not known."""
        tags = flow.tags if flow else NO_TAGS
        self.state.variables[name] = Variable([FILLED if not tags else OUTPUT], tags)
