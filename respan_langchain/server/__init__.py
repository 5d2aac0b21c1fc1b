"""An HTTP port and web pages over the embedded platform. Needs the `local` extra."""
