"""docs/rules.md says what the rows say, and the commands that read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns.cli import rules_page
from campaigns.core.rules import packs, rows
from tests.support.cli import Shell

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


def test_the_page_is_current() -> None:
    written = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    if written != rules_page.page():
        pytest.fail("run: python -m campaigns.cli.rules_page > docs/rules.md", pytrace=False)


def test_the_page_begins_with_what_it_is_not_and_has_every_row() -> None:
    page = rules_page.page()
    assert page.splitlines()[2].startswith("**Not legal advice.**")
    for row in rows():
        assert f"| `{row.key}` {row.place} |" in page
        assert row.source in page
    for name in packs():
        assert f"### `{name}`" in page


def test_the_rows_of_a_place_and_a_purpose(shell: Shell) -> None:
    said = shell("rules", "list", "--place", "US-FL", "--purpose", "marketing")
    assert [line.split()[0] for line in said.out.splitlines()[1:]] == [
        *("us-federal-marketing", "us-ai-voice", "us-ai-voice-marketing", "us-opt-out"),
        "us-fl-marketing",
    ]
    assert "every day 08:00-20:00" in said.out
    assert not said.complaints
    found = shell("rules", "list", "--json").json["rules"]
    assert [row["key"] for row in found] == [row.key for row in rows()]
    (india,) = shell("rules", "list", "--place", "IN", "--purpose", "debt", "--json").json["rules"]
    assert india["days"]["sun"] == "08:00-19:00"
    assert (india["certainty"], india["review_by"]) == ("A", "2027-11-01")


def test_what_is_off_or_closed_is_said(shell: Shell) -> None:
    assert "C is off until a campaign names the row" in shell("rules", "list").line
    assert shell("rules", "list", "--place", "JP").line.startswith("a country without a row of its")
    assert "eu-ai-act" in shell("rules", "list", "--place", "PL").out


def test_a_row_or_a_pack_is_shown(shell: Shell) -> None:
    said = shell("rules", "show", "fr-marketing").out
    assert "mon-fri 10:00-13:00, 14:00-20:00, no holidays of FR" in said
    assert "4 calls in 30d" in said
    assert "décret 2022-1313" in said
    assert "as of     2026-11-01, to be reviewed by 2027-11-01" in said
    unsure = shell("rules", "show", "us-ut-marketing").out
    assert "(off until it is named in calling_hours.rules)" in unsure
    pack = shell("rules", "show", "canada", "--json").json["rules"]
    assert [row["key"] for row in pack] == ["ca-marketing", "ca-bc-holidays"]


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (("show", "us-fl-marketng"), 1, "did you mean us-fl-marketing?"),
        (("list", "--place", "FL"), 2, "(write US-FL)"),
        (("list", "--place", "US-XX"), 2, "its codes are"),
        (("list", "--purpose", "sales"), 2, "--purpose is one of appointment, service"),
    ],
)
def test_a_slip_is_one_line(shell: Shell, typed: tuple[str, ...], code: int, said: str) -> None:
    assert said in shell("rules", *typed, code=code).line
