"""The names that people give to the splits of a data set."""

SPLITS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
}  # a name in lower case -> the common name


def canonical(name: str) -> str:
    """The common name of a split: "train" for "Training".  Unknown names stay as they are."""
    return SPLITS.get(name.lower(), name)
