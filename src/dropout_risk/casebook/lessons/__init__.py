"""What the book teaches: difficulties, feedback, treatment, trials, and how soon somebody came."""
