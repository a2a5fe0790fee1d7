"""Files and frames as parts of tables: folders, archives, CSV, workbooks, and the shapes that sheets have."""
