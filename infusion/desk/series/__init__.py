"""A series that moves: the preview of what an infusion takes along, the decisions about one dose, and the undo."""
