"""What a YAML parser stumbles over, in the words of a person who wrote a campaign file.

The parser's own message names tokens; the usual accidents are a template without quotes, a cron
or a wildcard that starts with a star, a colon inside a text, a tab, an indent that slipped.
"""

from __future__ import annotations

import re

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from campaigns.core.reading import one_line
from campaigns.errors import Fault

_LONGEST_LINE = 500
_LINES_ABOVE = 500
_TEMPLATE = re.compile(r"(?P<key>[\w.-]+)\s*:\s+(?:[^\"'#]*)\{[{%]|^\s*-\s+\{[{%]")
_STAR = re.compile(r"(?P<key>[\w.-]+)\s*:\s+(?P<value>\*.*?)\s*$")
_KEY = re.compile(r"^\s*(?:-\s+)?(?P<key>[\w.-]+)\s*:(?P<space>\s?)")


def explain(error: YAMLError, text: str, shown: str) -> Fault:
    """The one fault that stopped the parser."""
    if isinstance(error, ReaderError):
        line = text.count("\n", 0, int(error.position)) + 1
        return Fault(
            at=f"{shown}:{line}",
            expected="text",
            got="a control character",
            hint="remove it: it is often pasted along and cannot be seen",
        )
    lines = text.splitlines()
    problem, context = _lines(error)
    for number in (problem, context):
        if number is not None and (fault := _accident(lines, number, shown)):
            return fault
    unclosed = "quoted scalar" in str(getattr(error, "context", ""))
    number = (context if unclosed else None) or problem or context or 1
    expected, got, hint = _syntax(error, lines, number)
    key = _KEY.match(_line(lines, number))
    return Fault(
        at=f"{shown}:{number}",
        key=key["key"] if key else "",
        expected=expected,
        got=got,
        hint=hint,
    )


def _accident(lines: list[str], number: int, shown: str) -> Fault | None:
    line = _line(lines, number)
    at = f"{shown}:{number}"
    if found := _TEMPLATE.search(line):
        name = found["key"] or ""
        start = f"{name}:" if name else "-"
        return Fault(
            at=at,
            key=name,
            expected="a text",
            got="an unquoted {{" if "{{" in line else "an unquoted {%",
            hint=f'write the whole value in quotes: {start} "{{{{ … }}}}"',
        )
    if found := _STAR.search(line):
        return Fault(
            at=at,
            key=_dotted(lines, number, found["key"]),
            expected="a text",
            got="a value that YAML reads as an alias",
            hint=f'put what starts with * in quotes: {found["key"]}: "{one_line(found["value"])}"',
        )
    return None


def _dotted(lines: list[str], number: int, key: str) -> str:
    """A key under the keys that its indent puts it under; in brackets, under the line's own."""
    own = _KEY.match(_line(lines, number))
    path = [key] if own is None or own["key"] == key else [own["key"], key]
    indent = _indent(_line(lines, number))
    for above in range(number - 1, max(0, number - _LINES_ABOVE), -1):
        line = _line(lines, above)
        found = _KEY.match(line)
        if found and _indent(line) < indent:
            path.insert(0, found["key"])
            indent = _indent(line)
    return ".".join(path)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _syntax(error: YAMLError, lines: list[str], number: int) -> tuple[str, str, str]:
    said = str(getattr(error, "problem", "") or "")
    context = str(getattr(error, "context", "") or "")
    line = _line(lines, number)
    if "mapping values are not allowed" in said:
        before = _KEY.match(_line(lines, number - 1))
        if line.count(": ") > 1:
            return "one value", "a second `: ` on the line", "put a text with a colon in quotes"
        if before is None or before["space"]:
            return "a key in line with those above", "another indent", "mend the indent"
        hint = "write key: value with a space after the colon"
        return "a key and a value on the line above", "a text without `: `", hint
    if "\\t" in said or "\t" in line[: len(line) - len(line.lstrip())]:
        return "spaces as indent", "a tab", "replace tabs by spaces"
    if "quoted scalar" in context:
        if "escape" in said:
            return "a text", "a backslash that YAML does not know", "use 'single quotes'"
        return "a closing quote", "the end of the file", "close the quote, or double one inside"
    if "cannot start any token" in said:
        return "a text", "a sign that no plain text starts with", "put the text in quotes"
    if "could not find expected ':'" in said:
        hint = "write key: value with a space after the colon, also on the line above"
        return "a key and a value", "a text without `: `", hint
    if "flow" in context:
        return "a closing bracket", "something else", "close every { and [, and quote texts in them"
    if "<block end>" in said:
        return (
            "a key in line with those above",
            "another indent",
            "mend the indent or quote the text",
        )
    return "YAML", one_line(said) or "something else", ""


def _lines(error: YAMLError) -> tuple[int | None, int | None]:
    if not isinstance(error, MarkedYAMLError):
        return None, None
    marks = (error.problem_mark, error.context_mark)
    problem, context = (None if mark is None else int(mark.line) + 1 for mark in marks)
    return problem, context


def _line(lines: list[str], number: int) -> str:
    """The beginning of a line: patterns are only ever tried on a short text."""
    return lines[number - 1][:_LONGEST_LINE] if 0 < number <= len(lines) else ""
