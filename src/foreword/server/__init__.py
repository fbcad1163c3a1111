"""Suggestions over a network, by HTTP and WebSocket. Never imports torch."""
