"""Forgeries: what strangers write into the logs of real mail servers is believed by nobody, and nobody reads another tenant's addresses."""
