"""What an image and a machine need to run the service."""
