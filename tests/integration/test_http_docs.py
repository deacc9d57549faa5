"""docs/http.md: each of its curl lines, in their order, does what the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.support.engine import World
from tests.support.hooks import Door

PAGE = Path(__file__).parents[2] / "docs" / "http.md"
CREATED = {"/v1/campaigns/visits", "/v1/campaigns/desk"}


def lines() -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    words = shlex.split("\n;\n".join(blocks).replace("\\\n", " ").replace("\ncurl", "\n; curl"))
    found: list[list[str]] = []
    for word in words:
        if word == "curl":
            found.append([])
        elif word != ";":
            found[-1].append(word)
    return found


def ask(door: Door, typed: list[str]) -> tuple[str, str, httpx.Response]:
    method, content, headers, url = "GET", b"", {}, ""
    words = iter(typed)
    for word in words:
        match word:
            case "-X":
                method = next(words)
            case "-H":
                name, _, text = next(words).partition(": ")
                headers[name] = text
            case "-d" | "--data-binary":
                content = next(words).encode()
            case _:
                url = word
    parts = urlsplit(url)
    assert parts.netloc == "localhost:8080"
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return method, path, door.ask(method, path, content, headers)


UNTYPED = {("POST", "/v1/campaigns/x/approve")}
"""Somebody has to have heard the first calls before: test_http_api.py does."""


def test_every_line_of_the_page_works() -> None:
    door = Door(World())
    asked = []
    for typed in lines():
        method, path, answer = ask(door, typed)
        expected = 201 if method == "PUT" and path in CREATED else 200
        assert answer.status_code == expected, (method, path, answer.text)
        asked.append((method, path))
    door.close()
    assert len(asked) > 14
    served = {
        (method.upper(), re.sub(r"\{\w+\}", "x", path))
        for path, ways in door.app.openapi()["paths"].items()
        for method in ways
    }
    named = {
        (method, re.sub(r"/(visits|desk|v9|%2B[0-9]+)(?=/|$)", "/x", urlsplit(path).path))
        for method, path in asked
    }
    assert served - UNTYPED == named


def test_the_page_says_what_a_put_answers() -> None:
    door = Door(World())
    _, _, created = ask(door, lines()[0])
    said = PAGE.read_text(encoding="utf-8")
    counts = ("added", "moved", "changed", "withdrawn", "unchanged")
    for key in ("campaign", "effect", *counts, "warnings"):
        assert key in created.json()
        assert f'"{key}"' in said
    door.close()
