"""Games of sentences."""
