"""Limits of an address on a listener of IPv6, where one host owns a whole /64 network.

The test needs addresses that no machine has on its loopback device, so it runs in a network namespace of its own: as a program
started by unshare.

usage: test_addresses.py FOLDER
"""

import contextlib
import fcntl
import os
import pathlib
import socket
import struct
import subprocess
import sys

import pytest

from support.broker import Broker, credential, write_config
from support.processes import TIMEOUT, wait_for
from support.raw_h2 import ACK, SETTINGS, RawConnection, call, frame, hello
from support.sandbox import Sandbox

LIMIT = 2
NETWORK = "fd00:0:0:1::"
OTHER_NETWORK = "fd00:0:0:2::"

CHECK = "/grpc.health.v1.Health/Check"

# Of linux/sockios.h and linux/if.h.
SIOCSIFFLAGS, SIOCSIFADDR = 0x8914, 0x8916
IFF_UP = 1


def set_up_loopback(*addresses):
    """Brings up the loopback device of this network namespace, with these IPv6 addresses beside its own."""
    device = b"lo"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ipv4:
        fcntl.ioctl(ipv4, SIOCSIFFLAGS, struct.pack("16sh14x", device, IFF_UP))
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as ipv6:
        index = socket.if_nametoindex(device.decode())
        for address in addresses:
            request = socket.inet_pton(socket.AF_INET6, address) + struct.pack("Ii", 64, index)
            fcntl.ioctl(ipv6, SIOCSIFADDR, request)


def is_served(connection):
    return connection.read_until(lambda: 1 in connection.answers())


def check_limit(address):
    """Connections of the addresses of one network are counted together, those of another network apart."""
    with contextlib.ExitStack() as stack:

        def connect(source):
            connection = stack.enter_context(RawConnection(address, source=source))
            connection.send(hello() + frame(SETTINGS, ACK) + call(1, CHECK))
            return connection

        first, second = connect(f"{NETWORK}1"), connect(f"{NETWORK}2")
        assert is_served(first) and is_served(second)
        for beyond in (f"{NETWORK}1", f"{NETWORK}3"):
            refused = connect(beyond)
            assert refused.await_close() and refused.frames() == []
        assert is_served(connect(f"{OTHER_NETWORK}1"))
        first.close()
        assert wait_for(lambda: is_served(connect(f"{NETWORK}3")), TIMEOUT)


def main(folder):
    set_up_loopback(*(f"{network}{host}" for network in (NETWORK, OTHER_NETWORK) for host in (1, 2, 3)))
    with Sandbox(folder) as sandbox:
        limits = {"listen": "[::1]:0", "max_connections_per_address": LIMIT}
        with Broker(write_config(folder, [credential(folder, sandbox)], server=limits)) as broker:
            check_limit(broker.address)
            assert broker.terminate() == 0


def unshare():
    """The command that runs another in a network namespace; None: this user may have none."""
    for command in (["unshare", "--net"], ["unshare", "--net", "--map-root-user"]):
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    return None


def test_addresses_of_one_ipv6_network_count_as_one(tmp_path):
    command = unshare()
    if command is None:
        pytest.fail("needs a network namespace: run it as root, or where users may have namespaces")
    program = [*command, sys.executable, __file__, str(tmp_path)]
    paths = {"PYTHONPATH": str(pathlib.Path(__file__).resolve().parents[1])}
    done = subprocess.run(
        program, env={**os.environ, **paths}, capture_output=True, text=True, timeout=2 * TIMEOUT, check=False
    )
    assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
