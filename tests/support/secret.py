"""The one secret of all tests: what one part of a test seals, another one opens."""

from campaigns.store.database import Database
from campaigns.store.sealing import Keys

SECRET = "everything-in-tests-is-sealed-by-this"
KEYS = Keys.from_secret(SECRET)


def everywhere() -> None:
    """A `Database` that a test makes without keys has these, because its subject is another."""
    defaults = Database.__init__.__kwdefaults__
    assert defaults is not None
    assert "keys" in defaults
    defaults["keys"] = KEYS
