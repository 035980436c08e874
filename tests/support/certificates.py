"""A throw-away CA with server and client certificates as files."""

import dataclasses
import datetime
import ipaddress
import pathlib

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = datetime.timedelta(days=1)


@dataclasses.dataclass
class ClientFiles:
    ca_pem: bytes
    cert: str
    key: str
    certificate: x509.Certificate

    def credentials(self):
        return grpc.ssl_channel_credentials(
            self.ca_pem, pathlib.Path(self.key).read_bytes(), pathlib.Path(self.cert).read_bytes()
        )


class Certificates:
    def __init__(self, folder, name="a CA for tests"):
        self._folder = folder
        self._clients = 0
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        certificate = (
            self._builder(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_signs_certificates(), critical=True)
        )
        self.ca_pem = certificate.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        self.ca = str(folder / "callers-ca.pem")
        pathlib.Path(self.ca).write_bytes(self.ca_pem)

    def server_files(self, mutual, name="server", names=("localhost", "127.0.0.1"), valid_for=DAY):
        """The `server.tls` section of a configuration, with a new pair in NAME.crt and NAME.key for these DNS names and
        addresses."""
        cert, key = self._issue(name, [_san(each) for each in names], valid_for)
        files = {"cert_file": cert, "key_file": key}
        if mutual:
            files["client_ca_file"] = self.ca
        return files

    def client(self, *names, valid_for=DAY, server_ca=None):
        """A client certificate with these names: a name with "://" is a URI SAN, any other a DNS SAN. `server_ca`: the PEM
        of the CA that the server's certificate comes from, when it is another one."""
        self._clients += 1
        sans = [x509.UniformResourceIdentifier(n) if "://" in n else x509.DNSName(n) for n in names]
        name = f"client-{self._clients}"
        cert, key = self._issue(name, sans, valid_for)
        certificate = x509.load_pem_x509_certificate(pathlib.Path(cert).read_bytes())
        return ClientFiles(server_ca or self.ca_pem, cert, key, certificate)

    def write_crl(self, *revoked, valid_for=DAY):
        """A CRL that revokes these client certificates, replaced atomically; returns its path."""
        now = datetime.datetime.now(datetime.UTC)
        crl = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(now - DAY)
            .next_update(now + valid_for)
        )
        for client in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(client.certificate.serial_number)
            crl = crl.add_revoked_certificate(entry.revocation_date(now - DAY).build())
        path = self._folder / "crl.pem"
        fresh = self._folder / "crl.pem.new"
        fresh.write_bytes(crl.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        fresh.rename(path)
        return str(path)

    def _issue(self, file_name, sans, valid_for=DAY):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, file_name)])
        builder = self._builder(subject, key, valid_for).add_extension(x509.SubjectAlternativeName(sans), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        paths = self._folder / f"{file_name}.crt", self._folder / f"{file_name}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return str(paths[0]), str(paths[1])

    def _builder(self, subject, key, valid_for=DAY):
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + valid_for)
            # Python 3.13 verifies strictly by RFC 5280, which wants both.
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )


def _san(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _signs_certificates():
    none = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(key_cert_sign=True, crl_sign=True, **none)
