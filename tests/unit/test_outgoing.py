"""Who may open a connection to the outside: a list, so that a new caller is a decision.

An address that came from a person's list or from the provider is never fetched (SECURITY.md).
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = {
    "aiohttp", "ftplib", "http.client", "httpcore", "httpx", "requests", "smtplib",
    "urllib.request", "urllib3", "websockets", "xmlrpc.client",
}  # fmt: skip
CALLERS = {
    "src/campaigns/client/http.py": "for programs that ask our own API; the engine never does",
    "src/campaigns/provider/wire.py": "the provider's URL, with the key",
    "src/campaigns/provider/failures.py": "names the errors of the same",
    "src/campaigns/cli/services.py": "asks the processes of this machine whether they are up",
    "src/campaigns/simulator/delivery.py": "the simulator's own webhooks, in a rehearsal",
    "src/campaigns/simulator/peek.py": "asks the simulator what comes next, in a rehearsal",
}
SOCKETS = {
    "src/campaigns/embedded": "the broker and the ports of this machine",
    "src/campaigns/web/server.py": "listens",
    "src/campaigns/cli/services.py": "looks for a free port",
    "src/campaigns/provider/guard.py": "shuts the socket of its own request",
    "src/campaigns/provider/wire.py": "the same",
}


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _users(modules: set[str]) -> set[str]:
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "workers").rglob("*.py")]
    return {str(path.relative_to(ROOT)) for path in files if _imports(path) & modules}


def test_only_these_files_make_requests() -> None:
    assert _users(CLIENTS) <= set(CALLERS)


def test_sockets_are_for_this_machine() -> None:
    simulator = {name for name in _users({"socket"}) if "/simulator/" in name}
    rest = _users({"socket"}) - simulator
    assert {name for name in rest if not name.startswith(tuple(SOCKETS))} == set()


def test_the_list_names_no_one_who_has_stopped() -> None:
    assert set(CALLERS) == _users(CLIENTS)


def test_no_redirect_is_followed_and_no_proxy_of_the_environment_is_used() -> None:
    said = "".join((ROOT / path).read_text() for path in CALLERS if "/provider/" in path)
    assert "follow_redirects=True" not in said
    assert "trust_env=True" not in said
    assert "trust_env=False" in said
