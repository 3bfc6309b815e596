"""The RSA keys of MCollective's ssl plugin: read from PEM files, made by `xen-balancer-agent keys`.

Rule: a private key that others can read is refused, a key file is never overwritten, a message names the file.
"""

import base64
import binascii
import os
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

BITS: Final = 2048
MAX_BYTES: Final = 64 * 1024
_MADE_BY_RUBY: Final = 60
"""Base64 characters a line, as Ruby writes a signature."""


class KeyFileError(Exception):
    """A key or password file that cannot be used; the message names it and says what to do."""


def load_private(path: Path) -> rsa.RSAPrivateKey:
    """The RSA private key in a PEM file that its owner alone can read."""
    try:
        key = serialization.load_pem_private_key(_read(path, secret=True), password=None)
    except (ValueError, TypeError) as error:
        raise KeyFileError(f"{path}: no RSA private key in PEM without a pass phrase: {error}") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyFileError(f"{path}: not an RSA key")
    return key


def load_public(path: Path) -> rsa.RSAPublicKey:
    """The RSA public key in a PEM file, which may be an X.509 certificate."""
    pem = _read(path, secret=False)
    try:
        certificate = b"BEGIN CERTIFICATE" in pem
        key = (
            x509.load_pem_x509_certificate(pem).public_key() if certificate else serialization.load_pem_public_key(pem)
        )
    except ValueError as error:
        raise KeyFileError(f"{path}: no public key or certificate in PEM: {error}") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise KeyFileError(f"{path}: not an RSA key")
    return key


def load_secret(path: Path) -> str:
    """The first line of a file that its owner alone can read: a password, or the key of psk."""
    try:
        return _read(path, secret=True).decode().partition("\n")[0].rstrip("\r")
    except UnicodeDecodeError:
        raise KeyFileError(f"{path}: not UTF-8") from None


def check_secret(path: Path, status: os.stat_result) -> None:
    """KeyFileError where that file, with that status, can be read by others than its owner."""
    if status.st_mode & 0o077:
        raise KeyFileError(f"{path}: others can read this secret; run: chmod 600 {path}")


def generate_keys(directory: Path, name: str) -> tuple[Path, Path]:
    """A new pair in `directory`: NAME-private.pem, for its owner alone, and NAME-public.pem."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    paths = directory / f"{name}-private.pem", directory / f"{name}-public.pem"
    for path, pem, mode in zip(paths, (private, public), (0o600, 0o644), strict=True):
        _write_new(path, pem, mode)
    return paths


def sign(key: rsa.RSAPrivateKey, body: bytes) -> str:
    """The signature over these bytes, in base64 as Ruby writes it."""
    # SHA-1 is MCollective's choice and part of its wire; the age and replay checks do not lean on it alone.
    signature = key.sign(body, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - see above
    encoded = base64.b64encode(signature).decode()
    return "".join(f"{encoded[at : at + _MADE_BY_RUBY]}\n" for at in range(0, len(encoded), _MADE_BY_RUBY))


def verified(key: rsa.RSAPublicKey, body: bytes, signature: str) -> bytes | None:
    """The signature's bytes where it is that key's, over exactly these bytes; None where it is not."""
    try:
        decoded = base64.b64decode(signature.encode().translate(None, b" \t\r\n"), validate=True)
        key.verify(decoded, body, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - as in sign
    except (binascii.Error, ValueError, InvalidSignature):
        return None
    return decoded


def _read(path: Path, *, secret: bool) -> bytes:
    try:
        with path.open("rb") as file:
            if secret:
                check_secret(path, os.fstat(file.fileno()))
            return file.read(MAX_BYTES)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from None


def _write_new(path: Path, pem: bytes, mode: int) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(pem)
    except FileExistsError:
        raise KeyFileError(f"{path}: exists already; move it away first") from None
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from None
