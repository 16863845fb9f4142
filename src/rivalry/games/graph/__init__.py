"""Games of graphs."""
