"""Networks that turn data into features, and how they are found, loaded and cached."""
