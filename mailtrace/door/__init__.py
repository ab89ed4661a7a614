"""The door of the service: who comes in, how many at a time, and how long anybody may take to ask and to listen."""
