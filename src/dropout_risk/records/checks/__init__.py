"""What is looked for in tables: by value, by row, by register and over everything."""
