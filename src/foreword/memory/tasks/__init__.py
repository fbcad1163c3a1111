"""The classic tasks on memory, one file each or one for a close pair; they know no networks."""
