"""Fixtures of the application's tests."""

from app_session import start

__all__ = ["start"]
