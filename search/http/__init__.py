"""The query layer over HTTP: a JSON API and pages, both thin: request -> `Query` -> `MailTrace` -> response."""
