"""JupyterLab and a browser, for tests and benchmarks that look at notebooks as a learner does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Error, Page, sync_playwright

from distlab.workspace import jupyterlab_environment
from tests.notebooks.normalise import METADATA

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
TOKEN = "for-tests-only"
KERNEL_IS_IDLE = """() => {
  const context = window.jupyterapp?.shell.currentWidget?.context?.sessionContext;
  return context?.isReady && context.session?.kernel?.status === "idle";
}"""
ALL_CELLS_RAN = """() => {
  const prompts = [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")];
  return prompts.length > 0 && prompts.every(each => /\\d/.test(each.textContent));
}"""


class JupyterLab:
    """A running server; notebooks are written into `folder`."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    def write(self, name: str, cells: Sequence[str]) -> str:
        """Write a notebook of code cells, without outputs. Returns its name."""
        new = nbformat.v4
        code = [new.new_code_cell(source) for source in cells]
        notebook = new.new_notebook(cells=code, metadata=METADATA)
        nbformat.write(notebook, self.folder / name)
        return name

    def open(self, page: Page, name: str) -> None:
        """Open a notebook and wait until its kernel can run cells."""
        page.goto(f"http://127.0.0.1:{self.port}/lab/tree/{name}?reset&token={TOKEN}")
        page.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)

    def choose_theme(self, page: Page, theme: str) -> None:
        """Light or Dark."""
        command = "theme => jupyterapp.commands.execute('apputils:change-theme', { theme })"
        page.evaluate(command, f"JupyterLab {theme}")
        light = str(theme == "Light").lower()
        page.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")

    def run_all(self, page: Page) -> None:
        """Run all cells and wait until each has run."""
        page.evaluate("jupyterapp.commands.execute('runmenu:run-all')")
        page.wait_for_function(ALL_CELLS_RAN, timeout=60_000)


@contextmanager
def jupyterlab(folder: Path) -> Iterator[JupyterLab]:
    """A server on this machine whose settings, runtime files and notebooks are all in `folder`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    work = folder / "work"
    work.mkdir(parents=True)
    places = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in
              ("CONFIG", "DATA", "RUNTIME")}  # fmt: skip
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
        f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}",
        "--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly",
        f"--ServerApp.root_dir={work}",
        f"--LabApp.workspaces_dir={folder}/workspaces",
        f"--LabApp.user_settings_dir={folder}/settings",
    ]  # fmt: skip
    environment = {**os.environ, **jupyterlab_environment(), **places, "HOME": str(folder)}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=work)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/status?token={TOKEN}", server, folder)
        yield JupyterLab(work, port)
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait_for(url: str, server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"JupyterLab did not start:\n{(folder / 'server.log').read_text()}")


def errors_of_widgets(page: Page) -> list[str]:
    """A list that fills with the errors of our own scripts, which anywidget loads as blobs."""
    errors: list[str] = []

    def hear(error: Error) -> None:
        if "blob:" in (error.stack or ""):
            errors.append(f"{error}\n{error.stack}")

    page.on("pageerror", hear)
    return errors


@contextmanager
def chromium(executable: str) -> Iterator[Browser]:
    """The browser at that path."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield browser
        browser.close()
