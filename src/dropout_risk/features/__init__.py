"""Features: measures over histories, and the cohort they are made for."""
