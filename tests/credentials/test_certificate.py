"""The certificate: made once, kept to oneself, or an organisation's own."""

from __future__ import annotations

import stat
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes as PrivateKey,
)
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from signed import CLAIM, write_clip

from dancenow.credentials import read_credentials, sign
from dancenow.credentials.certificate import known_certificate, own_identity
from dancenow.errors import CredentialsError, OutputError

KEYS: dict[str, PrivateKey] = {
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "RSA": rsa.generate_private_key(65537, 2048),
}


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where certificate and key are looked for; it is not there yet."""
    path = tmp_path / "kept" / "credentials"
    monkeypatch.setenv("DANCENOW_CREDENTIALS", str(path))
    return path


def issue(folder: Path, key: PrivateKey, name: str = "The Ballet") -> None:
    """What an organisation puts into the folder: a certificate by its authority, and the key."""
    authority = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(timezone.utc)
    issuer = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "An authority")])
    above = x509.SubjectKeyIdentifier.from_public_key(authority.public_key())
    usage = x509.KeyUsage(True, *[False] * 8)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=9))
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(usage, True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(above), False)
        .sign(authority, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    # The form that openssl writes for elliptic curves; the others have but one.
    form = PrivateFormat.PKCS8
    if isinstance(key, ec.EllipticCurvePrivateKey):
        form = PrivateFormat.TraditionalOpenSSL
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, form, NoEncryption()))


def test_key_and_certificate_are_made_at_first_use_and_kept(folder: Path) -> None:
    assert known_certificate() is None and not folder.exists()
    first = own_identity()
    assert own_identity() == first and first.algorithm == "es256"
    assert sorted(path.name for path in folder.iterdir()) == ["certificate.pem", "key.pem"]
    assert list(folder.parent.iterdir()) == [folder]
    assert known_certificate() is not None


def test_only_the_user_can_read_the_key(folder: Path) -> None:
    own_identity()
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "PRIVATE KEY" not in repr(own_identity())


def test_the_certificate_is_for_signing_alone_and_names_nobody(folder: Path) -> None:
    own_identity()
    own, above = x509.load_pem_x509_certificates((folder / "certificate.pem").read_bytes())
    own.verify_directly_issued_by(above)
    assert own.issuer != own.subject  # C2PA refuses one that vouches for itself
    assert not own.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = own.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature and not usage.key_cert_sign
    names = {str(attribute.value) for attribute in own.subject}
    assert names == {"DanceNow (certificate made on the user's machine)"}


def test_an_empty_folder_is_filled(folder: Path) -> None:
    folder.mkdir(parents=True)
    assert own_identity() == own_identity()
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600


def test_processes_that_make_it_at_once_agree(folder: Path) -> None:
    program = (
        "import sys\n"
        "from dancenow.credentials.certificate import own_identity\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "made = own_identity()\n"
        "print(made.chain + made.key)\n"
    )
    command = [sys.executable, "-c", program]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in started:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = {process.communicate()[0] for process in started}
    mine = own_identity()
    assert answers == {f"{mine.chain}{mine.key}\n"}
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize("kind", KEYS)
def test_an_organisations_own_certificate_signs_and_is_known(
    folder: Path, tmp_path: Path, kind: str
) -> None:
    issue(folder, KEYS[kind])
    clip = write_clip(tmp_path / "a.mp4")
    sign(clip, CLAIM)
    found = read_credentials(clip)
    assert found is not None and found.state == "intact" and found.trusted
    assert found.signer == "The Ballet"


@pytest.mark.usefixtures("folder")
def test_another_machines_signature_is_valid_but_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path / "a.mp4")
    sign(clip, CLAIM)
    for elsewhere in ("nothing", "another"):
        monkeypatch.setenv("DANCENOW_CREDENTIALS", str(tmp_path / elsewhere))
        if elsewhere == "another":
            own_identity()
        found = read_credentials(clip)
        assert found is not None and found.state == "intact"
        assert not found.trusted and found.synthetic and not found.problems


def test_a_stranger_with_the_same_names_is_not_known(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(folder, KEYS["P-256"])
    clip = write_clip(tmp_path / "a.mp4")
    sign(clip, CLAIM)
    monkeypatch.setenv("DANCENOW_CREDENTIALS", str(tmp_path / "theirs"))
    issue(tmp_path / "theirs", KEYS["P-384"])
    found = read_credentials(clip)
    assert found is not None and found.signer == "The Ballet" and not found.trusted


def wrong_key(folder: Path) -> None:
    issue(folder, KEYS["P-256"])
    other = ec.generate_private_key(ec.SECP256R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(pem)


def locked_key(folder: Path) -> None:
    issue(folder, KEYS["P-256"])
    lock = BestAvailableEncryption(b"secret")
    pem = KEYS["P-256"].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
    (folder / "key.pem").write_bytes(pem)


def odd_key(folder: Path) -> None:
    issue(folder, KEYS["P-256"])
    odd = dsa.generate_private_key(1024)
    pem = odd.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(pem)


def no_key(folder: Path) -> None:
    issue(folder, KEYS["P-256"])
    (folder / "key.pem").unlink()


def no_certificate(folder: Path) -> None:
    issue(folder, KEYS["P-256"])
    (folder / "certificate.pem").unlink()


def letters(folder: Path) -> None:
    issue(folder, KEYS["P-256"])
    (folder / "key.pem").write_text("my key")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (wrong_key, "cannot be signed"),
        (locked_key, "protected by a password"),
        (odd_key, "cannot sign with this type of key"),
        (no_key, r"key\.pem: cannot be read"),
        (no_certificate, r"certificate\.pem: cannot be read"),
        (letters, "holds no private key"),
    ],
)
def test_what_cannot_be_used_is_told_and_never_replaced(
    folder: Path, tmp_path: Path, spoil: object, said: str
) -> None:
    assert callable(spoil)
    spoil(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    clip = write_clip(tmp_path / "a.mp4")
    data = clip.read_bytes()
    with pytest.raises(CredentialsError, match=said) as told:
        sign(clip, CLAIM)
    assert "\n" not in str(told.value)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert clip.read_bytes() == data


def test_a_place_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("DANCENOW_CREDENTIALS", str(tmp_path / "file" / "credentials"))
    with pytest.raises((CredentialsError, OutputError)):
        own_identity()
