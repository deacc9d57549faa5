"""./campaigns on a machine that has Python and nothing else; later starts only hand over.

The installing itself is replaced by a recorder: what is held here is the order, the stamp, the
lock and every message. CI starts from nothing, and so installs for real.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.processes import wait_until

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")

RECORDER = """
import sys, time, pathlib
sys.path.insert(0, {tools!r})
import environment

def run(step, command, lock):
    with open({record!r}, "a") as record:
        record.write(step + "\\n")
    python = environment.VENV / "bin" / "python"
    if "venv" in command:
        python.parent.mkdir(parents=True)
        python.symlink_to(sys.executable)
        (python.parent / "pip").touch()
    time.sleep({pause})

environment.run = run
sys.exit(environment.main(*sys.argv[1:]))
"""


class Tree:
    """A copy of what the launchers need, whose installer only writes down what it would do."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "tools").mkdir(parents=True)
        for name in ("campaigns", "test", "pyproject.toml", "tools/environment.sh", *LOCKS):
            shutil.copy(ROOT / name, root / name)
        self.record = root.parent / "record"
        self.installs_for(0)

    def installs_for(self, pause: float) -> None:
        """How long each step of the installer takes."""
        real = self.root / "real"
        real.mkdir(exist_ok=True)
        shutil.copy(ROOT / "tools/environment.py", real / "environment.py")
        text = (real / "environment.py").read_text()
        where = f'ROOT = Path("{self.root}")'
        text = re.sub(r"^ROOT = .*$", where, text, flags=re.MULTILINE)
        (real / "environment.py").write_text(text)
        (self.root / "tools/environment.py").write_text(
            RECORDER.format(tools=str(real), record=str(self.record), pause=pause)
        )

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.root / "campaigns", *arguments],
            env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"} | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.root.parent,
            start_new_session=True,
        )

    def run(self, *arguments: str, **environ: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **environ)
        out, err = process.communicate(timeout=30)
        return process.returncode, out, err

    @property
    def steps(self) -> list[str]:
        return self.record.read_text().splitlines() if self.record.exists() else []


ALL = ["make .venv", "install the pinned packages", "install campaigns itself"]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "a tree")


def hands_over(err: str) -> bool:
    """There is no such package in the copied tree: Python saying so means it was asked."""
    return "No module named campaigns" in err


def test_the_first_start_says_one_line_and_hands_over(tree: Tree) -> None:
    _, out, err = tree.run("--help")
    assert out == ""
    said = err.splitlines()
    assert said[0].startswith("campaigns: first start: installing into .venv")
    assert hands_over(said[1])
    assert tree.steps == ALL


def test_later_starts_are_silent(tree: Tree) -> None:
    tree.run()
    _, _, err = tree.run()
    assert len(err.splitlines()) == 1
    assert tree.steps == ALL


def test_no_home_is_needed(tree: Tree, tmp_path: Path) -> None:
    assert hands_over(tree.run(HOME="/nonexistent")[2])


def test_it_may_be_reached_through_links(tree: Tree, tmp_path: Path) -> None:
    tree.run()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "there").symlink_to(tree.root / "campaigns")
    (tmp_path / "here").symlink_to("bin/there")
    done = subprocess.run([tmp_path / "here"], capture_output=True, text=True)
    assert hands_over(done.stderr)
    assert tree.steps == ALL


def test_arguments_directory_and_exit_code_pass_through(tree: Tree, tmp_path: Path) -> None:
    tree.run()
    package = tmp_path / "site" / "campaigns"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text(
        "import os, sys\nprint(sys.argv[1:], os.getcwd())\nsys.exit(7)\n"
    )
    # A file of the caller's directory must not stand in for a library.
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    code, out, _ = tree.run("submit", "a b", "", PYTHONPATH=str(package.parent))
    assert (code, out) == (7, f"['submit', 'a b', ''] {tmp_path}\n")


@pytest.mark.parametrize("changed", ["pyproject.toml", *LOCKS])
def test_a_changed_lock_is_followed(tree: Tree, changed: str) -> None:
    tree.run()
    with (tree.root / changed).open("a") as file:
        file.write("# changed\n")
    assert "bringing .venv up to date" in tree.run()[2]
    assert tree.steps == ALL + ALL[1:]
    tree.run()
    assert len(tree.steps) == 5


def test_a_killed_first_start_is_made_again(tree: Tree) -> None:
    tree.installs_for(30)
    process = tree.start()
    wait_until(lambda: tree.steps == ALL[:1], within=10, what="the first step")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    tree.installs_for(0)
    _, _, err = tree.run()
    assert "making .venv again" in err
    assert tree.steps == ALL[:1] + ALL


def test_two_first_starts_make_one_environment(tree: Tree) -> None:
    tree.installs_for(0.3)
    first = tree.start()
    wait_until(lambda: bool(tree.steps), within=10, what="the first step")
    _, _, err = tree.run()
    assert err.splitlines()[0].endswith("waiting for another start that is making the environment")
    assert hands_over(err)
    assert hands_over(first.communicate(timeout=30)[1])
    assert tree.steps == ALL


def test_a_moved_tree_makes_its_own(tree: Tree) -> None:
    tree.run()
    moved = tree.root.rename(tree.root.with_name("moved"))
    tree.root = moved
    tree.installs_for(0)
    assert "making .venv again" in tree.run()[2]


def test_somebody_else_s_environment_is_used_not_removed(tree: Tree) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tree.root / ".venv"], check=True)
    (tree.root / ".venv" / "theirs").touch()
    tree.run()
    assert (tree.root / ".venv" / "theirs").exists()
    assert tree.steps == ["add pip to .venv", *ALL[1:]]


def test_the_tests_environment_serves_the_program_too(tree: Tree) -> None:
    subprocess.run([tree.root / "test"], env={"PATH": "/usr/bin:/bin"} | _python(), check=False)
    assert tree.steps == ALL
    tree.run()
    assert tree.steps == ALL


def _python() -> dict[str, str]:
    return {"PYTHON": sys.executable}


def _only(tmp_path: Path, **scripts: str) -> str:
    """A PATH with the shell's tools and these programs alone."""
    tools = tmp_path / "only"
    tools.mkdir()
    for name in ("sh", "cat", "cksum", "dirname", "readlink"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    for name, answer in scripts.items():
        (tools / name).write_text(f"#!/bin/sh\necho {answer}\n")
        (tools / name).chmod(0o755)
    return str(tools)


def test_without_python_it_says_what_to_do(tree: Tree, tmp_path: Path) -> None:
    code, _, err = tree.run(PATH=_only(tmp_path))
    assert code == 3
    assert err.startswith("campaigns: needs Python 3.11 or newer: install one (apt-get install")
    assert len(err.splitlines()) == 1


def test_with_an_old_python_too(tree: Tree, tmp_path: Path) -> None:
    code, _, err = tree.run(PATH=_only(tmp_path, python3="old 3.9"))
    assert code == 3
    assert err.startswith("campaigns: needs Python 3.11 or newer, found only 3.9: install one")


def test_python_without_its_venv_module(tree: Tree, tmp_path: Path) -> None:
    code, _, err = tree.run(PATH=_only(tmp_path, python3="bare 3.12"))
    assert code == 3
    assert err == (
        "campaigns: Python 3.12 is here, but without its venv module:"
        " apt-get install python3.12-venv\n"
    )


def test_the_locks_agree_with_each_other() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    known = {
        package["name"]: (
            package["version"],
            {
                file["hash"]
                for file in [*package.get("wheels", ()), package.get("sdist")]
                if file is not None
            },
        )
        for package in lock["package"]
        if "virtual" not in package["source"] and "editable" not in package["source"]
    }
    pinned = [_pinned((ROOT / name).read_text()) for name in LOCKS]
    for requirements in pinned:
        for name, pin in requirements.items():
            assert pin == known[name], name
    run, dev = pinned
    assert run.items() <= dev.items()
    assert set(dev) == set(known)


def test_the_lock_was_made_from_this_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    (ours,) = (package for package in lock["package"] if package["name"] == "campaigns")
    asked = {_requirement(text) for text in project["project"]["dependencies"]}
    asked |= {_requirement(text) for text in project["project"]["optional-dependencies"]["dev"]}
    found = {
        (entry["name"], frozenset(filter(None, entry.get("specifier", "").split(","))))
        for entry in ours["metadata"]["requires-dist"]
    }
    assert found == asked, "run tools/lock"


@pytest.mark.parametrize("name", ["uv.lock", *LOCKS])
def test_the_locks_name_no_host_but_the_public_registry(name: str) -> None:
    hosts = set(re.findall(r"\w+://([^/\"\s]+)", (ROOT / name).read_text()))
    assert hosts <= {"pypi.org", "files.pythonhosted.org"}


def _requirement(text: str) -> tuple[str, frozenset[str]]:
    match = re.match(r"([\w.-]+)(?:\[[^]]*\])?([^;]*)", text)
    assert match is not None
    name = re.sub(r"[-_.]+", "-", match[1]).lower()
    return name, frozenset(filter(None, match[2].replace(" ", "").split(",")))


def _pinned(text: str) -> dict[str, tuple[str, set[str]]]:
    entry = r"^([\w.-]+)==(\S+)((?:.*\\\n)(?:    --hash=\S+(?: \\)?\n)+)"
    entries = re.findall(entry, text, re.MULTILINE)
    return {
        name: (version, set(re.findall(r"--hash=(\S+)", rest))) for name, version, rest in entries
    }
