"""YAML to values with the place of every key, refusing what YAML itself lets pass.

PyYAML silently keeps the last of two equal keys and forgets line numbers; both lose a user hours. Here a
duplicate key is noted, with whether something is lost by it, and every dotted path knows its file and line. YAML 1.1
scalars as Axolotl reads them (https://yaml.org/type/), but a number that is octal or in base 60 without looking so,
and is another number in base 10, is a fault; tags that construct Python objects are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from cli_tuner.errors import ConfigError

_MAX_NODES = 20_000  # a config has hundreds; anchors that repeat each other would make billions
_MAX_BYTES = 128 * 1024  # the longest config of ours has 5 kB; PyYAML reads about 0.3 MB a second
_MAX_DEPTH = 100  # of brackets; PyYAML takes seconds to give up on thousands
_SURPRISING = re.compile(r"[-+]?(0[0-7_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)")  # octal, base 60


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written: a file and its line (from 1), or a flag such as `--set`."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Repeat(NamedTuple):
    """A key that is written again: where, in words, and whether what it replaces said something else."""

    path: str
    origin: Origin
    why: str
    loses: bool


@dataclass(slots=True)
class Document:
    """One parsed YAML file.

    Attributes:
        values: Its keys and values.
        origins: The origin of each dotted path (`datasets[0].path`).
        faults: What is wrong with it as YAML, each with file and line.
        whole: Whether everything that it extends could be read.
        holders: Top-level keys that are no keys of a config: what they hold is used elsewhere, by its anchor.
        repeats: Keys that are written twice: dotted path, where again, what that loses; the last one holds.
    """

    values: dict[str, Any]
    origins: dict[str, Origin] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    whole: bool = True
    holders: frozenset[str] = frozenset()
    repeats: list[Repeat] = field(default_factory=list)


def read_document(path: Path) -> Document:
    """Parse one YAML file; keys written twice are collected in `repeats`, what is no value in `faults`.

    Raises:
        ConfigError: Missing, not UTF-8, not YAML, or not a mapping at the top.
    """
    loader = yaml.SafeLoader(_read(path))
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(f"{path}: a config is a YAML mapping of keys to values", hint="see configs/smoke.yaml")
        return _Builder(loader, str(path)).document(node)
    except yaml.YAMLError as error:
        raise ConfigError(
            f"{path}{_place(error)}: not valid YAML: {_problem(error)}",
            hint="look at the indentation (spaces, no tabs), brackets and quotes at and above this line",
        ) from error
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply to be a config", hint="see configs/smoke.yaml") from None
    finally:
        loader.dispose()


def parse_value(text: str, path: str, flag: str) -> tuple[Any, list[str]]:
    """Parse the value of a flag as YAML; return it and what is wrong with it, each beginning with `flag`."""
    if _depth(text) > _MAX_DEPTH:
        return None, [f"{flag}: nested too deeply to be a value"]
    loader = yaml.SafeLoader(text)
    builder = _Builder(loader, "")
    try:
        node = loader.get_single_node()
        value = None if node is None else builder.value(node, path)
    except (yaml.YAMLError, RecursionError, ConfigError):
        return None, [f"{flag}: the value is not valid YAML"]
    finally:
        loader.dispose()
    repeats = [f"{flag}: {one.why}" for one in builder.repeats]
    return value, [*(f"{flag}: {fault.split(': ', 1)[1]}" for fault in builder.faults), *repeats]


def _read(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            raw = handle.read(_MAX_BYTES + 1)
        text = raw.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such config", hint="the recipes are in configs/*.yaml") from None
    except UnicodeDecodeError as error:
        wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
        encoding = "UTF-16" if wide else "latin-1"
        hint = f"save it as UTF-8, e.g. `iconv -f {encoding} -t UTF-8 {path.name} > new.yaml`"
        what = "UTF-16, not UTF-8, text" if wide else f"not UTF-8 text: {error}"
        raise ConfigError(f"{path}: {what}", hint=hint) from error
    except OSError as error:
        raise ConfigError(f"{path}: not readable: {error.strerror or error}", hint="see configs/smoke.yaml") from error
    if len(raw) > _MAX_BYTES:
        raise ConfigError(f"{path}: larger than {_MAX_BYTES // 1024} kB: not a config", hint="see configs/smoke.yaml")
    if _depth(text) > _MAX_DEPTH:
        raise ConfigError(f"{path}: nested too deeply to be a config", hint="see configs/smoke.yaml")
    unprintable = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if unprintable:
        line = text.count("\n", 0, unprintable.start()) + 1
        raise ConfigError(
            f"{path}:{line}: not valid YAML: it holds the control character {unprintable.group()!r}",
            hint="remove it, or write it as an escape in double quotes",
        )
    return text


def _depth(text: str) -> int:
    """Return how deep brackets are nested; those in quotes and comments are counted too."""
    depth = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", text):
        depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}" if mark else ""


def _problem(error: yaml.YAMLError) -> str:
    problem = str(getattr(error, "problem", None) or error).splitlines()[0]
    return "a tab; indent with spaces" if "'\\t' that cannot start any token" in problem else problem


class _Builder:
    """Turns composed nodes into values, noting origins and faults on the way."""

    def __init__(self, loader: yaml.SafeLoader, file: str) -> None:
        self._loader, self._file = loader, file
        self._made = 0
        self._document = Document({})
        self._open: set[int] = set()  # nodes that are being built: one of them inside itself is a circle
        self._looked_at: set[int] = set()

    @property
    def faults(self) -> list[str]:
        return self._document.faults

    @property
    def repeats(self) -> list[Repeat]:
        return self._document.repeats

    def value(self, node: yaml.Node, path: str) -> Any:
        return self._build(node, path)

    def document(self, node: yaml.MappingNode) -> Document:
        homes: dict[int, str] = {}
        shared: set[str] = set()
        for key, value in node.value:
            _note_shared(value, str(key.value), homes, shared, set())
        self._document.values = self._mapping(node, "")
        self._document.holders = frozenset(shared)
        return self._document

    def _fault(self, node: yaml.Node, why: str) -> None:
        self._document.faults.append(f"{self._file}:{node.start_mark.line + 1}: {why}")

    def _build(self, node: yaml.Node, path: str) -> Any:
        self._made += 1
        if self._made > _MAX_NODES:
            raise ConfigError(
                f"{self._file or 'the value'}: more than {_MAX_NODES} values: anchors that repeat each other",
                hint="write out what these anchors (&name, *name) hold; a config has hundreds of values",
            )
        self._document.origins[path] = Origin(self._file, node.start_mark.line + 1)
        if not isinstance(node, yaml.CollectionNode):
            return self._scalar(node, path)
        if id(node) in self._open:
            self._fault(node, f"{path}: contains itself, by its anchor")
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            return [self._build(child, f"{path}[{i}]") for i, child in enumerate(node.value)]
        finally:
            self._open.remove(id(node))

    def _scalar(self, node: yaml.Node, path: str) -> Any:
        if (
            getattr(node, "style", None) is None
            and node.tag.endswith((":int", ":float"))
            and _SURPRISING.fullmatch(node.value)
            and not re.fullmatch(r"[-+]?0+[0-7]", node.value)
        ):
            kind = "in base 60" if ":" in node.value else "octal"
            self._fault(
                node, f"{path}: YAML reads {node.value} as {kind}; write the decimal number, or quotes for text"
            )
            return None
        try:
            return self._loader.construct_object(node)
        except (yaml.constructor.ConstructorError, ValueError) as error:
            self._fault(node, f"{path}: not a value that a config can hold: {_problem_of(error)}")
            return None

    def _mapping(self, node: yaml.MappingNode, path: str) -> dict[str, Any]:
        self._note_repeats(node, path)
        self._loader.flatten_mapping(node)
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._scalar(key_node, path) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                self._fault(key_node, f"key {getattr(key_node, 'value', key)!r} is not text")
                continue
            child = f"{path}.{key}" if path else key
            result[key] = self._build(value_node, child)
            self._document.origins[child] = Origin(self._file, key_node.start_mark.line + 1)
        return result

    def _note_repeats(self, node: yaml.MappingNode, path: str) -> None:
        if id(node) in self._looked_at:  # an alias: its merged keys are in it by now, beside those that replace them
            return
        self._looked_at.add(id(node))
        seen: dict[str, tuple[int, yaml.Node]] = {}
        for key_node, value in node.value:
            key = key_node.value
            if not isinstance(key, str) or key == "<<":
                continue
            child, line = f"{path + '.' if path else ''}{key}", key_node.start_mark.line + 1
            if key in seen:
                first, before = seen[key]
                now, was = _written(value), _written(before)
                loses = was not in (now, _NOTHING) and (was, now) != (_OFF, _NOTHING)
                why = f"{child} is written twice (first in line {first})"
                self.repeats.append(Repeat(child, Origin(self._file, line), why, loses))
            seen[key] = (line, value)


_NOTHING, _OFF = "''", "'false'"


def _written(node: yaml.Node) -> str:
    """Return what a node says, without its place; the same text for `null`, `~` and nothing."""
    if isinstance(node, yaml.ScalarNode):
        said = node.value.lower() if node.tag.endswith(":bool") else node.value
        return _NOTHING if node.tag.endswith(":null") else repr(said)
    parts = [_written(part) for one in node.value for part in (one if isinstance(one, tuple) else (one,))]
    return f"{node.tag}({','.join(parts)})"


def _note_shared(node: yaml.Node, home: str, homes: dict[int, str], shared: set[str], seen: set[int]) -> None:
    """Note in `shared` the top-level keys below which a node stands that is used below another one too."""
    first = homes.setdefault(id(node), home)
    if first != home:
        shared.add(first)
    if id(node) in seen or not isinstance(node, yaml.CollectionNode):
        return
    seen.add(id(node))
    for child in node.value:
        for part in child if isinstance(child, tuple) else (child,):
            _note_shared(part, home, homes, shared, seen)


def _problem_of(error: Exception) -> str:
    return _problem(error) if isinstance(error, yaml.YAMLError) else str(error)
