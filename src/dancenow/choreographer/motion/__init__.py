"""Dances as motion: poses become vectors, and a model of how they move composes new ones."""
