"""The studio: a page in the browser for those who never used a terminal (`dancenow studio`)."""
