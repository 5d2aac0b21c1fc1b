"""The glue between callbacks and delivery: event queue, run tracker, row builder, destination."""
