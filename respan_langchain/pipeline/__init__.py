"""From callbacks to delivery: the event queue, its processor, the row builder, the destination."""
