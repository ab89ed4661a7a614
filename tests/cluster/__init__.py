"""The cluster as a store: what the contract of all stores does not say."""
