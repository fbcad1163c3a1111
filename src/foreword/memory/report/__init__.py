"""A survey for people: a page for browsers, and the map as a picture."""
