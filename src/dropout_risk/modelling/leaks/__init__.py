"""The leak detector."""
