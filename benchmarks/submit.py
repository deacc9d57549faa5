"""Rows per second and memory of a submission, on SQLite and PostgreSQL.

    python -m benchmarks.submit [ROWS]

Each figure comes from a process of its own. The baseline in the same run is what any import has
to do: read the list with csv and insert its rows with executemany, without checking anything.
"""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import Column, Integer, MetaData, Table, Text, create_engine, insert

from campaigns.cli.loading import Loaded, entries
from campaigns.core.calls import Limit
from campaigns.core.contacts import ContactReader
from campaigns.engine.parts import Parts
from campaigns.engine.submit import Submission, submit
from campaigns.files import campaign_file
from campaigns.machine import MachineClock, SilentDoorbell, SystemDice
from campaigns.store import schema
from campaigns.store.database import Database
from tests.support.postgres import PostgresServer
from tests.support.secret import KEYS

YAML = """name: big
agent_id: agent
from_number: "+16175550100"
contacts: {file: big.csv, key: id}
context: {name: "{{ name }}", when: "{{ at | spoken }}"}
schedule: {timezone: America/New_York}
"""


def write_list(where: Path, rows: int) -> Path:
    """A list of so many people in four time zones, and its campaign file."""
    with (where / "big.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "to_number", "name", "at"])
        for n in range(rows):
            area = (617, 312, 303, 415)[n % 4]
            number = f"+1{area}{2000000 + n % 7_000_000:07d}"
            writer.writerow([f"k{n}", number, f"Person {n}", f"2026-12-{1 + n % 28:02d} 14:30"])
    (where / "big.yaml").write_text(YAML)
    return where / "big.yaml"


def ours(path: Path, url: str) -> int:
    """Everything `campaigns submit` does with a list; how many contacts were accepted."""
    database = Database(url, keys=KEYS)
    schema.upgrade(database, kind="rehearsal")
    limits = {Limit.START: schema.LimitOf(count=10, window=timedelta(seconds=60))}
    schema.ensure_account(database, "default", limits=limits, spacing=timedelta(seconds=1))
    parts = Parts(
        store=database,
        clock=MachineClock(),
        dice=SystemDice(),
        doorbell=SilentDoorbell(),
        dialers=lambda _: None,  # type: ignore[arg-type, return-value]  # nobody dials here
        hook_url=lambda _: None,
    )
    source = campaign_file.load(path, today=date(2026, 11, 21))
    reader = ContactReader(source.definition, source.header, default_region=None)
    loaded = Loaded(source=source, reader=reader)
    submission = Submission(
        definition=source.definition,
        digest=source.digest,
        header=source.header,
        source="big.csv",
        entries=entries(loaded),
    )
    accepted = submit(submission, parts, who="benchmark").counts.accepted
    database.close()
    return accepted


def baseline(path: Path, url: str) -> int:
    """csv and executemany into one bare table, in chunks of the same size."""
    engine = create_engine(url)
    metadata = MetaData()
    columns = [Column(name, Text) for name in ("key", "to_number", "name", "at")]
    table = Table("bare", metadata, Column("id", Integer, primary_key=True), *columns)
    metadata.create_all(engine)
    count = 0
    with path.with_suffix(".csv").open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        while chunk := list(islice(rows, 500)):
            values = [
                dict(zip(("key", "to_number", "name", "at"), row, strict=True)) for row in chunk
            ]
            with engine.begin() as connection:
                connection.execute(insert(table), values)
            count += len(chunk)
    engine.dispose()
    return count


def measured(what: str, path: Path, url: str) -> dict[str, float]:
    """One figure, from a process of its own."""
    argv = [sys.executable, "-m", "benchmarks.submit", "--one", what, str(path), url]
    said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(said)
    return found


@contextmanager
def databases(where: Path) -> Iterator[dict[str, tuple[str, str]]]:
    """name → (URL for ours, URL for the baseline)."""
    server = PostgresServer()
    server.start()
    try:
        sqlite = f"sqlite:///{where}"
        admin = server.admin_url
        yield {
            "SQLite": (f"{sqlite}/ours.db", f"{sqlite}/bare.db"),
            "PostgreSQL": (admin, admin),
        }
    finally:
        server.close()


def main(rows: int) -> None:
    """Print the table."""
    for count in (rows // 10, rows):
        with tempfile.TemporaryDirectory() as name, databases(Path(name)) as urls:
            path = write_list(Path(name), count)
            for database, (url, bare) in urls.items():
                floor = measured("baseline", path, bare)
                found = measured("ours", path, url)
                print(
                    f"{count:>9,} rows  {database:<10}  {found['rows_per_s']:>8,.0f} rows/s"
                    f"  peak {found['rss_mb']:.0f} MB"
                    f"  ({found['rows_per_s'] / floor['rows_per_s']:.2f} of csv + executemany)"
                )


def one(what: str, path: Path, url: str) -> None:
    """Measure in this process."""
    began = time.perf_counter()
    count = ours(path, url) if what == "ours" else baseline(path, url)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows_per_s": count / seconds, "rss_mb": peak, "rows": count}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
