"""What the browser meets; it needs the extra `studio`, and `studio.app` alone imports it."""
