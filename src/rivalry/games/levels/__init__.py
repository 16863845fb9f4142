"""Games of levels."""
