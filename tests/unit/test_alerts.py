"""Alert rules name figures that exist and commands that can be typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from campaigns.cli.main import whole

ROOT = Path(__file__).resolve().parents[2]
RULES: list[dict[str, Any]] = [
    rule
    for group in YAML(typ="safe").load(ROOT / "ops/alerts.yml")["groups"]
    for rule in group["rules"]
]
TYPED = [
    (rule["alert"], name, text)
    for rule in RULES
    for name, text in rule["annotations"].items()
    if name != "summary"
]
EXPOSED = set(
    re.findall(r"^\| `(campaigns_\w+)", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE)
)
SCRAPED = {"up"}


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_every_alert_says_what_happened_and_what_to_type(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"page", "warn"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["command"].startswith("campaigns ")
    words = set(re.findall(r"\b(?:campaigns_\w+|up)\b", rule["expr"]))
    assert words
    assert words <= EXPOSED | SCRAPED


def test_every_figure_that_can_be_wrong_has_an_alert() -> None:
    watched = set(re.findall(r"campaigns_\w+", " ".join(rule["expr"] for rule in RULES)))
    assert watched == EXPOSED


@pytest.mark.parametrize(("alert", "name", "text"), TYPED)
def test_every_command_can_be_typed(alert: str, name: str, text: str) -> None:
    program, *words = shlex.split(text)
    assert program == "campaigns"
    command: Any = whole()
    while words and hasattr(command, "commands") and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    if hasattr(command, "commands"):
        command = command.commands["list"]  # `calls NAME` means `calls list NAME`
    command.make_context(command.name, words, resilient_parsing=False)


def test_an_alert_has_a_name_of_its_own() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names)
