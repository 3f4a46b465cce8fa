"""Servers that this machine may lack, and deeds that it may not be able to do to them."""

from distlab.doctor import look_for


class NotHere(RuntimeError):
    """This machine lacks a server, or cannot do this to the one that it has.

    For a missing server the text is that of `distlab doctor`. A demonstration that may be left out
    needs only `except NotHere`.
    """


def find(name: str) -> str:
    """The place where the doctor finds it. Raises `NotHere`."""
    part = look_for(name)
    if part.found is None:
        raise NotHere(f"missing  {name}, for {part.purpose}\n         to get it: {part.how}")
    return part.found
