"""Files that an image, a cluster or a machine starts the service with, and what they run."""
