"""What headers and words mean: the mapping, the conventions, and how exams, places and people write."""
