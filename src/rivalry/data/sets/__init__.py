"""Data sets that have a name: bundled, drawn by formula, or made from installed packages."""
