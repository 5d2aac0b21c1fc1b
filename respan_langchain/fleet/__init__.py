"""Rows of many processes through Redis or Valkey: producers, forwarders, and one rate limit."""
