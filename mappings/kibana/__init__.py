"""What Kibana shows of our index: a data view, saved searches and a dashboard, as objects that it imports (`mailtrace.ndjson`)."""
