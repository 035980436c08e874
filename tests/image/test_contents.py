"""What is in the images: their files, their labels, their size, and the SBOM that lists it all."""

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile

import pytest

from support.docker import DOCKER

IMAGES = ["credential-broker", "credential-broker-sandbox"]
SBOM = "usr/share/sbom/credential-broker.spdx.json"
MAX_COMPRESSED = 60 * 1000 * 1000


class FileSystem:
    """What a container of the image starts with, less what Docker itself puts there."""

    BY_DOCKER = frozenset({".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf"})

    def __init__(self, docker, image):
        container = docker.run("create", image).stdout.strip()
        exported = subprocess.run(
            [DOCKER, "export", container], env=docker.environment, capture_output=True, check=True
        )
        docker.run("rm", container)
        with tarfile.open(fileobj=io.BytesIO(exported.stdout)) as tar:
            self.entries = {entry.name: entry for entry in tar if entry.name not in self.BY_DOCKER}
            self.files = {name: tar.extractfile(entry).read() for name, entry in self.entries.items() if entry.isfile()}


@pytest.fixture(scope="module", params=IMAGES)
def image(request):
    return request.param


@pytest.fixture(scope="module")
def file_system(docker, image):
    return FileSystem(docker, image)


@pytest.fixture(scope="module")
def sbom(file_system):
    return json.loads(file_system.files[SBOM])


def contained(sbom, ref):
    """Names of the files that an element of the SBOM contains."""
    names = {file["SPDXID"]: file["fileName"].removeprefix("./") for file in sbom["files"]}
    relations = [r for r in sbom["relationships"] if r["spdxElementId"] == ref and r["relationshipType"] == "CONTAINS"]
    return {names[r["relatedSpdxElement"]] for r in relations if r["relatedSpdxElement"] in names}


def test_the_only_program_is_the_broker(file_system):
    programs = {
        name
        for name, entry in file_system.entries.items()
        if entry.isfile() and entry.mode & 0o111 and ".so" not in name
    }
    assert programs == {"usr/bin/credential-broker"}
    folders = {name.rpartition("/")[0] for name in file_system.files}
    assert not {"bin", "sbin", "usr/sbin", "usr/local/bin", "var/lib/dpkg", "var/lib/apt", "usr/lib/apt"} & folders


def test_nothing_can_be_written_by_others_or_raises_rights(file_system):
    for name, entry in file_system.entries.items():
        assert entry.issym() or not entry.mode & 0o6022, f"{name}: {entry.mode:o}"


def test_the_state_directory_is_the_users_and_all_else_is_roots(file_system):
    others = {name: entry.uid for name, entry in file_system.entries.items() if entry.uid != 0}
    assert others == {"run/credential-broker": 65532}
    assert b"credential-broker:x:65532:65532:" in file_system.files["etc/passwd"]


def test_it_is_small(docker, image):
    saved = subprocess.Popen([DOCKER, "save", image], env=docker.environment, stdout=subprocess.PIPE)
    compressed = len(gzip.compress(saved.stdout.read(), 6))
    assert saved.wait() == 0
    assert compressed <= MAX_COMPRESSED


def test_its_archive_can_be_imported_on_a_kubernetes_node(docker, image, tmp_path):
    archive = tmp_path / "image.tar"
    docker.run("save", "--output", archive, image)
    flags = ["--address", docker.containerd, "--namespace", "k8s.io"]
    docker.run(*flags, "images", "import", archive, program="ctr")
    listed = docker.run(*flags, "images", "list", "--quiet", program="ctr").stdout
    assert f"/{image}:latest\n" in listed


def test_labels_and_configuration(docker, image):
    config = docker.inspect(image)["Config"]
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()}
    version = docker.run("run", "--rm", "--network", "none", image, "version").stdout.split()[1]
    assert labels.pop("description")
    assert labels == {"title": image, "version": version, "revision": "unknown", "licenses": "Apache-2.0"}
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["/usr/bin/credential-broker"]


class TestSbom:
    def test_it_is_valid_spdx(self, file_system, tmp_path):
        path = tmp_path / "sbom.spdx.json"
        path.write_bytes(file_system.files[SBOM])
        done = subprocess.run(
            [sys.executable, "-m", "spdx_tools.spdx.clitools.pyspdxtools", "--infile", path, "--version", "SPDX-2.3"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def test_it_lists_each_file_with_its_hash_and_no_other(self, file_system, sbom):
        listed = {
            file["fileName"].removeprefix("./"): {one["algorithm"]: one["checksumValue"] for one in file["checksums"]}
            for file in sbom["files"]
        }
        there = {
            name: {"SHA1": hashlib.sha1(content).hexdigest(), "SHA256": hashlib.sha256(content).hexdigest()}
            for name, content in file_system.files.items()
            if name != SBOM
        }
        assert listed == there

    def test_each_file_is_in_the_package_that_dpkg_names(self, docker, build_stage, sbom):
        owners = {}
        for package in sbom["packages"]:
            for name in contained(sbom, package["SPDXID"]):
                assert name not in owners
                owners[name] = package["name"]
        assert set(owners) == {file["fileName"].removeprefix("./") for file in sbom["files"]}
        libraries = sorted(name for name in owners if ".so" in name)
        assert len(libraries) > 10
        asked = docker.run(
            "run", "--rm", "--network", "none", "--entrypoint", "dpkg-query", build_stage,
            "--search", *(f"/{name}" for name in libraries),
        )  # fmt: skip
        by_dpkg = dict(reversed(line.replace(":amd64: ", ": ").split(": /")) for line in asked.stdout.splitlines())
        assert {name: owners[name] for name in libraries} == by_dpkg

    def test_versions_are_those_that_dpkg_has(self, docker, build_stage, sbom):
        packages = {p["name"]: p["versionInfo"] for p in sbom["packages"] if p["name"] != "credential-broker"}
        asked = docker.run(
            "run", "--rm", "--network", "none", "--entrypoint", "dpkg-query", build_stage,
            "--show", "--showformat", "${Package} ${Version}\n", *packages,
        )  # fmt: skip
        assert packages == dict(line.split() for line in asked.stdout.splitlines())

    def test_what_is_linked_statically_is_listed(self, file_system, sbom):
        names = {p["SPDXID"]: p["name"] for p in sbom["packages"]}
        linked = {
            names[r["relatedSpdxElement"]] for r in sbom["relationships"] if r["relationshipType"] == "STATIC_LINK"
        }
        assert {"libgrpc-dev", "libgrpc++-dev", "libprotobuf-dev", "libabsl-dev", "libyaml-cpp-dev"} <= linked
        assert {"nlohmann-json3-dev", "libcli11-dev", "libspdlog-dev"} <= linked
        # What Debian patches without a new build of ours is shared.
        assert not {name for name in linked if name.startswith(("libssl", "libcurl", "libnghttp2"))}

    def test_licences_are_named_and_their_texts_are_there(self, file_system, sbom):
        for package in sbom["packages"]:
            assert f"usr/share/doc/{package['name']}/copyright" in file_system.files
        known = [package for package in sbom["packages"] if package["licenseDeclared"] != "NOASSERTION"]
        assert len(known) > len(sbom["packages"]) / 2

    def test_it_can_be_taken_out_of_the_image(self, docker, image, file_system, tmp_path):
        container = docker.run("create", image).stdout.strip()
        docker.run("cp", f"{container}:/{SBOM}", tmp_path / "sbom.json")
        docker.run("rm", container)
        assert (tmp_path / "sbom.json").read_bytes() == file_system.files[SBOM]


def test_the_broker_image_has_no_sandbox(docker):
    for command in (["sandbox"], ["sandbox", "--listen", "0.0.0.0:9443"], ["serve", "--dev"]):
        done = docker.run("run", "--rm", "--network", "none", "credential-broker", *command, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert "this build of credential-broker has no sandbox" in done.stderr
    programs = {image: FileSystem(docker, image).files["usr/bin/credential-broker"] for image in IMAGES}
    assert [b"lose_refresh" in programs[image] for image in IMAGES] == [False, True]
