"""What an edited file would change: its contacts against the stored ones, by key, streaming."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from campaigns.bootstrap import Installation
from campaigns.cli import state
from campaigns.cli.loading import Loaded, entries
from campaigns.cli.seen import Seen
from campaigns.core.contacts import Contact
from campaigns.core.figures import StoredContact
from campaigns.core.records import CampaignRow

_CHUNK = 500
_SETTINGS = ("agent_id", "from_number", "max_duration_s", "recording")


def differences(loaded: Loaded, row: CampaignRow, installation: Installation) -> str:
    """`3 added, 1 changed, 0 withdrawn, other settings`."""
    added, changed, kept = _compare(loaded, row, installation)
    total = state.look(installation, lambda reads: reads.contact_count(row.id))
    stored = state.look(installation, lambda reads: reads.stored_definition(row.id, row.version))
    other = ["other settings"] if stored != loaded.definition else []
    withdrawn = total - changed - kept
    said = [f"{added:,} added", f"{changed:,} changed", f"{withdrawn:,} withdrawn", *other]
    return ", ".join(said)


def _compare(loaded: Loaded, row: CampaignRow, installation: Installation) -> tuple[int, int, int]:
    """(added, changed, unchanged) contacts of the list."""
    added = changed = kept = 0
    contacts = (entry for entry in entries(loaded) if isinstance(entry, Contact))
    with Seen() as seen:
        first = (one for one in contacts if seen.first_line(one.key, one.line) is None)
        while chunk := list(islice(first, _CHUNK)):
            there = _stored(installation, row.id, [one.key for one in chunk])
            for one in chunk:
                if one.key not in there:
                    added += 1
                elif _same(one, there[one.key]):
                    kept += 1
                else:
                    changed += 1
    return added, changed, kept


def _stored(
    installation: Installation, campaign_id: int, keys: Sequence[str]
) -> dict[str, StoredContact]:
    return dict(state.look(installation, lambda reads: reads.stored_contacts(campaign_id, keys)))


def _same(contact: Contact, stored: StoredContact) -> bool:
    settings = {name: getattr(contact, name) for name in _SETTINGS}
    return (
        contact.to_number == stored.to_number
        and contact.zones == stored.zones
        and dict(contact.fields) == dict(stored.fields)
        and {name: value for name, value in settings.items() if value is not None}
        == dict(stored.settings)
    )
