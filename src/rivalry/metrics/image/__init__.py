"""Metrics of images as pixels."""
