# Man page and completions go where a packager expects them.
