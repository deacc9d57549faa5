"""The directory where one user's calls, do-not-call list and limiter live.

Nobody else may read it: directories 0700, files 0600. A directory that was there before is never
re-permissioned, because it may be somebody's; everything we add to it is private by itself.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from campaigns.errors import ConfigurationError, Conflict, Fault

SECRET = "secret"  # noqa: S105
PRIVATE = 0o700
_SHORTEST_SECRET = 32
_ANYBODY_WRITES = 0o002


def create(home: Path) -> bool:
    """Make sure the home exists; True when it is new (it was not there, or empty)."""
    try:
        made = _made(home)
        mode = home.stat().st_mode
        empty = made or not any(home.iterdir())
    except OSError as problem:
        raise _unusable(home, problem.strerror or "an error") from None
    if mode & _ANYBODY_WRITES:
        raise _unusable(home, "one that anybody may write to", cure=f"chmod 700 {home}")
    if not os.access(home, os.W_OK | os.X_OK):
        raise _unusable(home, "one that is not writable")
    return empty


def private_dir(path: Path) -> Path:
    """A directory of ours inside the home, 0700 whatever the umask."""
    try:
        path.mkdir(mode=PRIVATE, exist_ok=True)
        if stat.S_IMODE(path.stat().st_mode) != PRIVATE:
            path.chmod(PRIVATE)
    except OSError as problem:
        raise _unusable(path, problem.strerror or "an error") from None
    return path


def write_private(path: Path, text: str) -> None:
    """Replace a file at once and durably; readers see the old text or the new, never a part."""
    draft = _draft(path, text)
    try:
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def ensure_secret(home: Path) -> str:
    """The secret that keys webhook tokens and stored secrets; made once, then never replaced."""
    path = home / SECRET
    if not path.exists():
        draft = _draft(path, secrets.token_urlsafe(32) + "\n")
        try:
            os.link(draft, path)  # because of two that start at once, only one may win
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    try:
        path.chmod(0o600)
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        secret = ""
    if len(secret) < _SHORTEST_SECRET:
        hint = "bring it back from a backup; a new one makes the webhooks of open calls void"
        raise ConfigurationError(
            [
                Fault(
                    at=str(path),
                    expected=f"a readable secret of {_SHORTEST_SECRET} characters or more",
                    hint=hint,
                )
            ]
        )
    return secret


@contextmanager
def throwaway(keep: Path | None = None) -> Iterator[Path]:
    """A home for one rehearsal, removed at the end; `keep` names one that stays."""
    if keep is not None:
        if not create(keep.absolute()):
            raise Conflict(f"{keep} is not empty: name a new directory to keep the rehearsal in")
        yield keep.absolute()
        return
    home = Path(tempfile.mkdtemp(prefix="campaigns-rehearsal-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _made(home: Path) -> bool:
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=PRIVATE)
    except FileExistsError:
        return False
    home.chmod(PRIVATE)
    return True


def _draft(path: Path, text: str) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _unusable(path: Path, got: str, cure: str = "") -> ConfigurationError:
    hint = cure or "CAMPAIGNS_HOME names another"
    expected = "a directory for the state that is yours to write"
    return ConfigurationError([Fault(at=str(path), expected=expected, got=got, hint=hint)])
