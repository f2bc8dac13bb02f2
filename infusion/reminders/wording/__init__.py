"""The clinic's settings for what patients read: its own words around the facts, tried out before they hold."""
