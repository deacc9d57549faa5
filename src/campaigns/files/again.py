"""The list of a known campaign, read again from where it was read before."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from campaigns.core.contacts import ContactReader
from campaigns.core.definition import Definition
from campaigns.core.rules.demands import Watched
from campaigns.core.runs import Origin
from campaigns.files import csv_table
from campaigns.files.campaign_file import digest_of
from campaigns.files.finding import newest
from campaigns.files.rows import EntriesOf
from campaigns.ports import FreshList


def read_again(definition: Definition, origin: Origin) -> FreshList:
    """The list as it is now. Raises DefinitionError for what is no list of this campaign."""
    file = definition.contacts.file
    assert file is not None
    path, shown = newest(Path(origin.path).parent, file)
    table = csv_table.read(path, shown, encoding=definition.contacts.encoding)
    reader = ContactReader(definition, table.header, default_region=None)
    return FreshList(
        header=table.header,
        digest=digest_of(bytes.fromhex(origin.document), table.digest, origin.filled),
        name=path.name,
        written_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        # A row past its review date stops no call, so it refuses no list that takes some back.
        entries=Watched(EntriesOf(table, reader), definition, None),
    )
