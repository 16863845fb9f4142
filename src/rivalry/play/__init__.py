"""What performs a round: the engine, its dynamics, precision, processes and goals."""
