"""Servers that this machine may lack."""

from __future__ import annotations

from distlab.doctor import look_for


class NotHere(RuntimeError):
    """This machine lacks a server. The text is what `distlab doctor` says about it."""


def find(name: str) -> str:
    """Where the doctor finds it. Raises `NotHere`."""
    part = look_for(name)
    if part.found is None:
        raise NotHere(f"missing  {name}, for {part.purpose}\n         to get it: {part.how}")
    return part.found
