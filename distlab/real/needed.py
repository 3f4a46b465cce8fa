"""Servers that this machine may lack, and deeds that it may not be able to do to them."""

from __future__ import annotations

from distlab.doctor import look_for


class NotHere(RuntimeError):
    """This machine lacks a server (the text is what `distlab doctor` says about it), or cannot do
    this to the one that it has. `except NotHere` is enough where a demonstration may be left out.
    """


def find(name: str) -> str:
    """The place where the doctor finds it. Raises `NotHere`."""
    part = look_for(name)
    if part.found is None:
        raise NotHere(f"missing  {name}, for {part.purpose}\n         to get it: {part.how}")
    return part.found
