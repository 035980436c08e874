"""Collects what an image of credential-broker holds: the program, what it loads, CA roots and an SBOM of all of it.

usage: rootfs.py BUILD_DIR ROOTFS

BUILD_DIR is a finished ninja build, linked with -Wl,-Map=BUILD_DIR/link.map. ROOTFS is made. Runs in the build stage of
docker/Dockerfile, as root, on Debian: dpkg tells which package each file comes from.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import sbom

OWN = "credential-broker"
SBOM_FILE = "usr/share/sbom/credential-broker.spdx.json"
OWNER = 65532
SYSTEM_FILES = [
    "/lib", "/lib64",  # Debian's links into /usr, by which the loader is found
    "/etc/os-release", "/usr/lib/os-release",  # scanners learn the release from it
    "/etc/ssl/certs/ca-certificates.crt",
]  # fmt: skip
OWN_FILES = {
    "/etc/passwd": f"credential-broker:x:{OWNER}:{OWNER}::/nonexistent:/usr/sbin/nologin\n",
    "/etc/group": f"credential-broker:x:{OWNER}:\n",
    "/etc/nsswitch.conf": "hosts: files dns\n",
}
# ca-certificates makes it when it is installed, so that dpkg does not know it.
MADE_BY = {"/etc/ssl/certs/ca-certificates.crt": "ca-certificates"}
# Their headers give numbers and declarations only.
NOT_COMPILED_IN = {"linux-libc-dev", "libc6-dev"}


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def canonical(path):
    """The path with links of its folders resolved, as dpkg knows it; the file itself may be a link."""
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def shared_libraries(program):
    """Paths of the libraries and the loader, each link on the way to a file included."""
    paths = set()
    for line in run("ldd", program).splitlines():
        found = re.search(r"(/\S+) \(0x", line)
        if "not found" in line:
            sys.exit(f"rootfs.py: {program} needs {line.split()[0]}, which is not installed")
        if found:
            paths |= {canonical(found[1]), os.path.realpath(found[1])}
    return paths


def linked_archives(link_map):
    """Paths of the static libraries that gave at least one member to the program."""
    members = link_map.read_text().partition("\nDiscarded input sections")[0]
    return {os.path.realpath(path) for path in re.findall(r"^(/\S+\.a)\(", members, re.MULTILINE)}


def included_headers(build):
    """Paths of the system's headers that any of the program's sources includes."""
    dependencies = run("ninja", "-C", str(build), "-t", "deps")
    return {os.path.realpath(path) for path in re.findall(r"^ +(/usr/include/\S+)", dependencies, re.MULTILINE)}


def packages_of(paths):
    """The Debian package of each path."""
    owners = {path: MADE_BY[path] for path in paths if path in MADE_BY}
    asked = sorted(set(paths) - set(owners))
    for line in run("dpkg-query", "--search", *asked).splitlines():
        names, _, path = line.partition(": ")
        if path in asked:
            owners[path] = names.split(",")[0].split(":")[0]
    if missing := set(asked) - set(owners):
        sys.exit(f"rootfs.py: no Debian package has {', '.join(sorted(missing))}")
    return owners


class Rootfs:
    """The image's file system as it grows, and the package of each file in it."""

    def __init__(self, folder):
        self.folder = folder
        self.files = {}  # of regular files

    def put(self, package, path, source=None, text=None):
        """Copies `source`, by default the same path of this system, or writes `text`."""
        target = self.folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            shutil.copy2(source or path, target, follow_symlinks=source is not None)
        else:
            target.write_text(text)
        if not target.is_symlink():
            self.files.setdefault(package, []).append(path)


def main():
    build, folder = (pathlib.Path(argument) for argument in sys.argv[1:])
    rootfs = Rootfs(folder)
    program = build / "bin/credential-broker"
    rootfs.put(OWN, "/usr/bin/credential-broker", source=program)
    run("strip", str(folder / "usr/bin/credential-broker"))
    rootfs.put(OWN, f"/usr/share/doc/{OWN}/copyright", source="LICENSE")
    for path, text in OWN_FILES.items():
        rootfs.put(OWN, path, text=text)

    owners = packages_of(shared_libraries(program) | set(SYSTEM_FILES))
    for path, package in owners.items():
        rootfs.put(package, path)
    for license_text in pathlib.Path("/usr/share/common-licenses").iterdir():
        rootfs.put("base-files", str(license_text))
    shared = sbom.installed(owners.values())
    archives = sbom.installed(packages_of(linked_archives(build / "link.map")).values())
    known = {package.source for package in shared + archives}
    headers = sbom.installed(set(packages_of(included_headers(build)).values()) - NOT_COMPILED_IN)
    header_only = [package for package in headers if package.source not in known]
    for package in {*shared, *archives, *header_only}:
        # Their licences ask for it; some refer to the texts in common-licenses.
        rootfs.put(package.name, str(package.copyright_file), source=package.copyright_file)

    # Sockets, and what a program of the image writes: a volume that is mounted here gets this owner.
    state = folder / "run/credential-broker"
    state.mkdir(parents=True)
    os.chown(state, OWNER, OWNER)

    document = sbom.Document(folder)
    version = run(str(program), "version").split()[1]
    image = document.add_program(version, rootfs.files[OWN])
    document.relate(sbom.DOCUMENT, "DESCRIBES", image)
    for kind, comment, packages in [
        ("CONTAINS", None, shared),
        ("STATIC_LINK", "a static library", archives),
        ("STATIC_LINK", "a library of headers", header_only),
    ]:
        for package in packages:
            document.relate(image, kind, document.add(package, rootfs.files[package.name]), comment)
    sbom_file = folder / SBOM_FILE
    sbom_file.parent.mkdir(parents=True)
    sbom_file.write_text(document.json(f"{OWN}-{version}"))


main()
