"""The command line: one file for each verb. Parses, calls, prints; has no logic."""
