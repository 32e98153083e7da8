"""A logistics study: routes, bottlenecks and communities of a few generated road networks."""
import argparse
import random
import sys

import networkx as nx


def road_network(towns, seed):
    rng = random.Random(seed)
    positions = {n: (rng.random(), rng.random()) for n in range(towns)}
    graph = nx.Graph()
    for n, pos in positions.items():
        graph.add_node(n, pos=pos)
    for a in positions:
        near = sorted(
            (b for b in positions if b != a),
            key=lambda b: (positions[a][0] - positions[b][0]) ** 2 + (positions[a][1] - positions[b][1]) ** 2,
        )
        for b in near[:4]:
            d = ((positions[a][0] - positions[b][0]) ** 2 + (positions[a][1] - positions[b][1]) ** 2) ** 0.5
            graph.add_edge(a, b, weight=round(d, 6))
    return graph


def report(graph, out):
    if not nx.is_connected(graph):
        parts = sorted(nx.connected_components(graph), key=lambda c: (-len(c), min(c)))
        for part in parts[1:]:
            graph.add_edge(min(parts[0]), min(part), weight=0.5)
    out.write(f"towns {graph.number_of_nodes()} roads {graph.number_of_edges()}\n")
    tree = nx.minimum_spanning_tree(graph)
    out.write(f"spanning {tree.size(weight='weight'):.4f}\n")
    betweenness = nx.betweenness_centrality(graph, weight="weight")
    for town in sorted(betweenness, key=lambda t: (-betweenness[t], t))[:5]:
        out.write(f"bottleneck {town} {betweenness[town]:.5f}\n")
    rank = nx.pagerank(graph, weight=None) if False else nx.closeness_centrality(graph)
    out.write(f"central {max(rank, key=lambda t: (rank[t], -t))}\n")
    groups = nx.community.label_propagation_communities(graph)
    out.write(f"communities {len(list(groups))}\n")
    order = list(nx.dfs_preorder_nodes(tree, 0))
    out.write(f"tour {order[:12]}\n")
    colours = nx.greedy_color(graph, strategy="largest_first")
    out.write(f"colours {max(colours.values()) + 1}\n")
    cores = nx.core_number(graph)
    out.write(f"core {max(cores.values())}\n")
    flow = nx.DiGraph()
    for a, b, data in graph.edges(data=True):
        flow.add_edge(a, b, capacity=1 + int(data["weight"] * 100))
        flow.add_edge(b, a, capacity=1 + int(data["weight"] * 100))
    value, _ = nx.maximum_flow(flow, 0, graph.number_of_nodes() - 1)
    out.write(f"flow {value}\n")
    bridges = sorted(tuple(sorted(e)) for e in nx.bridges(graph))
    out.write(f"bridges {bridges[:5]}\n")


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--towns", type=int, default=140)
    parser.add_argument("--output", default="-")
    args = parser.parse_args(argv)
    out = sys.stdout if args.output == "-" else open(args.output, "w")
    for seed in range(3):
        report(road_network(args.towns + 20 * seed, seed), out)
    cycle = nx.cycle_graph(9)
    out.write(f"isomorphic {nx.is_isomorphic(cycle, nx.relabel_nodes(cycle, lambda n: (n * 2) % 9))}\n")
    out.write(f"cliques {sum(1 for _ in nx.find_cliques(nx.gnp_random_graph(60, 0.3, seed=4)))}\n")


if __name__ == "__main__":
    main()
