"""Environments that agents act in, the episodes that they play there, and demonstrations."""
