"""A Docker daemon of the tests' own. It changes nothing of the machine's: no firewall rules, no default bridge."""

import json
import os
import pathlib
import subprocess

from support.processes import TIMEOUT, wait_for

# Debian's, which has BuildKit in it; another in the PATH may need a plugin for it.
DOCKER = os.environ.get("DOCKER", "/usr/bin/docker")
# With a cold cache a build installs a toolchain and compiles everything.
BUILD_TIMEOUT = 1800


class Docker:
    """Started and ended by `with`, as root. `data` outlives it, so that the next build finds its layers; `folder` need not."""

    def __init__(self, folder, data):
        self._folder, self._data = pathlib.Path(folder), pathlib.Path(data)
        self._host = f"unix://{self._folder}/docker.sock"
        self._exec = self._folder / "exec"
        self._log = self._folder / "dockerd.log"
        self._daemon = None

    def __enter__(self):
        config = self._folder / "daemon.json"
        config.write_text(json.dumps({"builder": {"gc": {"enabled": True, "defaultKeepStorage": "6GB"}}}))
        with self._log.open("wb") as log:
            # It ends with the tests, also where something kills them.
            self._daemon = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "/usr/sbin/dockerd", "--config-file", config,
                 "--data-root", self._data, "--exec-root", self._exec, "--pidfile", self._folder / "pid",
                 "--host", self._host, "--iptables=false", "--ip-forward=false", "--bridge=none"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            assert wait_for(self._is_up_or_ended, TIMEOUT) and self._daemon.poll() is None, self._log.read_text()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _is_up_or_ended(self):
        return self._daemon.poll() is not None or self.run("version", check=False).returncode == 0

    def __exit__(self, *_):
        if self._daemon.poll() is None and self.run("version", check=False).returncode == 0:
            if containers := self.run("ps", "--all", "--quiet").stdout.split():
                self.run("rm", "--force", "--volumes", *containers)
            self.run("network", "prune", "--force")
            self.run("image", "prune", "--force")
        self._daemon.terminate()
        try:
            self._daemon.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            self._daemon.wait()
        for target in reversed(self._mounts()):
            subprocess.run(["umount", target], check=False)
        assert not self._mounts()

    def _mounts(self):
        targets = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
        return [target for target in targets if target.startswith((f"{self._data}/", f"{self._folder}/"))]

    @property
    def containerd(self):
        """The socket of the daemon's own containerd."""
        return self._exec / "containerd/containerd.sock"

    @property
    def environment(self):
        # BuildKit builds only the stages that a target needs; docker-compose 1.29 asks the docker command for it.
        return {**os.environ, "DOCKER_HOST": self._host, "DOCKER_BUILDKIT": "1", "COMPOSE_DOCKER_CLI_BUILD": "1"}

    def run(self, *arguments, check=True, timeout=TIMEOUT, program=DOCKER, **more):
        """Runs `docker` (or `program`) with these arguments to its end. With `check`, fails with its output."""
        done = subprocess.run(
            [program, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=timeout, env={**self.environment, **more},
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{done.args}: {done.stdout}{done.stderr}"
        return done

    def inspect(self, name):
        """Of a container or an image."""
        return json.loads(self.run("inspect", name).stdout)[0]

    def import_base(self, name, tar):
        """Makes the image `name` of the files in `tar`."""
        self.run("import", tar, name)

    def build(self, root, target, tag):
        """Builds the target of docker/Dockerfile in the network of this machine, whose apt sources the base has."""
        self.run(
            "build", "--network", "host", "--file", f"{root}/docker/Dockerfile", "--target", target, "--tag", tag, root,
            timeout=BUILD_TIMEOUT,
        )  # fmt: skip
