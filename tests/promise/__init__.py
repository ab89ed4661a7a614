"""The promise: the same lines give the same documents, however the reading is cut, restarted, repeated, or spread over runs and files."""
