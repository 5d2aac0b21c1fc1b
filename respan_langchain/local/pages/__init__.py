"""The page for people: server-rendered, with a little plain JavaScript."""
