"""Figures about a running Mail Trace, as Prometheus reads them: `table` names each, the other modules give the values."""
