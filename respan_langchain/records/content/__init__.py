"""What was said, as JSON: any value, messages, documents, media."""
