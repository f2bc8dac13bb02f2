"""The settings page for kinds of messages: what goes when and by which way, and when nothing does."""
