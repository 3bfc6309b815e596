"""Key files: made, read, and refused with a way out."""

import subprocess
from pathlib import Path

import pytest

from agents.mcollective.keys import (
    KeyFileError,
    generate_keys,
    load_private,
    load_public,
    load_secret,
    sign,
    verified,
)


def test_a_new_pair_fits_together_and_the_private_one_is_its_owners_alone(tmp_path: Path) -> None:
    private, public = generate_keys(tmp_path, "hv1")

    assert (private.name, public.name) == ("hv1-private.pem", "hv1-public.pem")
    assert private.stat().st_mode & 0o777 == 0o600
    assert verified(load_public(public), b"text", sign(load_private(private), b"text"))
    assert private.read_text().startswith("-----BEGIN RSA PRIVATE KEY-----")


def test_an_existing_key_is_never_overwritten(tmp_path: Path) -> None:
    generate_keys(tmp_path, "hv1")

    with pytest.raises(KeyFileError, match=r"hv1-private\.pem: exists already; move it away first"):
        generate_keys(tmp_path, "hv1")


def test_a_private_key_that_others_can_read_is_refused_with_the_cure(tmp_path: Path) -> None:
    private, _ = generate_keys(tmp_path, "hv1")
    private.chmod(0o640)

    with pytest.raises(KeyFileError, match="others can read this secret; run: chmod 600"):
        load_private(private)


def test_a_certificate_will_do_as_public_key(tmp_path: Path, keys: Path) -> None:
    private, certificate = keys / "server-private.pem", tmp_path / "server.pem"
    subprocess.run(
        ["openssl", "req", "-new", "-x509", "-key", private, "-subj", "/CN=server", "-out", certificate], check=True
    )

    assert load_public(certificate) == load_public(keys / "server-public.pem")


@pytest.mark.parametrize("text", ["", "rubbish", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_file_that_is_no_key_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "key.pem"
    file.touch(mode=0o600)
    file.write_text(text)

    with pytest.raises(KeyFileError, match=r"key\.pem: no public key"):
        load_public(file)
    with pytest.raises(KeyFileError, match=r"key\.pem: no RSA private key"):
        load_private(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"none\.pem: No such file"):
        load_public(tmp_path / "none.pem")


def test_a_secret_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.touch(mode=0o600)
    file.write_text("marionette\nsecond line\n")

    assert load_secret(file) == "marionette"


@pytest.mark.parametrize("signature", ["", "AAAA", "not base64!", "é"])
def test_a_signature_that_is_none_does_not_fit(keys: Path, signature: str) -> None:
    assert verified(load_public(keys / "server-public.pem"), b"text", signature) is None
