"""Who is meant: identifiers, spells of enrolment, classes."""
