"""Makes .venv from the lock files, with nothing but the standard library.

Called by environment.sh when the stamp in .venv is not the one wanted. Safe to start twice (one
waits for the other) and to kill at any instant (a half-made environment is made again).
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".campaigns"
HALF_MADE = VENV / ".half-made"
LOG = VENV / "install.log"
LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}

# Settings of the caller's that would send the packages somewhere else than into .venv.
UNWANTED = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV")


class Failed(Exception):
    """Said to the person on one line."""


def say(text: str) -> None:
    """One line on stderr: stdout belongs to the command that follows."""
    print(f"campaigns: {text}", file=sys.stderr, flush=True)


@contextmanager
def only_one() -> Iterator[int]:
    """Hold the lock on the repository's directory; yields its descriptor.

    The installers inherit the descriptor, so the lock outlives this process for as long as one
    of them still writes into .venv.
    """
    descriptor = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another start that is making the environment")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def run(step: str, command: list[str], lock: int) -> None:
    """Run one installer with its output in the log; its last complaint becomes ours."""
    environment = {k: v for k, v in os.environ.items() if k not in UNWANTED}
    with LOG.open("ab") as log:
        code = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=environment,
            pass_fds=(lock,),
            check=False,
        ).returncode
    if code == 0:
        return
    raise Failed(f"could not {step}: {complaint() or code} (all of it: {LOG}), start again")


def complaint() -> str:
    """The line of the log that says most about why an installer gave up."""
    lines = LOG.read_text(errors="replace").splitlines()
    if any("connection broken by" in line for line in lines):
        return "the package registry cannot be reached"
    for mark in ("ERROR:", "Error:", ""):
        for line in lines:
            if mark in line and line.strip():
                return line.strip().removeprefix("ERROR: ")
    return ""


def base_python() -> str:
    """The interpreter by its real name: /usr/bin/python3 may be another version tomorrow."""
    base: str = getattr(sys, "_base_executable", sys.executable)
    return os.path.realpath(base) if sys.platform == "linux" else base


def runs(python: Path) -> bool:
    """Whether an environment that somebody else made can be used."""
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([python, "-I", "-c", check], check=False).returncode == 0
    except OSError:
        return False


def prepare() -> str:
    """Clear away what cannot be built upon, and say what is going to happen."""
    if not VENV.exists():
        return "first start: installing into .venv (once, about 20 seconds)"
    stamp = STAMP.read_text() if STAMP.exists() else ""
    sound = runs(VENV / "bin" / "python")
    if HALF_MADE.exists() or (stamp and not (sound and stamp.rstrip("\n").endswith(f" {ROOT}"))):
        shutil.rmtree(VENV)
        return "making .venv again (about 20 seconds)"
    if not sound:
        raise Failed(f"{VENV} is not a usable environment of Python 3.11 or newer: remove it")
    return "bringing .venv up to date"


def make(profile: str, wanted: str, lock: int) -> None:
    """Build or update the environment; the stamp is written last."""
    say(prepare())
    VENV.mkdir(exist_ok=True)
    HALF_MADE.touch()
    STAMP.unlink(missing_ok=True)
    LOG.unlink(missing_ok=True)
    python = str(VENV / "bin" / "python")
    if not Path(python).exists():
        run("make .venv", [base_python(), "-I", "-m", "venv", str(VENV)], lock)
    elif not (VENV / "bin" / "pip").exists():
        run("add pip to .venv", [python, "-I", "-m", "ensurepip"], lock)
    # Byte code is made when a module is first used: compiling everything doubles the wait.
    pip = [python, "-I", "-m", "pip", "--disable-pip-version-check", "install"]
    pip += ["--no-input", "--no-compile"]
    if not os.access(Path.home(), os.W_OK):
        pip.append("--no-cache-dir")
    run(
        "install the pinned packages",
        [*pip, "--require-hashes", "--only-binary=:all:", "-r", str(LOCKS[profile])],
        lock,
    )
    run(
        "install campaigns itself",
        [*pip, "--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT)],
        lock,
    )
    unfinished = STAMP.with_suffix(".new")
    unfinished.write_text(f"{profile} {wanted}\n")
    HALF_MADE.unlink()
    unfinished.replace(STAMP)


def main(profile: str, wanted: str) -> int:
    """Make the environment unless another start just did."""
    try:
        with only_one() as lock:
            stamp = STAMP.read_text().rstrip("\n") if STAMP.exists() else ""
            if stamp.startswith("dev "):
                profile = "dev"
            usable = (VENV / "bin" / "python").exists()
            if not (usable and stamp in {f"dev {wanted}", f"{profile} {wanted}"}):
                make(profile, wanted, lock)
    except Failed as problem:
        say(str(problem))
        return 3
    except OSError as problem:
        say(f"cannot write the environment: {problem}")
        return 3
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
