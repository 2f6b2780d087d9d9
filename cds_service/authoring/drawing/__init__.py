"""Drawings of a card's decision, as authored or as decided for a request: their content
(``ladder``), and their forms, an ordered list in HTML and a graph."""
