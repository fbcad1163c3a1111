"""A model's insides made visible on a text: what it keeps, what it forgets, and why."""
