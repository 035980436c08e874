"""Starts and ends the node, from outside its namespaces."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

from support.cluster import images, settings
from support.kubernetes_api import Api
from support.processes import wait_for

PROGRAMS = ("etcd", "containerd", "containerd-shim-runc-v2", "ctr", "runc", "kube-apiserver", "kubelet", "iptables",
            "conntrack", "busybox", "ip", "unshare", "nsenter", "setpriv")  # fmt: skip
START_LIMIT = 180  # seconds; 15 on two idle cores
END_LIMIT = 30
TESTS = pathlib.Path(__file__).resolve().parents[2]


class NodeError(Exception):
    pass


class Node:
    """The node whose state is in `folder`. There is one at a time on a machine: its addresses are fixed."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.kubeconfig = self.folder / "admin.kubeconfig"
        self._state = self.folder / "node.json"

    # ---- up and down -------------------------------------------------------------------------------------

    def up(self, tied_to_parent=False):
        """Starts the node and waits until it is Ready. With `tied_to_parent` it dies with the calling process."""
        check_machine()
        if self.is_running():
            return
        self.down()
        if _is_linked():
            raise NodeError(f"another node runs on this machine: there is a network device {settings.HOST_LINK}."
                            " End it where it was started: ./dev cluster down")  # fmt: skip
        self.folder.mkdir(parents=True, mode=0o700)
        (self.folder / "log").mkdir()
        settings.write_files(self.folder)
        for hierarchy in _hierarchies():
            (hierarchy / settings.CGROUP).mkdir(exist_ok=True)
        try:
            self._start(tied_to_parent)
        except BaseException:
            self._end()
            raise

    def _start(self, tied_to_parent):
        process = subprocess.Popen(
            [*(["setpriv", "--pdeathsig", "KILL"] if tied_to_parent else []),
             "unshare", "--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child=KILL", "--mount-proc",
             sys.executable, "-m", "support.cluster.inside", self.folder],
            env={**os.environ, "PYTHONPATH": str(TESTS)}, cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=open(self.folder / "log" / "node.log", "ab"), stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        state = {"outer": _identity(process.pid)}
        self._state.write_text(json.dumps(state))

        def wait_until(condition, what):
            if not wait_for(lambda: process.poll() is not None or condition(), START_LIMIT, pause=0.1):
                raise NodeError(f"the node does not start: no {what} after {START_LIMIT} s; logs: {self.folder}/log")
            if process.poll() is not None:
                log = (self.folder / "log" / "node.log").read_text()
                raise NodeError(f"the node ended while it started: {log[-2000:].strip()}; logs: {self.folder}/log")

        wait_until(lambda: _network_of(process.pid) != _network_of("self"), "network namespace")
        wait_until(lambda: _children(process.pid), "first process")
        state["first"] = _identity(_children(process.pid)[0])
        self._state.write_text(json.dumps(state))
        _connect(process.pid)
        wait_until(self._is_ready, "node that is Ready")
        pause = images.write_image(
            self.folder / "pause.tar", [settings.PAUSE_IMAGE], {"/bin/busybox": shutil.which("busybox")},
            entrypoint=["/bin/busybox", "tail", "-f", "/dev/null"],
        )  # fmt: skip
        self.load_image(pause)

    def down(self):
        """Ends the node and removes all that it left, also where it has already ended or was killed."""
        self._end()
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _end(self):
        processes = json.loads(self._state.read_text()) if self._state.exists() else {}
        alive = [identity for identity in processes.values() if _is_alive(identity)]
        for identity in alive:
            os.kill(identity["pid"], signal.SIGKILL)
        # The first process of a PID namespace is gone only when all of that namespace are.
        if not wait_for(lambda: not any(map(_is_alive, alive)), END_LIMIT):
            raise NodeError(f"processes of the node do not end: {alive}")
        if alive and not wait_for(lambda: not _is_linked(), END_LIMIT):
            raise NodeError(f"the network device {settings.HOST_LINK} is still there after the node ended")
        self._state.unlink(missing_ok=True)
        # If there is a link now, it and the cgroups are another node's.
        if not _is_linked():
            for hierarchy in _hierarchies():
                _remove_cgroup(hierarchy / settings.CGROUP)

    # ---- its state and its API ------------------------------------------------------------------------------

    def is_running(self):
        return self._state.exists() and all(map(_is_alive, json.loads(self._state.read_text()).values()))

    @property
    def api(self):
        token = (self.folder / "admin.token").read_text()
        return Api(str(self.folder / "callers-ca.pem"), (settings.NODE_ADDRESS, settings.API_PORT), token)

    def _is_ready(self):
        """Whether pods can be made: kubelet reports the node Ready, and the controllers have begun."""
        default = "namespaces/default"
        paths = (f"nodes/{settings.NODE_NAME}", f"{default}/serviceaccounts/default", f"{default}/services/kubernetes")
        try:
            answers = [self.api.request("GET", f"/api/v1/{path}", timeout=5) for path in paths]
        except OSError:
            return False
        if any(status != 200 for status, _ in answers):
            return False
        conditions = answers[0][1]["status"].get("conditions", [])
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    def load_image(self, archive):
        """Imports an archive that `docker save` or images.py wrote."""
        outer = json.loads(self._state.read_text())["outer"]["pid"]
        with open(archive, "rb") as content:
            done = subprocess.run(
                ["nsenter", "--target", str(outer), "--mount", "ctr", "--namespace", "k8s.io", "images", "import", "-"],
                stdin=content, capture_output=True, text=True, check=False,
            )  # fmt: skip
        if done.returncode != 0:
            raise NodeError(f"the image in {archive} cannot be imported: {done.stderr}")


def check_machine():
    if os.geteuid() != 0:
        raise NodeError("a Kubernetes node needs root: namespaces, mounts and cgroups. Start this command as root")
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        raise NodeError(f"not found: {', '.join(missing)}. Install them: ./dev setup --full")


def _is_linked():
    """Whether a node runs on this machine, this or another."""
    return pathlib.Path(f"/sys/class/net/{settings.HOST_LINK}").exists()


def _connect(pid):
    """A link between this machine and the node, and routes to its Services and pods. All go with the node's namespace."""
    link = settings.HOST_LINK
    for command in (
        ("link", "add", link, "type", "veth", "peer", "name", settings.NODE_LINK, "netns", pid),
        ("address", "add", f"{settings.HOST_ADDRESS}/30", "dev", link),
        ("link", "set", link, "up"),
        ("route", "add", settings.SERVICES, "via", settings.NODE_ADDRESS),
        ("route", "add", settings.PODS, "via", settings.NODE_ADDRESS),
    ):
        subprocess.run(["ip", *map(str, command)], check=True)


# ---- processes and cgroups ---------------------------------------------------------------------------------


def _identity(pid):
    """The process, not a later one with its number."""
    return {"pid": pid, "started": _stat(pid)[19]}


def _stat(pid):
    """The fields of /proc/PID/stat after the name: state first."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _is_alive(identity):
    try:
        fields = _stat(identity["pid"])
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[0] != "Z" and fields[19] == identity["started"]


def _children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _network_of(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


def _hierarchies():
    """The roots of the cgroup hierarchies: one with version 2, one a controller with version 1."""
    root = pathlib.Path("/sys/fs/cgroup")
    if (root / "cgroup.controllers").exists():
        return [root]
    return [each for each in root.iterdir() if each.is_dir() and not each.is_symlink()]


def _remove_cgroup(path):
    """With all below it; the kernel may need a moment after the last process."""
    if not path.exists():
        return
    for child in path.iterdir():
        if child.is_dir():
            _remove_cgroup(child)

    def removed():
        try:
            path.rmdir()
        except FileNotFoundError:
            pass
        except OSError:
            return False
        return True

    if not wait_for(removed, END_LIMIT):
        raise NodeError(f"cannot remove the cgroup {path}: a process is still in it")
