"""What a fit is handed: tables, labels, names and counts of rows, and values that are not there."""
