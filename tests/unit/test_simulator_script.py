"""What each call becomes, and that the documentation shows the table that is used."""

import re
from pathlib import Path
from random import Random

import pytest

from campaigns.errors import ConfigurationError
from campaigns.simulator.reading import faults_from, script_from
from campaigns.simulator.script import DEFAULT_SCRIPT, Becomes, Rule, Script, dice_for

DOCS = Path(__file__).parents[2] / "docs" / "simulator.md"


def words(script: Script, number: str, calls: int = 4) -> list[str]:
    return [script.becomes(number, "a", nth, Random(1)).status for nth in range(1, calls + 1)]


class TestRules:
    def test_a_numbers_calls_follow_the_list_and_the_last_repeats(self) -> None:
        script = Script(rules=(Rule(calls="no_answer, then busy, then completed"),))
        assert words(script, "+14155550100") == ["no_answer", "busy", "completed", "completed"]

    def test_the_first_rule_that_fits_decides(self) -> None:
        script = Script(
            rules=(
                Rule(number="+14155550101", calls="busy"),
                Rule(prefix="+1415", calls="voicemail"),
                Rule(agent_id="a", calls="failed"),
            )
        )
        assert words(script, "+14155550101", 1) == ["busy"]
        assert words(script, "+14155550102", 1) == ["voicemail"]
        assert words(script, "+442071838750", 1) == ["failed"]
        assert script.becomes("+442071838750", "b", 1, Random(1)).status == "completed"

    def test_chance_is_decided_by_the_dice_alone(self) -> None:
        script = Script(rules=(Rule(chance={"completed": 0.5, "no_answer": 0.5}),))
        numbers = [f"+1415555{n:04d}" for n in range(400)]
        drawn = [script.becomes(n, "a", 1, dice_for(7, n, 1)).status for n in numbers]
        again = [script.becomes(n, "a", 1, dice_for(7, n, 1)).status for n in numbers]
        assert drawn == again
        assert 150 < drawn.count("completed") < 250
        other = [script.becomes(n, "a", 1, dice_for(8, n, 1)).status for n in numbers]
        assert other != drawn

    @pytest.mark.parametrize(
        ("rule", "says"),
        [
            ('{"calls": "busy", "chance": {"busy": 1}}', "either calls or chance"),
            ("{}", "either calls or chance"),
            ('{"chance": {"busy": 0}}', "all 0"),
            ('{"last_two": "9", "calls": "busy"}', "two digits"),
            ('{"last_two": "90-80", "calls": "busy"}', "two digits"),
            ('{"calls": "no answer"}', "pattern"),
            ('{"numbers": "x", "calls": "busy"}', "numbers"),
        ],
    )
    def test_a_wrong_rule_is_refused_with_its_place(self, rule: str, says: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            script_from(f'{{"rules": [{rule}]}}', at="s.json")
        assert str(caught.value).startswith("s.json: rules.0")
        assert says in str(caught.value)

    def test_text_that_is_not_json(self) -> None:
        with pytest.raises(ConfigurationError, match=r"s\.json: expected JSON"):
            script_from("rules:", at="s.json")
        with pytest.raises(ConfigurationError, match=r"faults: 0\.fault: expected"):
            faults_from('[{"fault": "gremlins"}]')

    def test_a_script_as_people_write_it(self) -> None:
        script = script_from(
            '[{"last_two": "07", "calls": ["no_answer", {"status": "completed", "talk_s": 3}]},'
            ' {"calls": {"status": "voicemail", "answered": true}}]'
        )
        assert script.becomes("+14155550107", "a", 2, Random(1)) == Becomes(talk_s=3)
        assert script.becomes("+14155550108", "a", 1, Random(1)).picked_up


class TestDefaultScript:
    def test_every_number_is_covered_by_a_rule(self) -> None:
        for n in range(100):
            assert any(rule.fits(f"+141555501{n:02d}", "a") for rule in DEFAULT_SCRIPT.rules)

    def test_the_documentation_shows_the_table(self) -> None:
        rows = re.findall(
            r"^\| (\d\d)(?:–(\d\d))? \| ([a-z_, ]+?) ?[|(]",
            DOCS.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
        assert len(rows) == len(DEFAULT_SCRIPT.rules)
        for (first, last, calls), rule in zip(rows, DEFAULT_SCRIPT.rules, strict=True):
            assert rule.last_two == (int(first), int(last or first))
            assert ", then ".join(call.status for call in rule.calls) == calls
