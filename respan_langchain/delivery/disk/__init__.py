"""The levels `spill` and `durable`: what lies on disk, and how it comes back."""
