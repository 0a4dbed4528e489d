"""Seals: an Ed25519 signature over a run's journal and record, so that neither can be made anew unseen.

A chain of hashes finds what was altered; who can write the folder can still write a whole new chain. A signature made
with a key that lies elsewhere cannot be made again. The library *cryptography* (extra ``sign``) does the arithmetic.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.errors import ConfigurationError, RigFault
from rig.files import write_atomically

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SEAL = "seal.json"
"""Name of the seal in a run's folder."""

_FORMAT = "air-station-rig seal 1"
"""Stands in what is signed, so that a signature made for something else never passes for a seal."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a seal vouches for.

    Attributes:
        run: id of the run.
        rows: how many rows its journal had.
        root: hash of the last of them, hexadecimal.
        record: hash of the run's record, hexadecimal.
    """

    run: str
    rows: int
    root: str
    record: str


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal as it lies in a folder: what it vouches for, whose it is, and the signature, both hexadecimal."""

    sealed: Sealed
    public_key: str
    signature: str

    @property
    def holds(self) -> bool:
        """Whether the signature was made for just this, by the private part of ``public_key``."""
        _require_library()
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public_key))
            key.verify(bytes.fromhex(self.signature), _signed(self.sealed))
        except (InvalidSignature, ValueError):
            return False
        return True


def make_key(path: Path) -> Path:
    """Make a key: the private part in ``path``, for its owner's eyes only, the public one beside it as ``.pub``.

    Both are PEM, the private one PKCS 8 without a password. Returns the path of the public one.

    Raises:
        ConfigurationError: one of the files is there already, or cannot be made; the library is not installed.
    """
    _require_library()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key, public = Ed25519PrivateKey.generate(), path.with_name(path.name + ".pub")
    private_text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public_text = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if public.exists():
        raise ConfigurationError("--make-key", "", "a file that is not there yet", f"{public}, which is")
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(private_text)
        public.write_bytes(public_text)
    except FileExistsError:
        raise ConfigurationError("--make-key", "", "a file that is not there yet", f"{path}, which is") from None
    except OSError as error:
        raise ConfigurationError("--make-key", "", "a file that can be made", f"{path}: {error.strerror}") from None
    return public


def seal_run(folder: Path, sealed: Sealed, key: Path) -> Seal:
    """Sign, and leave the seal in the folder.

    Raises:
        ConfigurationError: no such key, or the folder has a seal already. RigFault: the seal cannot be written.
    """
    private = _private_key(key)
    if (folder / SEAL).exists():
        raise ConfigurationError("RUN", "", "a run that is not sealed yet", f"{folder}, which has a {SEAL}")
    seal = Seal(sealed, private.public_key().public_bytes_raw().hex(), private.sign(_signed(sealed)).hex())
    told = {"format": _FORMAT, **asdict(sealed), "public_key": seal.public_key, "signature": seal.signature}
    write_atomically(folder / SEAL, json.dumps(told, indent=1) + "\n")
    return seal


def read_seal(folder: Path) -> Seal | None:
    """The seal of a run; None if it has none. Raises RigFault if it has one that cannot be read."""
    path = folder / SEAL
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["format"] != _FORMAT:
            raise ValueError(f"its format is {told['format']!r}, expected {_FORMAT!r}")
        sealed = Sealed(str(told["run"]), int(told["rows"]), str(told["root"]), str(told["record"]))
        return Seal(sealed, str(told["public_key"]), str(told["signature"]))
    except FileNotFoundError:
        return None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise RigFault(f"{path}: not a seal that can be read: {error!r}") from error


def public_key(path: Path) -> str:
    """The key in a ``.pub`` file, hexadecimal. Raises ConfigurationError if it holds none."""
    _require_library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = _loaded(path, "--public", "a public Ed25519 key (PEM), the .pub of rig seal --make-key", load_pem_public_key,
                  Ed25519PublicKey)  # fmt: skip
    return str(key.public_bytes_raw().hex())


def _private_key(path: Path) -> Ed25519PrivateKey:
    _require_library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = _loaded(path, "--key", "a private Ed25519 key (PEM) without a password, as of rig seal --make-key",
                  lambda text: load_pem_private_key(text, None), Ed25519PrivateKey)  # fmt: skip
    assert isinstance(key, Ed25519PrivateKey)
    return key


def _loaded(path: Path, option: str, expected: str, load: Any, kind: type) -> Any:
    try:
        key = load(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(option, "", expected, f"{path}: {error.strerror}") from None
    except (ValueError, TypeError):  # TypeError is its word for a password
        raise ConfigurationError(option, "", expected, f"{path}, which is something else") from None
    if not isinstance(key, kind):
        raise ConfigurationError(option, "", expected, f"{path}, a key of another kind")
    return key


def _signed(sealed: Sealed) -> bytes:
    """The bytes that are signed: one line each for format, run, rows, root and record."""
    return "\n".join([_FORMAT, sealed.run, str(sealed.rows), sealed.root, sealed.record]).encode()


def _require_library() -> None:
    try:
        import cryptography  # noqa: F401 - whether it is there
    except ImportError:
        expected = "the library cryptography beside it: pip install 'air-station-rig[sign]'"
        raise ConfigurationError("rig seal", "", expected, "none") from None
