"""The network: one request, one answer, one deadline."""
