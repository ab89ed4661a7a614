"""From log lines to traces."""
