"""What is personal is sealed before it reaches the disk, and found again without being opened.

Sealed: AES-256-GCM under a key that HKDF derives from CAMPAIGNS_SECRET; every value names its key,
so that earlier secrets still open what they sealed. Found: an HMAC under a random index key, which
the database keeps, sealed too; it never changes, so a number is the same number under every secret.
"""

from __future__ import annotations

import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from campaigns.errors import ConfigurationError, Fault

_FORM = "$1$"
"""How a sealed value begins: `$1$key$` and then nonce and ciphertext in base64."""
_KEY, _NONCE = 32, 12
_INDEX_BYTES = 15  # 120 bits, so that no two numbers ever meet; 20 characters


class Unopened(Exception):
    """A value that none of the keys opens; says nothing about it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """The keys of one secret and of those before it: the current one seals, all of them open."""

    current: str
    ciphers: Mapping[str, AESGCM] = field(repr=False)

    @classmethod
    def from_secret(cls, secret: str, previous: Sequence[str] = ()) -> Keys:
        """Keys derived from the engine's secret and from those it had before."""
        ciphers: dict[str, AESGCM] = {}
        for one in (secret, *previous):
            ciphers.setdefault(
                _derived(one, b"campaigns|seal|id|v1", 4).hex(),
                AESGCM(_derived(one, b"campaigns|seal|key|v1", _KEY)),
            )
        return cls(current=next(iter(ciphers)), ciphers=ciphers)

    def seal(self, text: str, label: str) -> str:
        """The text, sealed. `label` names its column: in another one it does not open."""
        nonce = os.urandom(_NONCE)
        body = self.ciphers[self.current].encrypt(nonce, text.encode(*_UTF8), label.encode())
        return f"{_FORM}{self.current}${b64encode(nonce + body).decode()}"

    def open(self, sealed: str, label: str) -> str:
        """The text of a sealed value. Raises Unopened."""
        if not sealed.startswith(_FORM):
            raise Unopened
        name, _, encoded = sealed[len(_FORM) :].partition("$")
        cipher = self.ciphers.get(name)
        if cipher is None:
            raise Unopened
        try:
            body = b64decode(encoded, validate=True)
            opened = cipher.decrypt(body[:_NONCE], body[_NONCE:], label.encode())
        except (ValueError, InvalidTag):
            raise Unopened from None
        return opened.decode(*_UTF8)

    def is_current(self, sealed: str) -> bool:
        """Whether a value names the key that seals today."""
        return sealed.startswith(f"{_FORM}{self.current}$")


_UTF8 = ("utf-8", "surrogatepass")


def new_index_key() -> str:
    """A random key of a database's index, as text."""
    return os.urandom(_KEY).hex()


def blind(index_key: bytes, text: str) -> str:
    """What stands for a value that is looked up: the same each time, and it leads nowhere."""
    mac = hmac.digest(index_key, text.encode(*_UTF8), "sha256")
    return b64encode(mac[:_INDEX_BYTES], b"-_").decode()


def no_secret() -> ConfigurationError:
    """There is none."""
    return _fault(
        expected="a secret of at least 32 characters: what is personal is sealed with it",
        got="nothing",
        hint="the same one in every process; `openssl rand -hex 32` makes one",
    )


def another_secret() -> ConfigurationError:
    """There is one, but not this database's."""
    return _fault(
        expected="the secret that this database was written with",
        got="another one",
        hint="bring it back from your backup; a secret that was replaced on purpose is named in"
        " CAMPAIGNS_SECRET_PREVIOUS",
    )


def _fault(*, expected: str, got: str, hint: str) -> ConfigurationError:
    return ConfigurationError([Fault(at="CAMPAIGNS_SECRET", expected=expected, got=got, hint=hint)])


def _derived(secret: str, info: bytes, length: int) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=length, salt=None, info=info)
    return kdf.derive(secret.encode(*_UTF8))
