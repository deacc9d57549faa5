"""A database's keys: what opens its sealed values, and what finds numbers without opening them."""

from __future__ import annotations

from sqlalchemy import Connection, Dialect, Engine, select

from campaigns.errors import DatabaseAway
from campaigns.store.columns import SEALER
from campaigns.store.sealing import Keys, Unopened, another_secret, blind, no_secret
from campaigns.store.tables import vault as table

INDEX_KEY = "vault.index_key"


class Vault:
    """Keys of one `Database`. Without a secret it opens and seals nothing, and says so."""

    def __init__(self, keys: Keys | None) -> None:
        self._keys = keys
        self._index: bytes | None = None

    @property
    def keys(self) -> Keys:
        """Raises ConfigurationError where there is no secret."""
        if self._keys is None:
            raise no_secret()
        return self._keys

    def seal(self, text: str, label: str) -> str:
        """The text under the current secret."""
        return self.keys.seal(text, label)

    def open(self, sealed: str, label: str) -> str:
        """The text of a value. Raises ConfigurationError where no secret of ours sealed it."""
        try:
            return self.keys.open(sealed, label)
        except Unopened:
            raise another_secret() from None

    def number_index(self, connection: Connection, number: str) -> str:
        """What a number is found by."""
        return blind(self._index_key(connection), f"number\0{number}")

    def key_index(self, connection: Connection, campaign_id: int, key: str) -> str:
        """What a contact's key is found by, in its campaign."""
        return blind(self._index_key(connection), f"key\0{campaign_id}\0{key}")

    def row_digest(self, connection: Connection, campaign_id: int, row: str) -> str:
        """What tells whether a row of a list says the same as before; it gives nothing away."""
        return blind(self._index_key(connection), f"row\0{campaign_id}\0{row}")

    def check(self, connection: Connection) -> None:
        """Raises ConfigurationError unless this database was written with our secret."""
        self._index = None
        self._index_key(connection)

    def _index_key(self, connection: Connection) -> bytes:
        if self._index is None:
            sealed = connection.execute(select(table.c.index_key)).scalar_one_or_none()
            if sealed is None:
                raise DatabaseAway("the database has no keys: run `campaigns db upgrade`")
            self._index = bytes.fromhex(self.open(sealed, INDEX_KEY))
        return self._index


def give(engine: Engine, vault: Vault) -> None:
    """Let the sealed columns of this engine's connections know their keys."""
    vars(engine.dialect)[SEALER] = vault


def of(dialect: Dialect) -> Vault:
    """The keys of the database that a connection leads to."""
    vault: Vault = vars(dialect)[SEALER]
    return vault
