"""Loss of power, simulated: what was written and never synced is taken away, and the program is started on what is left."""
