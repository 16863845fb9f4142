"""The splits of a data set, by the names that people give them."""

SPLITS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
}  # in small letters -> the common name


def canonical(name: str) -> str:
    """The common name of a split: "train" for "Training"; another name as it is."""
    return SPLITS.get(name.lower(), name)
