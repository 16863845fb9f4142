"""What the table of metrics says of one of them."""

from typing import NamedTuple

FEATURES = ("real_features", "fake_features", "features")
LABELED = ("real", "held_out", "fake", "asked", "progress")


class Metric(NamedTuple):
    """One metric.

    Attributes:
        name: as it is asked for; its scores are named with their extractor: "fid[judge-mnist]".
        target: "module:function" below `rivalry.metrics`; the function returns one `Score` or several.
        needs: the arguments it is called with, each a name that `evidence.Evidence` can supply.
        title: what it measures, in a line.
        kinds: of the data that it is for; none for any.
        package: a further package that it needs, as it is imported; `pip install 'rivalry[metrics]'` does it.
    """

    name: str
    target: str
    needs: tuple[str, ...]
    title: str
    kinds: tuple[str, ...] = ()
    package: str = ""
