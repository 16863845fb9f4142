"""Games of sounds."""
