"""Drawings of a card's decision: its criteria as the rungs of a ladder, for a card as authored or
as decided for a request."""
