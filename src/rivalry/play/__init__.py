"""Performing rounds: the engine, its dynamics, precision, processes and goals."""
