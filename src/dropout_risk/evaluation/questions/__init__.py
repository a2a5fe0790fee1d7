"""One question to a model in each file, with its figures, its table and its words."""
