"""Signed pictures: valid as signed, tampered after one flipped byte, none after another program wrote them."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rivalry.errors import BadRequest
from rivalry.provenance.watermark import TAG

pytest.importorskip("c2pa")
pytest.importorskip("cryptography")

from rivalry.provenance.credentials import Key, credentials_of, new_key, read_key, require_format
from rivalry.provenance.marked_files import key_of, leaving, mark_in, require_picture


@pytest.fixture(scope="module")
def key() -> Key:
    return read_key(new_key("somebody"), "key.pem")


def png(side: int) -> bytes:
    rng, file = np.random.default_rng(0), io.BytesIO()
    Image.fromarray(rng.integers(256, size=(side, side, 3), dtype=np.uint8)).save(file, "png")
    return file.getvalue()


def again(picture: bytes, how: str) -> bytes:
    file = io.BytesIO()
    Image.open(io.BytesIO(picture)).save(file, how)
    return file.getvalue()


def test_a_signed_file_is_valid_and_a_flipped_byte_is_seen(key: Key) -> None:
    made = {"game": "dcgan", "run": "mine", "seed": 3}
    whole, marked = leaving(png(96), ".png", key, made)
    found = credentials_of(whole, ".png")
    assert (found.state, found.made, found.signer, found.why) == ("valid", made, "somebody", ())
    assert marked and mark_in(whole).bits == TAG
    spoiled = bytearray(whole)
    spoiled[whole.rindex(b"IDAT") + 100] ^= 1
    found = credentials_of(bytes(spoiled), ".png")
    assert found.state == "tampered" and "assertion.dataHash.mismatch" in found.why


def test_what_another_program_writes_has_no_credentials_but_keeps_the_mark(key: Key) -> None:
    whole, _ = leaving(png(128), ".png", key, {})
    for ending, how in ((".png", "png"), (".jpg", "jpeg")):
        copy = again(whole, how)
        assert credentials_of(copy, ending).state == "none"
        assert mark_in(copy).found


def test_small_pictures_are_signed_without_a_mark_and_other_formats_too(key: Key) -> None:
    whole, marked = leaving(png(32), ".png", key, {})
    assert credentials_of(whole, ".png").state == "valid" and not marked
    for ending, how in ((".jpg", "jpeg"), (".webp", "webp")):
        whole, _ = leaving(again(png(96), how), ending, key, {"seed": 1})
        assert credentials_of(whole, ending).state == "valid"


def test_what_is_no_key_no_picture_or_no_format_is_refused(tmp_path: Path) -> None:
    place, other = tmp_path / "key.pem", new_key("other")
    for text in (
        "",
        "hello",
        other[:400],
        new_key("x").split("-----BEGIN CERT")[0] + other[other.index("-----BEGIN CERT") :],
    ):
        place.write_text(text)
        with pytest.raises(BadRequest, match="is no key: `rivalry keys new NAME"):
            key_of(place)
    with pytest.raises(BadRequest, match="no key"):
        key_of(tmp_path / "none")
    with pytest.raises(BadRequest, match="a key has a name"):
        new_key(" ")
    with pytest.raises(BadRequest, match=r"credentials are written into a \.png"):
        require_format(".npz")
    with pytest.raises(BadRequest, match="this is no picture"):
        require_picture(b"some text")
