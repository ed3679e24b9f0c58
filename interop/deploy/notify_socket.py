"""Stands in for the service manager: prints what arrives at a notification socket, until stdin ends."""

import socket
import sys
import threading


def main() -> None:
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(sys.argv[1])
    print("bound", flush=True)

    def copy() -> None:
        while True:
            print(receiver.recv(4096).decode(), flush=True)

    threading.Thread(target=copy, daemon=True).start()
    sys.stdin.read()


main()
