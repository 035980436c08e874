"""A throw-away CA with server and client certificates as files."""

import dataclasses
import datetime
import ipaddress
import pathlib

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclasses.dataclass
class ClientFiles:
    ca_pem: bytes
    cert: str
    key: str

    def credentials(self):
        return grpc.ssl_channel_credentials(
            self.ca_pem, pathlib.Path(self.key).read_bytes(), pathlib.Path(self.cert).read_bytes()
        )


class Certificates:
    def __init__(self, folder):
        self._folder = folder
        self._clients = 0
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a CA for tests")])
        certificate = self._builder(self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.ca_pem = certificate.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        self.ca = str(folder / "callers-ca.pem")
        pathlib.Path(self.ca).write_bytes(self.ca_pem)

    def server_files(self, mutual, name="server"):
        """The `server.tls` section of a configuration, with a new pair in NAME.crt and NAME.key."""
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        cert, key = self._issue(name, names)
        files = {"cert_file": cert, "key_file": key}
        if mutual:
            files["client_ca_file"] = self.ca
        return files

    def client(self, *names):
        """A client certificate with these names: a name with "://" is a URI SAN, any other a DNS SAN."""
        self._clients += 1
        sans = [x509.UniformResourceIdentifier(n) if "://" in n else x509.DNSName(n) for n in names]
        return ClientFiles(self.ca_pem, *self._issue(f"client-{self._clients}", sans))

    def _issue(self, file_name, sans):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, file_name)])
        builder = self._builder(subject, key).add_extension(x509.SubjectAlternativeName(sans), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        paths = self._folder / f"{file_name}.crt", self._folder / f"{file_name}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return str(paths[0]), str(paths[1])

    def _builder(self, subject, key):
        now = datetime.datetime.now(datetime.timezone.utc)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )
