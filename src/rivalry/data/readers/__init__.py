"""One file a source of data: folders and archives of images, arrays, columns, pairs."""
