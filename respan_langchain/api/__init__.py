"""EDGE. The platform over HTTP; the pure half says what to ask, the client asks."""
