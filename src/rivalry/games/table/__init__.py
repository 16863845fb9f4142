"""Games of tables."""
