"""Re-planning: what has happened, the plan as it is worked out, and what staff accept of it."""
