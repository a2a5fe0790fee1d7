"""Why a risk changed, and what would change it."""
