"""Games of moving pictures."""
