"""Writes the SBOM of an image: SPDX 2.3 in JSON, from what dpkg knows of the packages that its files come from."""

import dataclasses
import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import uuid

DOCUMENT = "SPDXRef-DOCUMENT"
# Debian's short names of licences that SPDX names otherwise; others are the same, or stay Debian's.
SPDX_NAMES = {
    "apache-2": "Apache-2.0", "apache-2.0": "Apache-2.0", "bsd-2-clause": "BSD-2-Clause", "bsd-3-clause": "BSD-3-Clause",
    "bsl-1.0": "BSL-1.0", "curl": "curl", "expat": "MIT", "mit": "MIT", "isc": "ISC", "zlib": "Zlib",
    "gpl-1": "GPL-1.0-only", "gpl-1+": "GPL-1.0-or-later", "gpl-2": "GPL-2.0-only", "gpl-2+": "GPL-2.0-or-later",
    "gpl-3": "GPL-3.0-only", "gpl-3+": "GPL-3.0-or-later", "lgpl-2": "LGPL-2.0-only", "lgpl-2+": "LGPL-2.0-or-later",
    "lgpl-2.1": "LGPL-2.1-only", "lgpl-2.1+": "LGPL-2.1-or-later", "lgpl-3": "LGPL-3.0-only",
    "lgpl-3+": "LGPL-3.0-or-later", "mpl-2.0": "MPL-2.0", "unicode-dfs-2016": "Unicode-DFS-2016",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Package:
    """An installed Debian package."""

    name: str
    version: str
    architecture: str
    source: str
    source_version: str
    maintainer: str

    @property
    def copyright_file(self):
        return pathlib.Path(f"/usr/share/doc/{self.name}/copyright")

    @property
    def purl(self):
        release = re.search(r'^VERSION_ID="?(\d+)', pathlib.Path("/etc/os-release").read_text(), re.MULTILINE)[1]
        version, source = (text.replace("+", "%2B").replace(":", "%3A") for text in (self.version, self.source_version))
        return (
            f"pkg:deb/debian/{self.name.replace('+', '%2B')}@{version}?arch={self.architecture}"
            f"&distro=debian-{release}&upstream={self.source.replace('+', '%2B')}%40{source}"
        )

    def licences(self):
        """The names in its copyright file, where that is one that machines can read."""
        text = self.copyright_file.read_text(errors="replace")
        if not re.match(r"format(-specification)?:", text, re.IGNORECASE):
            return []
        names = re.findall(r"^License: *(\S.*)$", text, re.MULTILINE | re.IGNORECASE)
        return sorted({name for line in names for name in re.split(r",?\s+(?:and|or)\s+|,\s*", line.strip()) if name})


def installed(names):
    """The Debian packages of these names, sorted."""
    names = sorted(set(names))
    fields = "Package", "Version", "Architecture", "source:Package", "source:Version", "Maintainer"
    form = "\t".join(f"${{{field}}}" for field in fields) + "\n"
    command = ["dpkg-query", "--show", f"--showformat={form}", *names]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted((Package(*line.split("\t")) for line in lines), key=lambda package: package.name)


def spdx_id(kind, text):
    return f"SPDXRef-{kind}-" + re.sub(r"[^A-Za-z0-9.-]", lambda found: f"-{ord(found[0]):x}-", text)


def licence_id(name):
    return SPDX_NAMES.get(name.lower()) or "LicenseRef-Debian-" + re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")


def checksums(path):
    content = path.read_bytes()
    # SPDX wants SHA-1 of every file.
    return [
        {"algorithm": name, "checksumValue": hashlib.new(name.lower(), content).hexdigest()} for name in ("SHA1", "SHA256")
    ]


class Document:
    def __init__(self, rootfs):
        self.rootfs = rootfs
        self.packages = []
        self.files = []
        self.relationships = []
        self.licences = {}

    def relate(self, one, kind, other, comment=None):
        relationship = {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
        self.relationships.append(relationship | ({"comment": comment} if comment else {}))

    def add_program(self, version, files):
        return self._add(
            "credential-broker", version, files, licenseDeclared="Apache-2.0", supplier="NOASSERTION",
            primaryPackagePurpose="CONTAINER",
        )  # fmt: skip

    def add(self, package, files):
        names = package.licences()
        for name in names:
            if (ref := licence_id(name)).startswith("LicenseRef-"):
                self.licences[ref] = {
                    "licenseId": ref, "name": name,
                    "extractedText": f"\"{name}\" of {package.copyright_file}, which the image holds",
                }  # fmt: skip
        return self._add(
            package.name, package.version, files,
            licenseDeclared=" AND ".join(dict.fromkeys(map(licence_id, names))) or "NOASSERTION",
            supplier="Person: " + re.sub(r" <(.*)>", r" (\1)", package.maintainer),
            sourceInfo=f"Debian source package {package.source} {package.source_version}",
            externalRefs=[
                {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": package.purl}
            ],
        )  # fmt: skip

    def _add(self, name, version, files, **more):
        ref = spdx_id("Package", name)
        sums = []
        for path in sorted(files):
            file_ref = spdx_id("File", path)
            file_sums = checksums(self.rootfs / path.lstrip("/"))
            sums.append(file_sums[0]["checksumValue"])
            self.files.append({"SPDXID": file_ref, "fileName": f".{path}", "checksums": file_sums})
            self.relate(ref, "CONTAINS", file_ref)
        code = {"packageVerificationCodeValue": hashlib.sha1("".join(sorted(sums)).encode()).hexdigest()}
        self.packages.append({
            "SPDXID": ref, "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION",
            "filesAnalyzed": True, "packageVerificationCode": code, **more,
        })  # fmt: skip
        return ref

    def json(self, name):
        epoch = os.environ.get("SOURCE_DATE_EPOCH")
        now = datetime.datetime.fromtimestamp(int(epoch), datetime.UTC) if epoch else datetime.datetime.now(datetime.UTC)
        content = {
            "packages": self.packages,
            "files": self.files,
            "hasExtractedLicensingInfos": [self.licences[key] for key in sorted(self.licences)],
            "relationships": self.relationships,
        }
        unique = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(content))
        return json.dumps(
            {
                "spdxVersion": "SPDX-2.3", "SPDXID": DOCUMENT, "dataLicense": "CC0-1.0", "name": name,
                "documentNamespace": f"urn:uuid:{unique}",
                "creationInfo": {"created": f"{now:%Y-%m-%dT%H:%M:%SZ}", "creators": ["Tool: credential-broker-docker-sbom"]},
                **content,
            },
            indent=1,
        )  # fmt: skip
