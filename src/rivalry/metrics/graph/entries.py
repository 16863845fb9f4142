"""The metrics of this room: a row each."""

from rivalry.metrics.entry import Metric

ENTRIES = (
    Metric(
        "link-prediction",
        "graph.links:link_prediction",
        ("link_scores", "missing_edges", "no_edges"),
        "are held-out edges scored above pairs that are not joined: area under ROC, average precision",
        ("graph",),
    ),
    Metric(
        "edge-overlap",
        "graph.statistics:edge_overlap",
        ("real", "fake"),
        "share of a sample's edges that the data's graph has",
        ("graph",),
    ),
    Metric(
        "graph-statistics",
        "graph.statistics:statistics",
        ("real", "fake"),
        "degrees, triangles, components, paths of samples beside those of the data",
        ("graph",),
    ),
    Metric(
        "graph-mmd",
        "graph.statistics:set_distance",
        ("real", "fake"),
        "kernel distance of sets of graphs by degrees, clustering and spectrum",
        ("graph",),
    ),
)
