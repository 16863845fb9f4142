"""Data and samples as pictures, tables, movies and files."""
