"""Readers, a file for each source of data: folders and archives of images, arrays, columns, pairs, text."""
