"""Any Python value to JSON: messages, content blocks, media, documents, objects, truncation.

Pure: never raises on a value, never changes it, does no I/O.
"""
