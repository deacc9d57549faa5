"""The keys of a campaign file that say who is called, by whom, and what the agent is told."""

from __future__ import annotations

from campaigns.core.definition import PURPOSES
from campaigns.core.keys import NUMBER, SHARE, TEXT, Key, or_list

_FILE = "contacts:\n  file: appointments.csv\n"

WHO: tuple[Key, ...] = (
    Key(
        path="name",
        says="The identity of the campaign: submitting the same name again means the same one.",
        takes="1 to 63 of a-z 0-9 . _ -, the first a letter or digit",
        default="must be there (a CSV alone: <file>-<date>-<hash>)",
        example="name: harbor-dental-reminders",
        schema={"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,62}$"},
    ),
    Key(
        path="purpose",
        says="Why people are called: it chooses the rules (`campaigns rules list`).",
        takes=f"one of {', '.join(PURPOSES)}",
        default="none: the hours and caps of marketing hold, the strictest",
        example="purpose: appointment",
        schema={"enum": list(PURPOSES)},
    ),
    Key(
        path="agent_id",
        says="The provider's voice agent that talks. A touch's own comes before it, a row's own"
        " before both.",
        takes="an id without spaces, or a template over the columns that gives one",
        default="must be there; a column agent_id overrides it for one contact",
        example="agent_id: \"{{ 'agent_es' if language == 'es' else 'agent_en' }}\"",
        schema={"type": "string", "pattern": "^\\S+$|[{][{%]"},
    ),
    Key(
        path="from_number",
        says="The caller's number, verified at the provider. A contact keeps it in every retry. Of"
        " a list its key chooses one, evenly, and it keeps that in every touch and retry for as"
        " long as the list has it; then it gets another one.",
        takes="a number in E.164 (+ and the country code), a list of them, or a template over the"
        " columns",
        default="must be there; a column from_number overrides it for one contact",
        example='from_number: ["+16175550100", "+16175550101"]',
        schema=or_list(NUMBER),
    ),
    Key(
        path="max_duration",
        says="The longest a call may last; always sent.",
        takes="a duration from 1s to 4h; plain seconds are accepted",
        default="10m",
        example="max_duration: 2m",
        schema={"type": ["string", "integer"]},
    ),
    Key(
        path="recording",
        says="Whether the provider records the call.",
        takes="true or false",
        default="false",
        example="recording: false",
        schema={"type": ["boolean", "string"]},
    ),
    Key(
        path="consent",
        says="Whose word it is that people agreed to be called. Where a rule demands consent, as"
        " for marketing in the United States, no campaign starts without it.",
        takes="`attested` with a sentence that holds for everybody, or `column`",
        default="none",
        example='consent: {attested: "signed up at the desk, form 7 of 2026"}',
        schema={},
    ),
    Key(
        path="consent.attested",
        says="How everybody on the list agreed; it is kept with the campaign as its proof.",
        takes="a text",
        default="none: needed unless `column`",
        example='consent: {attested: "signed up at the desk, form 7 of 2026"}',
        schema=TEXT,
    ),
    Key(
        path="consent.column",
        says="The column that says it of each contact. An empty cell, no, false or 0 is no consent:"
        " the row is not called. yes, true, 1, x or the date of the consent is one.",
        takes="a column",
        default="none: needed unless `attested`",
        example="consent: {column: agreed_on}",
        schema=TEXT,
    ),
    Key(
        path="disclosure",
        says="What the agent has to say about itself. It reaches the agent as context.disclosure.",
        takes="a text, or a template over the columns",
        default="none",
        example='disclosure: "This is the automated assistant of Harbor Dental."',
        schema=TEXT,
    ),
    Key(
        path="contacts",
        says="The people to call: a CSV file, or rows in the file itself.",
        takes="a file name, or the keys below with `file` or `rows`",
        default="must be there",
        example="contacts: people.csv",
        schema=TEXT,
        word="FILE",
    ),
    Key(
        path="contacts.file",
        says="A CSV file, relative to this file. The delimiter (, ; tab |) is found. Of a pattern"
        " the newest is read: the last by name.",
        takes="a file name, or a pattern with * and ? such as appointments-*.csv",
        default="must be there, unless `rows`",
        example="contacts:\n  file: appointments.csv",
        schema=TEXT,
    ),
    Key(
        path="contacts.rows",
        says="The people, written here, each with the columns as keys.",
        takes="a list of keys and values",
        default="none",
        example="contacts:\n  rows:\n    - {to_number: +16175550123, patient: Ann Lee}",
        schema={"type": "array", "items": {"type": "object"}},
    ),
    Key(
        path="contacts.columns",
        says="Columns that contacts may have who are told one at a time; with them `rows` may be"
        " empty. A file has its own.",
        takes="a list of names",
        default="the columns of `rows`",
        example="contacts:\n  columns: [to_number, patient]\n  rows: []",
        schema={"type": "array", "items": {"type": "string"}, "minItems": 1},
    ),
    Key(
        path="contacts.file_is",
        says="What it means that a later list lacks a contact: it is withdrawn, or nothing.",
        takes="whole_list or additions",
        default="whole_list",
        example=_FILE + "  file_is: additions",
        schema={"enum": ["whole_list", "additions"]},
    ),
    Key(
        path="contacts.refresh",
        says="When the file is read again, as if it were submitted. A file that is missing, half"
        " written, too old or beyond a guard changes nothing: it is tried for an hour, and shown.",
        takes="a cron of five fields on the clock of schedule.timezone, in quotes",
        default="never: submit it again",
        example=_FILE + '  refresh: "30 2 * * *"\nschedule: {timezone: America/New_York}',
        schema=TEXT,
    ),
    Key(
        path="contacts.max_age",
        says="A file that was last written longer ago is not taken by a refresh.",
        takes="a duration such as 26h",
        default="any age",
        example=_FILE
        + '  refresh: "30 2 * * *"\n  max_age: 26h\nschedule: {timezone: Europe/Paris}',
        schema=TEXT,
    ),
    Key(
        path="contacts.max_withdrawn",
        says="A list that would withdraw more (and more than 5) changes nothing: half a file is no"
        " list.",
        takes="a share such as 20%",
        default="20%",
        example=_FILE + "  max_withdrawn: 20%",
        schema=SHARE,
    ),
    Key(
        path="contacts.max_rejected",
        says="A list with more bad rows (and more than 5) changes nothing, and a first one is not"
        " stored.",
        takes="a share such as 10%",
        default="10%",
        example=_FILE + "  max_rejected: 10%",
        schema=SHARE,
    ),
    Key(
        path="contacts.to_number",
        says="The column with the number to call.",
        takes="a column",
        default="the one among to_number, phone, phone_number, mobile, number …",
        example=_FILE + "  to_number: mobile",
        schema=TEXT,
    ),
    Key(
        path="contacts.key",
        says="The column that identifies a contact. A repeated key is a faulty row.",
        takes="a column",
        default="a column `key`, else the number: a number is called once in this campaign, ever",
        example=_FILE + "  key: appointment_id",
        schema=TEXT,
    ),
    Key(
        path="contacts.timezone",
        says="The column with each contact's zone, for calling hours.",
        takes="a column of IANA names",
        default="a column `timezone`, else only the number tells",
        example=_FILE + "  timezone: clinic_tz",
        schema=TEXT,
    ),
    Key(
        path="contacts.state",
        says="The column with each contact's state or province, for rules that differ by state. It"
        " holds beside the one that the number's area code tells: the strictest rule wins, and its"
        " zones must be open too.",
        takes="a column of states such as FL, Florida, US-FL, NSW or Ontario",
        default="none: only the number tells",
        example=_FILE + "  state: state",
        schema=TEXT,
    ),
    Key(
        path="contacts.region",
        says="The country whose national formats are read, such as 0412 345 678.",
        takes="a country by its two letters",
        default="none: only E.164 is read",
        example=_FILE + "  region: US",
        schema={"type": "string", "pattern": "^[A-Za-z]{2}$"},
    ),
    Key(
        path="contacts.where",
        says="Only rows for which this is true are called; the others are counted.",
        takes="a template over the columns",
        default="every row",
        example=_FILE + "  where: \"{{ status == 'booked' }}\"",
        schema=TEXT,
    ),
    Key(
        path="contacts.same_number",
        says="Rows with one number: called one after the other (`separate`), one call for those of"
        " one touch and day (`group`, which needs a key; templates have the rows as `group`), or"
        " all but the first are faulty (`refuse`).",
        takes="separate, group or refuse",
        default="separate where there is a key, else refuse",
        example=_FILE + "  key: appointment_id\n  same_number: group",
        schema={"enum": ["separate", "group", "refuse"]},
    ),
    Key(
        path="contacts.encoding",
        says="How the bytes of the file are read as text.",
        takes="an encoding such as utf-8, cp1252, utf-16",
        default="utf-8, with or without a byte order mark",
        example=_FILE + "  encoding: cp1252",
        schema=TEXT,
    ),
    Key(
        path="contacts.zone_evidence",
        says="Whose zones must be open: the column's and the number's, or the stated one alone.",
        takes="both or stated",
        default="both",
        example=_FILE + "  timezone: clinic_tz\n  zone_evidence: stated",
        schema={"enum": ["both", "stated"]},
    ),
    Key(
        path="context",
        says="What the agent is told about the contact; nothing else is sent.",
        takes="names with templates over the columns, or `all` for every spare column",
        default="nothing (a CSV alone: all)",
        example='context:\n  patient: "{{ patient }}"\n  when: "{{ appointment_at | spoken }}"',
        schema={"type": "object", "additionalProperties": {"type": "string"}},
        word="all",
    ),
)
