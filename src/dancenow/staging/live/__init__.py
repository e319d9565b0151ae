"""A performer before a camera: where frames come from, how they are danced, where they go."""
