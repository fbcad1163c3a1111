"""The service: suggestions over HTTP and WebSocket. Sits on the predictor; never imports torch."""
