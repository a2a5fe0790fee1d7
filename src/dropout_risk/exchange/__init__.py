"""Records from and for other systems: the school roll's template, OneRoster, Ed-Fi."""
