"""docs/rules.md, made from the rule packs themselves: `python -m campaigns.cli.rules_page`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from campaigns.core.rules import Rule, packs, said

_HEAD = """\
# Rules

**Not legal advice.** What stands here was gathered with care and may be wrong, out of date, or not
meant for your calls. A lawyer decides what holds for you.

Made by `python -m campaigns.cli.rules_page`; a test holds it against the data.

## How they hold

A rule is a row: for one place and some purposes, with hours, days, caps, and what has to be there
before anybody is called. It has a source, a date, a date of review, and a certainty.

- **Where.** A phone may be where its number's area code says, and where the list says
  (`contacts.state`). The rows of all these places hold, and those of the file: a phone rings only
  when everything is open, and the strictest cap counts. Hours are of the clock beside the phone.
- **For whom.** `purpose` chooses the rows. A file without one has the hours and caps of marketing.
- **How surely.** A: the text of a statute or regulator, or several law firms that agree. B: one
  good secondary source. C: sources that conflict, or a single one. A and B hold by themselves. A
  row of C is off, and `check` names it; it holds once its key, or its pack, stands in
  `calling_hours.rules`. Naming a pack turns on all of its C rows.
- **Default deny.** Nobody is called in a country without a row of its own. The rows of the EU open
  no member state that has none: hours are national. A campaign that names the pack `eu` says that
  it knows them, and writes them.
- **Consent.** Where a row that holds asks for it, a campaign with that purpose does not start
  without `consent`, attested or by a column. A missing `disclosure` refuses a marketing campaign
  and is warned of for others.
- **Review.** Past its date a row is warned of for 30 days; then no campaign starts that it would
  bind, until a newer version has a newer row.
- **None.** `calling_hours: {rules: none}` switches every rule off, default deny too. It is said by
  `check`; hours, caps, consent and disclosure of every law are yours then.

`campaigns rules list --place US-FL --purpose marketing` shows what holds for a phone there, and
`campaigns rules show KEY` one row."""

_TAIL = """\
## What the engine cannot check

Whoever launches a campaign answers for these:

- **Registration.** Seller, telemarketer or sender registration and bonds: Texas and other states,
  the DNCL in Canada, DLT headers in India.
- **Do-not-call registries.** Screening against national and state lists: in the US a copy of the
  national one at most 31 days old, the DNCL, TPS and CTPS, DNCR, NCPR, Robinson
  lists. The engine keeps the internal list: an opt-out counts at once and everywhere.
- **Reassigned numbers.** A query of the Reassigned Numbers Database gives a safe harbour in the US.
- **Caller ID.** The number is yours, verified, answers when called back, and is never rotated to
  dodge a cap.
- **What is said.** The agent says the disclosure at the start and offers a way to opt out; the
  engine hands it the text, and cannot hear.
- **Abandonment.** At most 3 % of live answers in 30 days in the US and 5 % a month in Canada, none
  in the UK; a greeting within 2 seconds of the answer.
- **Recording.** All parties agree in CA, FL, IL, MD, MA, MT, NH, PA and WA, and perhaps in CT, DE,
  MI, NV and OR. It is off unless the file says `recording: true`, which says that it is announced.
- **Proof.** That consent was given, for this purpose, lately enough, and is kept as long as the law
  asks.
- **Business numbers, healthcare, politics, charities.** They have rules of their own that no row
  here has."""


def page() -> str:
    """The whole page."""
    return "\n\n".join([_HEAD, *_packs(), _TAIL]) + "\n"


def _packs() -> Iterator[str]:
    yield "## The rows"
    for name, rows in packs().items():
        yield f"### `{name}`"
        yield _table(rows)


def _table(rows: Sequence[Rule]) -> str:
    lines = ["| row | for | hours | caps | asks for | what it says | source | sure | until |"]
    lines.append("|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        cells = (
            f"`{row.key}` {row.place}",
            said.purposes(row),
            said.hours(row),
            said.caps(row),
            said.asks(row),
            row.says,
            row.source,
            row.certainty.value,
            row.review_by.isoformat(),
        )
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(page())
