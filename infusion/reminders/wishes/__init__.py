"""Which messages a patient wants, as told to staff."""
