"""When a running simulator will do something next: a rehearsal's clock may jump till then."""

from __future__ import annotations

import json
from datetime import datetime
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from campaigns.errors import ProviderAway

# No proxy of the environment may carry a rehearsal's question outside.
_opener = build_opener(ProxyHandler({}))


def next_event(base_url: str) -> datetime | None:
    """The policy instant of the simulator's next event; None when it has none.

    Raises ProviderAway when no simulator answers: then the clock must not jump.
    """
    try:
        with _opener.open(f"{base_url.rstrip('/')}/_sim/next", timeout=5) as response:
            at = json.loads(response.read())["at"]
    except (URLError, OSError, ValueError, KeyError) as error:
        raise ProviderAway(f"the simulator does not answer ({type(error).__name__})") from error
    return None if at is None else datetime.fromisoformat(at)
