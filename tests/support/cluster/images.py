"""Container images made without a container engine, as the archives that `docker save` writes.

An image holds the files that it is given and, for each program, the shared libraries that the program loads.
"""

import hashlib
import io
import json
import pathlib
import re
import subprocess
import tarfile

CA_ROOTS = "/etc/ssl/certs/ca-certificates.crt"
USER = "65532:65532"


def write_image(archive, names, programs, files=(), links=(), entrypoint=()):
    """Writes an image with these names to `archive`.

    `programs` and `files`: paths in the image and the files that they are copies of. `links`: paths and where they lead.
    """
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for path, source in {**_libraries(programs.values()), **programs}.items():
            _add(tar, path, pathlib.Path(source).read_bytes(), mode=0o755)
        for path, source in dict(files).items():
            _add(tar, path, source if isinstance(source, bytes) else pathlib.Path(source).read_bytes(), mode=0o644)
        for path, target in dict(links).items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
        temporary = tarfile.TarInfo("tmp")
        temporary.type, temporary.mode = tarfile.DIRTYPE, 0o1777
        tar.addfile(temporary)
    layer = written.getvalue()
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"User": USER, "Entrypoint": list(entrypoint), "Env": ["PATH=/usr/bin:/bin"], "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": list(names), "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w") as tar:
        _add(tar, config_name, config)
        _add(tar, "layer.tar", layer)
        _add(tar, "manifest.json", json.dumps(manifest).encode())
    return archive


def name_of(archive):
    """The name of the image in an archive that `docker save` wrote."""
    with tarfile.open(archive) as tar:
        [image] = json.load(tar.extractfile("manifest.json"))
    if not image["RepoTags"]:
        raise ValueError(f"the image in {archive} has no name: use docker save NAME, not its ID")
    return image["RepoTags"][0]


def write_broker_image(archive, names, binary):
    """Our program with what it needs at run time, as docker/Dockerfile has it."""
    files = {CA_ROOTS: CA_ROOTS, "/etc/passwd": f"nonroot:x:{USER}::/:/nologin\n".encode()}
    programs = {"/usr/bin/credential-broker": binary}
    return write_image(archive, names, programs, files, entrypoint=["/usr/bin/credential-broker"])


def write_tools_image(archive, name, busybox, programs):
    """A shell and its friends, and these programs in /usr/bin: for pods that call the broker, and to look around."""
    listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    links = {f"/bin/{applet}": "busybox" for applet in listed if applet != "busybox"}
    inside = {"/bin/busybox": busybox, **{f"/usr/bin/{pathlib.Path(each).name}": each for each in programs}}
    return write_image(archive, [name], inside, {CA_ROOTS: CA_ROOTS}, links, entrypoint=["/bin/sh"])


def _libraries(programs):
    """What the loader loads for these programs, and itself."""
    found = {}
    for program in programs:
        done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
        if done.returncode != 0 and "not a dynamic executable" not in done.stderr:
            raise ValueError(f"ldd {program}: {done.stderr}")
        if missing := re.search(r"\S+ => not found", done.stdout):
            raise ValueError(f"{program} lacks a library: {missing[0]}")
        found.update((path, path) for path in re.findall(r"(/\S+) \(0x", done.stdout))
    return found


def _add(tar, path, content, mode=0o644):
    entry = tarfile.TarInfo(path.lstrip("/"))
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))
