"""What the browser sees; it needs the extra `studio`, and only `studio.app` imports it."""
