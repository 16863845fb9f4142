"""Which numbers the networks are computed in, on processors that stand in for this one."""

from collections.abc import Iterator

import pytest
import torch

from rivalry.play import precision
from rivalry.play.precision import choose_precision, has_fast_bfloat16

CPU = torch.device("cpu")


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    has_fast_bfloat16.cache_clear()
    yield monkeypatch
    has_fast_bfloat16.cache_clear()


@pytest.mark.parametrize(
    ("abilities", "chosen"),
    [
        ("avx2 avx512f avx512_bf16", "bf16"),  # AMD's Zen 4, Intel's Cooper Lake
        ("avx512f avx512_bf16 amx_bf16 amx_tile", "bf16"),  # Intel's Sapphire Rapids
        ("avx2 avx512f avx512_vnni avx512_fp16", "fp32"),
        ("avx2 fma", "fp32"),
        ("", "fp32"),  # a system that does not tell
    ],
)
def test_auto_follows_what_the_processor_can(
    abilities: str, chosen: str, processor: pytest.MonkeyPatch
) -> None:
    processor.setattr(precision, "_abilities", lambda: set(abilities.split()))
    assert choose_precision("auto", CPU) == chosen
    assert choose_precision("auto", CPU, small=True) == "fp32"
    assert [choose_precision(name, CPU) for name in ("fp32", "bf16")] == ["fp32", "bf16"]


def test_linux_and_torch_agree_on_this_processor() -> None:
    told = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    if not precision._abilities() or told is None:
        pytest.skip("the system or torch does not tell")
    assert ("avx512_bf16" in precision._abilities()) == told()
