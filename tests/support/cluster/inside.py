"""The first process of the node's namespaces: prepares them, starts the components, and ends when one of them does.

Run by `node.py` as process 1: `python -m support.cluster.inside FOLDER`.
"""

import os
import pathlib
import socket
import subprocess
import sys
import threading

from support.cluster import settings
from support.kubernetes_api import Api

PAUSE = threading.Event()


FOLDER = pathlib.Path("/run")


def prepare(folder):
    """Mounts and network, all of them this namespace's own."""
    # Mounts of the host do not come in and ours do not go out (unshare), but kubelet and containerd share theirs.
    mount("--make-rshared", "/")
    mount("--bind", folder, FOLDER)
    mount("--bind", FOLDER / "log", "/var/log")
    # kubelet and CNI write there, whatever they are told.
    upper, work = (FOLDER / "var-lib" / name for name in ("upper", "work"))
    for each in (upper, work):
        each.mkdir(parents=True)
    mount("-t", "overlay", "-o", f"lowerdir=/var/lib,upperdir={upper},workdir={work}", "var-lib", "/var/lib")
    for name in settings.KERNEL_TUNABLES:
        mount("--bind", FOLDER / name.replace("/", "."), f"/proc/sys/{name}")
    run("ip", "link", "set", "lo", "up")
    while f"{settings.NODE_LINK}:" not in pathlib.Path("/proc/net/dev").read_text():
        PAUSE.wait(0.02)
    run("ip", "address", "add", f"{settings.NODE_ADDRESS}/30", "dev", settings.NODE_LINK)
    run("ip", "link", "set", settings.NODE_LINK, "up")
    run("ip", "route", "add", "default", "via", settings.HOST_ADDRESS)
    # An address of a Service that kube-proxy has no rule for yet: refused at once. A packet that left the node would leave an
    # entry in the connection table, and no later one of that connection would be sent to a pod.
    run("ip", "route", "add", "unreachable", settings.SERVICES)
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")


def mount(*arguments):
    run("mount", *arguments)


def run(*command):
    subprocess.run(list(map(str, command)), check=True)


def api_server_is_ready():
    api = Api("/run/callers-ca.pem", ("127.0.0.1", settings.API_PORT), (FOLDER / "admin.token").read_text())
    try:
        return api.request("GET", "/readyz", timeout=5)[0] == 200
    except OSError:
        return False


def containerd_is_ready():
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex("/run/containerd/containerd.sock") == 0


def supervise():
    """Starts each component as soon as what it needs is there. Returns what ended first."""
    needs = {"kube-controller-manager": api_server_is_ready, "kubelet": containerd_is_ready}
    running = {}
    for name, command in settings.commands().items():
        while name in needs and not needs[name]():
            if ended := reap(running, os.WNOHANG):
                return ended
            PAUSE.wait(0.05)
        log = open(FOLDER / "log" / f"{name}.log", "ab")
        running[subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log).pid] = name
    while True:
        if ended := reap(running, 0):
            return ended


def reap(running, flags):
    """Collects one process that ended: as process 1, also the orphans of the others. Returns what a component's end was."""
    pid, status = os.waitpid(-1, flags)
    if pid in running:
        return f"{running[pid]} ended with status {os.waitstatus_to_exitcode(status)}"
    return None


def main(folder):
    prepare(folder)
    print(supervise(), flush=True)
    sys.exit(1)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
