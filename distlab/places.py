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
    """The learner's folder: DISTLAB_HOME, or the system's place for a user's data."""
    chosen = os.environ.get("DISTLAB_HOME")
    if chosen:
        return Path(chosen).expanduser()
    return platformdirs.user_data_path("distlab", appauthor=False)
