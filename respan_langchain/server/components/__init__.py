"""Parts of the web pages: HTML from values. They have no route, and read no store."""
