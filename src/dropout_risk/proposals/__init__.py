"""A mapping proposed for the files of a school's own system, with evidence and doubt for each line."""
