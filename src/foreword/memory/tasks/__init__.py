"""The classic memory tasks, one file each or one for a close pair; they know no networks."""
