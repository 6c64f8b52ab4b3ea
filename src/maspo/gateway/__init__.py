"""The gateway: a transparent reverse proxy on loopback between an app and its model endpoints."""
