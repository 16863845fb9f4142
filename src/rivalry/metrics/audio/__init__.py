"""Metrics of sounds."""
