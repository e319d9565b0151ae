"""From a motion and a performer to a finished clip."""
