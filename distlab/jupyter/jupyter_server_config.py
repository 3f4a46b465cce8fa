"""Settings of the server that `distlab lab` starts.

The answer to a drag in a lab follows a small message of the kernel. As sockets come, the second one
waits until the browser's machine has acknowledged the first, which it puts off for up to 40 ms
(Nagle's algorithm, RFC 896, and delayed acknowledgements, RFC 1122). That wait was a third of the
time from a drag to its picture, so the kernels' connections send at once.
"""

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A kernel's connection to a browser with TCP_NODELAY."""

    def connect(self) -> Any:
        self.websocket_handler.set_nodelay(True)
        return super().connect()


c = get_config()  # type: ignore[name-defined]  # noqa: F821  (Jupyter defines it)
c.ServerApp.kernel_websocket_connection_class = PromptConnection
