"""Runs on disk: writing, reading and listing them."""
