"""Graphs: walks, assembly, the two games, and measures beside those of networkx and scikit-learn."""

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import torch
from scipy.sparse import csr_array, save_npz
from sklearn.metrics import average_precision_score, roc_auc_score

from rivalry.data import open_data
from rivalry.data.readers.graphs import BACK, DIRECTIONS, LOOPS, WEIGHTS
from rivalry.data.sets.graphs import hold_out, joined
from rivalry.data.source import Dataset, Spec, TableSource, toy
from rivalry.errors import BadRequest
from rivalry.games.graph.cell import LowRankLogits, cell
from rivalry.games.graph.netgan import netgan
from rivalry.kinds.layout import placed
from rivalry.maths.graphs import assembled, neighbors, random_walks, stationary, transitions
from rivalry.metrics.graph.links import link_prediction
from rivalry.metrics.graph.statistics import of_graph, set_distance
from rivalry.metrics.ranking import area_under_roc, average_precision
from rivalry.metrics.suite import evaluate
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.show.samples import save


def random_graph(nodes: int, chance: float, seed: int = 0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    upper = (torch.rand(nodes, nodes, generator=draw) < chance).triu(1)
    return upper | upper.T


def alone(graph: torch.Tensor) -> Dataset:
    return Dataset(Spec("one", "graph", tuple(graph.shape)), graph[None].to(torch.uint8))


def trained(make, data: Dataset, rounds: int, **settings):
    torch.manual_seed(0)
    game = make(data.spec, **settings)
    Engine(game, TableSource(data, batch=1), seed=0).play(Goal(rounds=rounds))
    return game


def test_walks_go_along_edges_and_to_every_neighbor_alike() -> None:
    graph = random_graph(12, 0.3)
    walks = random_walks(neighbors(graph), 4000, 6)
    assert graph[walks[:, :-1], walks[:, 1:]].all()
    step = transitions(walks, 12)
    assert torch.equal(step, step.T)
    assert ((step > 0) == graph).all()
    node = int(graph.sum(1).argmax())
    after = walks[:, 1:][walks[:, :-1] == node].bincount(minlength=12)[graph[node]]
    assert (after / after.sum() - 1 / len(after)).abs().max() < 0.05


def test_the_stationary_distribution_stays() -> None:
    chain = torch.rand(9, 9, generator=torch.Generator().manual_seed(0)).softmax(1)
    pi = stationary(chain)
    assert torch.allclose(pi @ chain, pi, atol=1e-6)
    assert float(pi.sum()) == pytest.approx(1, abs=1e-6)


def test_an_assembled_graph_has_its_edges_and_no_node_alone() -> None:
    scores = torch.rand(10, 10, generator=torch.Generator().manual_seed(1))
    made = assembled(scores + scores.T, 20, torch.rand(50, 45))
    assert (made.sum((1, 2)) == 40).all()
    assert made.any(2).all()
    assert not made.diagonal(dim1=1, dim2=2).any()
    assert torch.equal(made, made.transpose(1, 2))


def test_pairs_are_drawn_by_their_scores() -> None:
    """Three nodes and two edges: a pair is left out when it comes last, P(last) = Σ over the orders of the others."""
    a, b, c = 1.0, 2.0, 4.0  # of (0, 1), (0, 2), (1, 2)
    scores = torch.tensor([[0, a, b], [a, 0, c], [b, c, 0]])
    made = assembled(scores, 2, torch.rand(20_000, 3, generator=torch.Generator().manual_seed(0)))
    last = (b / (a + b + c)) * (c / (a + c)) + (c / (a + b + c)) * (b / (a + b))  # of (0, 1)
    assert float((~made[:, 0, 1]).double().mean()) == pytest.approx(last, abs=0.012)


def test_cell_of_full_rank_learns_the_walk_itself() -> None:
    graph = random_graph(8, 0.4)
    game = trained(cell, alone(graph), 300, rank=8, decay=0.0)
    chain = graph / graph.sum(1, keepdim=True)
    assert torch.allclose(game.logits().softmax(1), chain, atol=0.02)
    assert torch.equal(game.sample(3) > 0, graph.expand(3, -1, -1))


def test_cell_tells_held_out_edges_and_untrained_does_not() -> None:
    data = open_data("blocks")
    game = trained(cell, data, 60, rank=6)
    area, precision = evaluate(data, game.sample(1), metrics="link-prediction", game=game)
    assert (area.name, precision.name) == ("link-roc", "link-ap")
    assert area.value > 0.68
    untrained = LowRankLogits(200, rank=6, batch=1, lr=0.1, decay=0.0)
    chance = link_prediction(
        untrained.link_scores().detach(), data.facts["held_out_edges"], data.facts["no_edges"]
    )
    assert abs(chance[0].value - 0.5) < 4 * chance[0].spread


def test_netgans_penalty_is_that_of_one_hot_walks() -> None:
    game = netgan(Spec("one", "graph", (7, 7)), width=5, critic_width=6, embedding=4)
    one_hot = torch.nn.functional.one_hot(torch.randint(7, (2, 3, 16)), 7).float()
    share = torch.rand(3, 1, 1, generator=torch.Generator().manual_seed(0))
    between = (share * one_hot[0] + (1 - share) * one_hot[1]).requires_grad_()
    (g,) = torch.autograd.grad(game.D(game.D.embedded(between)).sum(), between)
    expected = (g.flatten(1).norm(dim=1) - 1).square().mean()
    torch.manual_seed(0)
    state = torch.get_rng_state()
    again = torch.rand(3, 1, 1)
    torch.set_rng_state(state)
    assert torch.equal(again, share)
    found = game.slope_penalty(game.D.embedded(one_hot[0]), game.D.embedded(one_hot[1]))
    assert float(found) == pytest.approx(float(expected), rel=1e-4)


def test_a_walk_is_one_hot_and_its_gradient_reaches_the_code() -> None:
    game = netgan(Spec("one", "graph", (7, 7)), width=5, critic_width=6, embedding=4)
    z = torch.randn(3, 16, requires_grad=True)
    walk = game.G(z)
    assert torch.equal(walk.detach().sum(2), torch.ones(3, 16)) or torch.allclose(
        walk.sum(2), torch.ones(3, 16)
    )
    game.D(game.D.embedded(walk)).sum().backward()
    assert z.grad is not None and z.grad.abs().sum() > 0


def test_areas_are_those_of_scikit_learn_with_ties_as_well() -> None:
    draw = np.random.default_rng(0)
    for levels in (3, 1000):
        p, q = draw.integers(levels, size=40) + 0.3 * levels, draw.integers(levels, size=60) + 0.0
        truth, scores = [1] * 40 + [0] * 60, [*p.round(), *q]
        positive, negative = torch.tensor(p.round()), torch.tensor(q)
        assert area_under_roc(positive, negative) == pytest.approx(roc_auc_score(truth, scores))
        assert average_precision(positive, negative) == pytest.approx(average_precision_score(truth, scores))


def test_statistics_are_those_of_networkx() -> None:
    a = random_graph(40, 0.08, seed=3).numpy().astype(float)
    graph, found = nx.from_numpy_array(a), of_graph(a)
    largest = graph.subgraph(max(nx.connected_components(graph), key=len))
    expected = {
        "edges": graph.number_of_edges(),
        "triangles": sum(nx.triangles(graph).values()) / 3,
        "clustering": nx.transitivity(graph),
        "local clustering": nx.average_clustering(graph),
        "assortativity": nx.degree_assortativity_coefficient(graph),
        "components": nx.number_connected_components(graph),
        "largest": len(largest),
        "path": nx.average_shortest_path_length(largest),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_a_regular_graph_has_no_inequality_and_full_entropy() -> None:
    found = of_graph(nx.to_numpy_array(nx.cycle_graph(10)))
    assert (found["gini"], found["entropy"]) == (pytest.approx(0), pytest.approx(1))
    assert of_graph(nx.to_numpy_array(nx.star_graph(9)))["gini"] > 0.3


def test_equal_sets_have_no_distance_and_others_have() -> None:
    data = toy("graph", n=40, classes=0)
    same = set_distance(data, data.rows(slice(1, None, 2)))
    full = set_distance(data, torch.ones(20, 8, 8) - 2 * torch.eye(8))
    for near, far in zip(same, full):
        assert abs(near.value) < 0.05 < far.value


def test_edges_are_held_out_without_taking_the_graph_apart() -> None:
    edges = random_graph(30, 0.2).triu().nonzero()
    kept, out, none = hold_out(edges, 30, 0.2, torch.Generator().manual_seed(0))
    before, after = (nx.from_numpy_array(joined(e, 30).numpy()) for e in (edges, kept))
    assert nx.number_connected_components(before) == nx.number_connected_components(after)
    assert len(out) == len(none) == round(0.2 * len(edges))
    assert {*map(tuple, kept.tolist()), *map(tuple, out.tolist())} == {*map(tuple, edges.tolist())}
    assert joined(edges, 30)[none[:, 0], none[:, 1]].sum() == 0


def test_cora_is_the_graph_of_the_literature() -> None:
    train, whole = open_data("cora-ml"), open_data("cora-ml", "test")
    assert whole.spec.shape == (2810, 2810)
    assert (int(train.x.sum()) // 2, int(whole.x.sum()) // 2) == (6783, 7981)
    pairs = train.facts["held_out_edges"]
    assert whole.x[0][pairs[:, 0], pairs[:, 1]].all()
    assert not train.x[0][pairs[:, 0], pairs[:, 1]].any()
    with pytest.raises(BadRequest, match="no split 'val'"):
        open_data("cora-ml", "val")


def test_graphs_of_files_are_made_simple_and_written_again(tmp_path: Path) -> None:
    a = random_graph(20, 0.3).numpy()
    graph = nx.from_numpy_array(a)
    lines = [f"{x} {y}" for x, y in graph.edges()]
    (tmp_path / "g.edges").write_text("# a remark\n" + "\n".join([*lines, "3 3", *lines[:4]]) + "\n")
    nx.write_graphml(graph, tmp_path / "g.graphml")
    nx.write_gml(graph, tmp_path / "g.gml")
    save_npz(tmp_path / "g.npz", csr_array(a.astype(float)))
    for name in ("g.edges", "g.graphml", "g.gml", "g.npz"):
        whole, train = open_data(str(tmp_path / name), "test"), open_data(str(tmp_path / name))
        found = nx.from_numpy_array(whole.x[0].numpy())
        assert nx.is_isomorphic(found, graph) and found.number_of_nodes() == 20
        assert int(train.x.sum()) // 2 == len(lines) - round(len(lines) / 10)
    converted = open_data(str(tmp_path / "g.edges")).facts["converted"]
    assert [*converted.values()] == [1, 4]
    whole = open_data(str(tmp_path / "g.graphml"), "test")
    save(lambda: [whole.rows(slice(None))], tmp_path / "again.graphml", whole.spec)
    assert nx.is_isomorphic(nx.read_graphml(tmp_path / "again.graphml"), graph)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("g.edges", "", "without edges"),
        ("g.edges", "a\n", "line 1 of .* names no two nodes"),
        ("g.edges", "a b\n", "1 edges; ten or more"),
        ("g.graphml", "<html/>", "is no graphml"),
        ("g.gml", "graph [", "is no gml"),
    ],
)
def test_files_that_are_no_graph_are_told(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadRequest, match=said):
        open_data(str(tmp_path / name))


def ring(n: int, form: str, first: int = 0) -> list[str]:
    return [form.format(a=first + i, b=first + (i + 1) % n) for i in range(n)]


@pytest.mark.parametrize(
    ("name", "lines", "converted"),
    [
        ("w.edges", ring(12, "{a} {b} 0.5"), {WEIGHTS: 12}),
        ("d.edges", ring(12, "{a} {b}") + ring(12, "{b} {a}")[:5], {BACK: 5}),
        ("l.edges", [*ring(12, "{a} {b}"), "3 3"], {LOOPS: 1}),
        ("e.csv", ["source,target", *ring(12, "n{a},n{b}")], {}),
        ("e.txt", ["# of whole numbers", *ring(12, "{a}\t{b}")], {}),
        (
            "p.net",
            ["*vertices 12", *(f'{i + 1} "{i}"' for i in range(12)), "*arcs", *ring(12, "{a} {b}", 1)],
            None,
        ),
    ],
)
def test_what_a_simple_graph_has_not_is_said(
    tmp_path: Path, name: str, lines: list[str], converted: dict[str, int] | None
) -> None:
    (tmp_path / name).write_text("\n".join(lines).replace(" 13", " 1"))
    data = open_data(str(tmp_path / name))
    assert data.spec.kind == "graph" and data.spec.shape == (12, 12) and data.facts["notes"] == []
    found = data.facts["converted"]
    assert found == converted if converted is not None else found[DIRECTIONS] >= 11
    assert open_data(str(tmp_path / name), "test").facts["converted"] == {}


def test_components_are_counted_and_two_words_a_line_are_sentences(tmp_path: Path) -> None:
    (tmp_path / "two.edges").write_text("\n".join(ring(12, "{a} {b}") + ring(12, "{a} {b}", 20)))
    assert "of 2 components" in open_data(str(tmp_path / "two.edges")).facts["notes"][0]
    (tmp_path / "words.txt").write_text("\n".join(ring(12, "word{a} word{b}")))
    assert open_data(str(tmp_path / "words.txt")).spec.kind == "tokens"


def test_joined_nodes_are_placed_near_each_other() -> None:
    a = np.kron(np.eye(2), 1 - np.eye(6))  # two cliques
    at = placed(a)
    distance = np.linalg.norm(at[:, None] - at[None], axis=2)
    assert at.min() >= 0 and at.max() <= 1
    assert distance[a > 0].mean() < 0.6 * distance[a == 0].mean()
