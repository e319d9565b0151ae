"""The certificate that signs results: made on this machine, or an organisation's own."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from platformdirs import user_data_path

from dancenow.errors import CredentialsError
from dancenow.files import make_folder, new_folder

CERTIFICATE: Final = "certificate.pem"
KEY: Final = "key.pem"

# Readers of credentials show these names: they claim nothing and identify nobody.
_SIGNER: Final = "DanceNow (certificate made on the user's machine)"
_ISSUER: Final = "DanceNow (made for one certificate)"
# Signatures carry no trusted timestamp, so they are valid only as long as the certificate.
_YEARS: Final = 30
_CURVES: Final = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True)
class Identity:
    """What results are signed with.

    Attributes:
        chain: the signer's certificate and its issuers', PEM.
        key: the signer's private key, PEM (PKCS #8).
        algorithm: c2pa's name for the signature algorithm.
    """

    chain: str
    key: str = field(repr=False)
    algorithm: str


def credentials_dir() -> Path:
    """The folder of certificate and key; `DANCENOW_CREDENTIALS` overrides it."""
    root = os.environ.get("DANCENOW_CREDENTIALS")
    return Path(root) if root else user_data_path("dancenow") / "credentials"


def own_identity() -> Identity:
    """What this user signs with; certificate and key are made if there are none.

    Raises:
        CredentialsError: they cannot be read or used.
        OutputError: they cannot be written.
    """
    folder = credentials_dir()
    if not (folder / CERTIFICATE).exists() and not (folder / KEY).exists():
        _make(folder)
    chain, key = _read(folder / CERTIFICATE), _read(folder / KEY)
    try:
        private = load_pem_private_key(key, None)
    except TypeError as error:
        raise CredentialsError(
            f"{folder / KEY}: is protected by a password; replace it with a key without one."
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CredentialsError(f"{folder / KEY}: holds no private key in PEM format.") from error
    if isinstance(private, ec.EllipticCurvePrivateKey):
        algorithm = _CURVES.get(private.curve.name)
    elif isinstance(private, ed25519.Ed25519PrivateKey):
        algorithm = "ed25519"
    else:
        algorithm = "ps256" if isinstance(private, rsa.RSAPrivateKey) else None
    if algorithm is None:
        raise CredentialsError(
            f"{folder / KEY}: C2PA cannot sign with this type of key; use ECDSA (P-256, P-384, "
            "P-521), Ed25519 or RSA."
        )
    plain = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Identity(chain.decode("ascii", "replace"), plain.decode(), algorithm)


def known_certificate() -> str | None:
    """The certificate (PEM) that this user signs with, without its issuers; None if not yet made.

    Raises:
        CredentialsError: it cannot be read.
    """
    path = credentials_dir() / CERTIFICATE
    if not path.exists():
        return None
    try:
        own = x509.load_pem_x509_certificates(_read(path))[0]
    except ValueError as error:
        raise CredentialsError(f"{path}: holds no certificate in PEM format.") from error
    return own.public_bytes(Encoding.PEM).decode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CredentialsError(
            f"{path}: cannot be read ({error.strerror}); DANCENOW_CREDENTIALS must name the folder "
            f"of {CERTIFICATE} and {KEY}."
        ) from error


def _make(folder: Path) -> None:
    """Make a key and its certificate, both or neither; if another process was faster, keep its.

    C2PA forbids self-signed certificates, so a second one is the issuer.  Its key is discarded:
    nothing else can ever be signed in its name.
    """
    make_folder(folder.parent)
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    above = _certificate(authority, authority, _ISSUER, ca=True)
    own = _certificate(key, authority, _SIGNER, ca=False)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain = own.public_bytes(Encoding.PEM) + above.public_bytes(Encoding.PEM)
    with new_folder(folder, mode=0o700) as temporary:
        for name, data, mode in ((KEY, private, 0o600), (CERTIFICATE, chain, 0o644)):
            handle = os.open(temporary / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(handle)


def _certificate(
    key: ec.EllipticCurvePrivateKey,
    issuer: ec.EllipticCurvePrivateKey,
    name: str,
    *,
    ca: bool,
) -> x509.Certificate:
    """A certificate for `key` by `issuer`, as C2PA requires (specification 2.1, 14.5.1)."""
    now = datetime.now(timezone.utc)
    above = x509.SubjectKeyIdentifier.from_public_key(issuer.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(_called(name))
        .issuer_name(_called(_ISSUER))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks differ
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(ca, 0 if ca else None), critical=True)
        .add_extension(_usage(ca), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(above), critical=False
        )
    )
    if not ca:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(issuer, hashes.SHA256())


def _called(name: str) -> x509.Name:
    kinds = (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
    return x509.Name([x509.NameAttribute(kind, name) for kind in kinds])


def _usage(ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
