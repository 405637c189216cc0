"""A stand-in for systemd: the receiving end of its notification socket."""

import socket


class ServiceManager:
    """A real datagram socket at ``address``; an address that begins with "@" is abstract."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(10)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)

    def next_message(self) -> str:
        return self._socket.recv(4096).decode()

    def messages(self) -> list[str]:
        """All messages so far. On one machine, a datagram has arrived once it is sent."""
        self._socket.setblocking(False)
        received = []
        try:
            while True:
                received.append(self.next_message())
        except BlockingIOError:
            return received

    def close(self) -> None:
        self._socket.close()
