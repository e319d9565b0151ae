"""Live performance: camera, session, screen."""
