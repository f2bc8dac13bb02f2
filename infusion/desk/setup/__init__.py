"""The clinic's settings on screens, each change shown with what it would break before it is saved."""
