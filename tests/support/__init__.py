"""What tests stand on: fake models, and platforms that are real."""
