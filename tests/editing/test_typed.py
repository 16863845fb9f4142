"""Lists as they are typed."""

import pytest

from rivalry.cli.typed import numbers, seeds, truncations
from rivalry.errors import BadRequest


@pytest.mark.parametrize(
    ("text", "found"),
    [("3", [3]), ("1,2,3", [1, 2, 3]), ("0-3", [0, 1, 2, 3]), ("7, 2-3,7", [7, 2, 3, 7]), ("5-5", [5])],
)
def test_seeds(text: str, found: list[int]) -> None:
    assert seeds(text) == found


@pytest.mark.parametrize("text", ["", "a", "1,,2", "3-1", "-1", "1-", "1.5", "0-2000", "4294967296"])
def test_what_is_no_list_of_seeds(text: str) -> None:
    with pytest.raises(BadRequest, match="seed"):
        seeds(text)


def test_numbers_and_truncations() -> None:
    assert numbers("-1,0, 2.5", "strengths") == [-1, 0, 2.5]
    assert truncations("0.3,none,1") == [0.3, None, 1]
    for text in ("", "1,x", "nan", "1,inf"):
        with pytest.raises(BadRequest, match="strengths are numbers such as"):
            numbers(text, "strengths")
