"""Rows of many processes by way of Redis or Valkey: producers, forwarders, and one rate limit."""
