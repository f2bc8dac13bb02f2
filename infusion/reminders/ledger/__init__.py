"""The clinic's whole ledger on screens for staff: what was sent, is planned, failed or was laid aside, and why."""
