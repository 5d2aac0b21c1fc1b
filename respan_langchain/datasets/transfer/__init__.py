"""Datasets between platforms: push, pull and import, resumable and without duplicates."""
