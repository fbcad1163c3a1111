"""The command line: one file a verb. Parses, calls, prints; holds no logic."""
