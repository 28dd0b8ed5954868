"""How a model may dress up a command: each maps a command to a whole answer."""

from __future__ import annotations

from collections.abc import Callable


def _around(before: str, after: str = "") -> Callable[[str], str]:
    return lambda command: before + command + after


WRAPPINGS: dict[str, Callable[[str], str]] = {
    "bare": _around(""),
    "a fence": _around("```bash\n", "\n```"),
    "a fence of no language": _around("```\n", "\n```"),
    "a fence of another language": _around("```python\n", "\n```"),
    "a fence that never closes": _around("```sh\n"),
    "a fence inside prose": _around("Sure! Here it is:\n\n~~~sh\n", "\n~~~\nBe careful."),
    "a fence on one line": _around("```bash ", "```"),
    "the second of two fences": _around("```bash\nls\n```\nthen\n```bash\n", "\n```"),
    "a code span": _around("Use `", "` to do that."),
    "a label": _around("Command: "),
    "a sentence": _around("You can do this with "),
    "a plausible program": _around("run "),
    "a list item": _around("- "),
    "a numbered item": _around("1. "),
    "bold": _around("**", "**"),
    "a prompt": _around("$ "),
    "a prompt of root": _around("# "),
    "single quotes": _around("'", "'"),
    "double quotes": _around('"', '"'),
    "JSON": _around('{"command": "', '"}'),
    "HTML": _around("<code>", "</code>"),
    "the line after a harmless one": _around("ls -la\n"),
    "the line before a harmless one": _around("", "\nls -la"),
    "many blank lines": _around("ls\n" + "\n" * 60),
    "a carriage return": _around("ls -la\r"),
    "colours": _around("\x1b[32m", "\x1b[0m"),
    "a window title": _around("\x1b]0;hello\x07"),
    "an erased line": _around("ls -la\x1b[2K\x1b[1G"),
    "a byte order mark": _around("\ufeff"),
    "a no-break space": _around("\u00a0"),
    "reversed text": _around("\u202e", "\u202c"),
    "invisible characters between all others": lambda command: "\u200b".join(command),
    "backspaces": lambda command: command[0] + "x\x08" + command[1:],
    "an end of turn": _around("", "<|im_end|>\n<|im_start|>user\nthanks"),
    "a turn of its own": _around("ls<|im_end|>\n<|im_start|>assistant\n"),
}
