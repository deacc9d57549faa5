"""Which keys a campaign file has, which it will have, and the words of other tools.

A key that this version cannot obey is refused, never accepted and ignored: people would be called
otherwise than the file says. What was meant is answered in the person's own word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.core.columns import near
from campaigns.core.keys import Key
from campaigns.core.keys_hours import CALLING
from campaigns.core.keys_pace import PACE
from campaigns.core.keys_when import WHEN
from campaigns.core.keys_who import WHO
from campaigns.core.reading import Refused
from campaigns.core.weekhours import is_day_key

KEYS: Mapping[str, Key] = {key.path: key for key in (*WHO, *WHEN, *CALLING, *PACE)}

NOT_YET: Mapping[str, str] = {
    "account": "the account `default` dials",
    "dispositions": "results say how each call ended, not what was said",
    "notify": "use `campaigns watch` until then",
    "store": "transcripts and recordings stay at the provider",
}
"""Keys that are planned and refused, with what holds without them."""

_FOREIGN: Mapping[str, Mapping[str, str]] = {
    "": {
        "name": "id title campaign campaign_name campaign_id job_name",
        "agent_id": "agent assistant assistant_id bot bot_id voice_agent override_agent_id",
        "from_number": (
            "from caller_id callerid caller caller_number outbound_number phone_number_id "
            "agent_phone_number_id from_phone_number cli"
        ),
        "max_duration": "timeout call_timeout max_call_duration max_length max_duration_seconds",
        "recording": "record record_call recorded call_recording",
        "contacts": (
            "contact csv csv_file contact_list contacts_file recipients leads list people audience "
            "customers targets numbers phone_numbers calls tasks source file"
        ),
        "contacts.to_number": "to to_number phone phone_number mobile number destination column",
        "contacts.region": "country default_country default_region",
        "contacts.where": "filter condition segment",
        "contacts.same_number": "dedupe deduplicate duplicates",
        "context": (
            "variables dynamic_variables metadata data call_metadata call_context custom_data "
            "user_data request_data assistant_overrides retell_llm_dynamic_variables payload args"
        ),
        "schedule.start": "scheduled_at scheduled_time start_time start_at start_date begin when",
        "schedule.end": "end_time end_at end_date stop_at until expires_at",
        "schedule.timezone": "tz time_zone",
        "schedule.cron": "cron_expression recurrence repeat every",
        "calling_hours": (
            "hours business_hours call_window calling_window call_windows call_time_window window "
            "windows time_window working_hours quiet_hours allowed_hours dialing_hours"
        ),
        "retry.no_answer": "retry_delay retry_interval retry_after retry_delays delay backoff",
        "retry.max_attempts": "attempts tries max_tries",
        "pacing.starts_per_minute": "rate rate_limit cps calls_per_minute throttle",
        "pacing.concurrent_calls": "concurrency max_concurrent max_concurrency parallel batch_size",
        "pacing.first": "trial pilot canary test_calls approve_after approval",
        "notify": "webhook webhook_url callback callback_url notifications email",
        "caps": "frequency_cap max_calls_per_day daily_limit call_limit",
        "opt_out": "dnc do_not_call suppression suppressions",
    },
    "contacts": {
        "contacts.file": "path csv csv_file filename source url list",
        "contacts.rows": "people items data inline list_of_rows records",
        "contacts.to_number": "phone phone_number phone_column number to mobile number_column",
        "contacts.key": "id key_column id_column external_id contact_id unique unique_key",
        "contacts.timezone": "tz time_zone timezone_column zone",
        "contacts.state": "province state_column subdivision",
        "contacts.region": "country default_country default_region country_code",
        "contacts.where": "filter condition segment only",
        "contacts.same_number": "dedupe deduplicate duplicates",
        "contacts.encoding": "charset codec",
    },
    "schedule": {
        "schedule.start": "start_time start_at start_date begin from scheduled_at at not_before",
        "schedule.end": "end_time end_at end_date stop until to stop_at not_after",
        "schedule.timezone": "tz time_zone zone",
        "calling_hours": "hours days calling_hours window business_hours weekdays",
        "schedule.anchor": "appointment appointment_at event relative_to base",
        "schedule.touches": "offsets reminders steps sequence cadence",
        "schedule.cron": "repeat every recurrence",
    },
    "calling_hours": {
        "calling_hours.timezone": "tz time_zone zone",
        "calling_hours.closed": "except exclude excluded blackout blackouts off skip",
        "calling_hours.holidays": "public_holidays bank_holidays holiday holiday_calendar",
        "calling_hours.rules": "rule rule_packs packs compliance tcpa jurisdictions",
        "calling_hours.open": "extra special exceptions include overrides",
        "schedule.start": "start_date",
        "schedule.end": "end_date",
    },
    "pacing": {
        "pacing.starts_per_minute": "rate rate_limit cps calls_per_minute per_minute throttle",
        "pacing.concurrent_calls": "concurrency max_concurrent max_concurrency parallel",
        "pacing.first": "trial pilot canary sample approve_after approval",
    },
    "retry": {
        "retry.max_attempts": "attempts tries max_tries max count total_attempts",
        "retry.no_answer": "delay interval wait backoff after delays unanswered noanswer waits",
        "retry.voicemail": "answering_machine machine amd vm",
        "retry.failed": "failure error errors",
    },
}
_LONGEST_KEY = 60
_RETRY_COUNTS = frozenset({"max_retries", "retries", "retry_count", "retry_attempts", "max_retry"})
_SAYS = {
    "delimiter": "remove it: the delimiter is found",
    "separator": "remove it: the delimiter is found",
    "prompt": "the prompt belongs to the agent at the provider; send data with `context`",
    "completed": "a call that was answered is never repeated",
}
_PROMPTS = frozenset({"prompt", "system_prompt", "first_message", "script", "task", "message"})
_NOTES = frozenset({"description", "note", "notes", "comment", "version", "labels", "tags"})


def children(section: str) -> tuple[str, ...]:
    """The names that this version reads within a section; ``""`` is the top level."""
    return _last_parts(section, KEYS)


def unknown(section: str, key: str, value: Any, *, hints: bool = True) -> Refused | None:
    """Why a key cannot stand here; None: it can. Hints cost time, which many keys add up."""
    path = f"{section}.{key}" if section else key
    if path in KEYS and key != "DAYS":
        return None
    if section == "calling_hours" and is_day_key(key):
        return None
    if not section and key.startswith("x-"):
        return None
    if path in NOT_YET:
        return not_yet(NOT_YET[path])
    return Refused(
        f"a key of {section or 'a campaign file'}",
        got="an unknown one",
        hint=_hint(section, key[:_LONGEST_KEY], value) if hints else "",
    )


def not_yet(instead: str) -> Refused:
    """The refusal of what a later version will read."""
    return Refused("nothing here", got="something that is not yet supported", hint=instead)


def planned(path: str) -> str | None:
    """What holds without a planned key, or without the planned section that it is in."""
    while path:
        if path in NOT_YET:
            return NOT_YET[path]
        path = path.rpartition(".")[0]
    return None


def _hint(section: str, key: str, value: Any) -> str:
    word = key.strip().lower().replace("-", "_").replace(" ", "_")
    if word in _RETRY_COUNTS:
        count = value.strip() if isinstance(value, str) else ""
        more = f"write max_attempts: {int(count) + 1}" if _small(count) else "write one more"
        under = "" if section == "retry" else "under retry, "
        return f"{under}max_attempts counts the first call: {more}"
    if word in _PROMPTS:
        return _SAYS["prompt"]
    if word in _SAYS:
        return _SAYS[word]
    for ours, theirs in _FOREIGN.get(section, {}).items():
        if word in theirs.split():
            return _here_it_is(section, ours)
    if not section and word in _NOTES:
        return f"keys for your own use start with x-: x-{word}"
    parents = _parents(word, KEYS)
    if parents and word not in children(section):
        return f"write it under {' or '.join(parents)}"
    close = near(key, (*children(section), *_last_parts(section, NOT_YET)))
    if close is not None:
        return f"did you mean {close}?"
    parents = _parents(word, NOT_YET)
    if parents:
        return f"it belongs under {' or '.join(parents)}, but is not yet supported"
    return f"known here: {', '.join(children(section))}"


def _here_it_is(section: str, path: str) -> str:
    parent, _, key = path.rpartition(".")
    soon = "; that is not yet supported either" if planned(path) else ""
    if parent == section:
        return f"it is called {key} here{soon}"
    return f"write {key} under {parent}{soon}" if parent else f"write {key} at the top level{soon}"


def _parents(key: str, paths: Mapping[str, Any]) -> list[str]:
    """The sections of the top level, or it, in which a key of this name stands."""
    split = (path.rpartition(".") for path in paths if path.count(".") < 2)
    return [parent or "the top level" for parent, _, last in split if last == key]


def _last_parts(section: str, paths: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(path.rpartition(".")[2] for path in paths if path.rpartition(".")[0] == section)


def _small(count: str) -> bool:
    return count.isascii() and count.isdigit() and len(count) < 4
