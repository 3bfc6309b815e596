"""Certificates for TLS in tests: made when asked for, by an authority of the test's own, trusted by nobody else.

Rule: elliptic keys, because they are made at once, and RSA's for those that read no other; one day of validity; every
name is where a client looks for it.
"""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

STORE_PASSWORD = "changeit"

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, as PEM files, and both in one store for Java."""

    certificate: Path
    key: Path
    store: Path


@dataclass(frozen=True)
class Authority:
    """Signs for whom it is asked to; `certificate` and `store` (for Java) are what those need who trust it."""

    folder: Path
    name: str
    key: ec.EllipticCurvePrivateKey
    signed: x509.Certificate

    @classmethod
    def create(cls, folder: Path, name: str = "farm-ca") -> Self:
        """A new one, its files in `folder`."""
        key = ec.generate_private_key(ec.SECP256R1())
        signed = _certificate(name, key, name, key, x509.BasicConstraints(ca=True, path_length=0))
        authority = cls(folder, name, key, signed)
        authority.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        trusted = [pkcs12.PKCS12Certificate(signed, name.encode())]
        authority.store.write_bytes(pkcs12.serialize_java_truststore(trusted, _encryption()))
        return authority

    @property
    def certificate(self) -> Path:
        return self.folder / f"{self.name}.pem"

    @property
    def store(self) -> Path:
        return self.folder / f"{self.name}.p12"

    def issue(self, name: str, hosts: Sequence[str] = ()) -> Identity:
        """A certificate for `name`, which may also stand for these hosts: names or addresses."""
        return self._issue(name, ec.generate_private_key(ec.SECP256R1()), hosts)

    def issue_rsa(self, name: str) -> Identity:
        """The same with an RSA key."""
        return self._issue(name, rsa.generate_private_key(65537, 2048))

    def _issue(self, name: str, key: Key, hosts: Sequence[str] = ()) -> Identity:
        extensions = [x509.SubjectAlternativeName([_host(one) for one in hosts])] if hosts else []
        end = x509.BasicConstraints(ca=False, path_length=None)
        signed = _certificate(name, key, self.name, self.key, end, *extensions)
        identity = Identity(*(self.folder / f"{name}.{suffix}" for suffix in ("pem", "key", "p12")))
        identity.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        identity.key.touch(mode=0o600)
        identity.key.write_bytes(_pem(key))
        identity.store.write_bytes(
            pkcs12.serialize_key_and_certificates(name.encode(), key, signed, [self.signed], _encryption())
        )
        return identity


def _certificate(
    name: str,
    key: Key,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *extensions: x509.ExtensionType,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    hour, day = dt.timedelta(hours=1), dt.timedelta(days=1)
    builder = x509.CertificateBuilder(
        issuer_name=_name(issuer),
        subject_name=_name(name),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - hour,
        not_valid_after=now + day,
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(issuer_key, hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _encryption() -> serialization.KeySerializationEncryption:
    return serialization.BestAvailableEncryption(STORE_PASSWORD.encode())
