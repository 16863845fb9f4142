"""Metrics of moving pictures."""
