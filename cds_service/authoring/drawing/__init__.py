"""A card's decision to look at, as authored or as decided for a request: what is shown of it
(``ladder``), and its forms, an ordered list in HTML and a graph."""
