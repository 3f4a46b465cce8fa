"""Folders: of the course's own files, and of the learner."""

import os
from pathlib import Path

import platformdirs

PACKAGE = Path(__file__).parent


def shipped(folder: str) -> Path:
    """The course's folder `notebooks` or `data`: in the installed package, or in a checkout."""
    installed = PACKAGE / "_course" / folder
    return installed if installed.is_dir() else PACKAGE.parent / folder


def home() -> Path:
    """The learner's folder: DISTLAB_HOME, or the system's place for a user's data.

    A user without a home directory gets a path that begins with `~`: `Path.expanduser` refuses it.
    """
    if chosen := os.environ.get("DISTLAB_HOME"):
        return Path(os.path.expanduser(chosen))  # noqa: PTH111 (that of pathlib raises)
    try:
        return platformdirs.user_data_path("distlab", appauthor=False)
    except RuntimeError:
        return Path("~/distlab")
