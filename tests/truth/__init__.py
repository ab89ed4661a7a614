"""The truth: what the captures' traces must say, for each message that was really sent."""
