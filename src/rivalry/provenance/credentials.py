"""Signed credentials in picture files: who says that a model made them, by the standard of C2PA.

A key is a private key of ECDSA on P-256, the certificate of it, and that of the authority which signed the certificate
and was thrown away after it.  No public list vouches for such an authority: a reader learns that the file is as it was
when it was signed, and the fingerprint of the key, and must know by other means whose it is.  Packages: c2pa-python and
cryptography, `pip install 'rivalry[sign]'`.
"""

import datetime
import io
import json
from typing import Any, Literal, NamedTuple

from rivalry import __version__
from rivalry.errors import BadRequest

BY_A_MODEL = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
ASSERTION = "org.rivalry.made"  # our own: the game, the run, the seed
FORMATS = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
YEARS = 10  # that a key is valid
LARGEST_KEY = 20_000  # bytes
INSTALL = "signing needs c2pa-python and cryptography: pip install 'rivalry[sign]'"
UNTRUSTED = "signingCredential.untrusted"  # the one fault that a key of one's own has


class Key(NamedTuple):
    """A key to sign with: both parts are PEM."""

    private: str
    certificates: str


class Credentials(NamedTuple):
    """What a file says about itself.

    Attributes:
        state: "valid", "tampered", or "none".
        made: of our own assertion: game, run, data, seed and others, as strings and numbers.
        signer: the name on the certificate.
        why: of a tampered file, the checks that failed.
    """

    state: Literal["valid", "tampered", "none"]
    made: dict[str, Any]
    signer: str
    why: tuple[str, ...]


def new_key(name: str) -> str:
    """A new key as PEM: the private key, its certificate, and the authority's.

    Args:
        name: that stands on the certificate, 1 to 60 printable characters; whoever gets a picture can read it.

    Raises:
        BadRequest: another name, or the packages are not installed.
    """
    if not name.strip() or len(name) > 60 or not name.isprintable():
        raise BadRequest(f"a key has a name of 1 to 60 printable characters; got {name[:70]!r}")
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise BadRequest(INSTALL) from error
    own, authority = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    certificates = [
        _certificate(name, own, authority),
        _certificate(f"{name} (authority)", authority, authority),
    ]
    private = own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    parts = [private, *(one.public_bytes(serialization.Encoding.PEM) for one in certificates)]
    return b"".join(parts).decode()


def _certificate(name: str, key: Any, authority: Any) -> Any:
    """A certificate for `key` that `authority` signs; its own where both are one."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    named = lambda text: x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "rivalry"),
            x509.NameAttribute(NameOID.COMMON_NAME, text),
        ]
    )
    itself = key is authority
    issuer = name if itself else f"{name} (authority)"
    begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=5)
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=itself, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=not itself, key_cert_sign=itself, crl_sign=itself, **usage),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False
        )
    )
    if not itself:
        made = made.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
    return made.sign(authority, hashes.SHA256())


def read_key(text: str, where: str) -> Key:
    """A key as `new_key` wrote it.

    Args:
        where: the file, for messages.

    Raises:
        BadRequest: the text is none, or the packages are not installed.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
    except ImportError as error:
        raise BadRequest(INSTALL) from error
    private, sign, rest = text.partition("-----END PRIVATE KEY-----")
    try:
        held = serialization.load_pem_private_key((private + sign).encode(), None)
        certificates = x509.load_pem_x509_certificates(rest.encode())
        fits = certificates[0].public_key() == held.public_key() and len(certificates) == 2
    except (ValueError, TypeError, IndexError):
        fits = False
    if not fits:
        raise BadRequest(f"{where} is no key: `rivalry keys new NAME -o {where}` makes one")
    return Key(private + sign + "\n", rest.lstrip())


def signed(picture: bytes, ending: str, key: Key, made: dict[str, Any]) -> bytes:
    """The file with credentials: a model made it, which, and from which run.

    Args:
        picture: a file of one of `FORMATS`.
        ending: its own.
        made: facts of JSON's types, which everybody can read.

    Raises:
        BadRequest: another format, the packages are not installed, or the signing fails.
    """
    require_format(ending)
    try:
        from c2pa import Builder, C2paError, C2paSignerInfo, Signer
    except ImportError as error:
        raise BadRequest(INSTALL) from error
    action = {"action": "c2pa.created", "digitalSourceType": BY_A_MODEL, "softwareAgent": {"name": "rivalry"}}
    manifest = {
        "claim_generator_info": [{"name": "rivalry", "version": __version__}],
        "title": f"made by a model{ending}",
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [action]}},
            {"label": ASSERTION, "data": made},
        ],
    }
    info = C2paSignerInfo(b"es256", key.certificates.encode(), key.private.encode(), None)
    file = io.BytesIO()
    try:
        with Signer.from_info(info) as signer, Builder(json.dumps(manifest)) as builder:
            builder.sign(signer, FORMATS[ending], io.BytesIO(picture), file)
    except C2paError as error:
        raise BadRequest(f"the picture could not be signed: {error}") from error
    return file.getvalue()


def require_format(ending: str) -> None:
    """Refuse a file that credentials are not written into."""
    if ending not in FORMATS:
        raise BadRequest(
            f"credentials are written into a {', '.join(FORMATS)}; got {ending or 'no ending'!r}"
        )


def credentials_of(picture: bytes, ending: str) -> Credentials:
    """What a file says about itself, and whether it is as it was signed.

    Raises:
        BadRequest: another format, or the packages are not installed.
    """
    require_format(ending)
    try:
        from c2pa import C2paError, Reader
    except ImportError as error:
        raise BadRequest(INSTALL) from error
    try:
        with Reader(FORMATS[ending], io.BytesIO(picture)) as reader:
            told = json.loads(reader.json())
    except C2paError as error:
        if "ManifestNotFound" in type(error).__name__ or "ManifestNotFound" in str(error):
            return Credentials("none", {}, "", ())
        return Credentials("tampered", {}, "", (str(error)[:200],))
    return _judged(told)


def _judged(told: dict[str, Any]) -> Credentials:
    """The state, from what the reader tells."""
    manifest = told.get("manifests", {}).get(told.get("active_manifest"), {})
    faults = [one.get("code", "?") for one in told.get("validation_status", ())]
    wrong = tuple(code for code in dict.fromkeys(faults) if code != UNTRUSTED)
    made: dict[str, Any] = next(
        (one["data"] for one in manifest.get("assertions", ()) if one.get("label") == ASSERTION), {}
    )
    signer = manifest.get("signature_info", {}).get("common_name") or ""
    valid = not wrong and told.get("validation_state") in ("Valid", "Trusted")
    return Credentials("valid" if valid else "tampered", made, str(signer), wrong)
