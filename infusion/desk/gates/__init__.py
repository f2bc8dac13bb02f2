"""The gate across rooms: visits that will fail it, the sheet of one visit, overrides and their count."""
