"""The inspection as one page: a file that needs no network, no server and no other file."""
