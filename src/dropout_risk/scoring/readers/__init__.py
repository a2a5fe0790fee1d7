"""Who reads, and what of a score: roles, scopes, redaction."""
