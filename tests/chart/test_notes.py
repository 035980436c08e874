"""What helm prints after an installation: its commands run as they stand."""

import subprocess

import yaml

from support.broker import Broker, credential, write_config
from support.certificates import Certificates
from support.chart import CHART, NAMESPACE, RELEASE, ci_file, helm
from support.grpcurl import GRPCURL
from support.processes import TIMEOUT, run


def notes_of(name, *flags):
    command = ["install", RELEASE, CHART, "--namespace", NAMESPACE, "--dry-run=client", "--values", ci_file(name)]
    done = helm(*command, *flags)
    assert done.returncode == 0, done.stderr
    return done.stdout.partition("NOTES:\n")[2]


def command(notes, program):
    """The command on that program, with the lines that continue it."""
    lines = notes[notes.index(f"  {program}") :].split("\n")
    count = next(number for number, line in enumerate(lines) if not line.endswith("\\"))
    return "\n".join(lines[: count + 1])


def run_in(folder, line):
    return subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, check=False, timeout=TIMEOUT)


def test_the_grpcurl_line_gets_a_token_with_a_client_certificate(tmp_path, sandbox):
    notes = notes_of("default")
    certificates = Certificates(tmp_path)
    served = certificates.client(f"{RELEASE}-credential-broker.{NAMESPACE}.svc")
    caller = certificates.client("spiffe://prod/ns/orders/sa/api")
    for name, file in (("ca.crt", certificates.ca), ("client.crt", caller.cert), ("client.key", caller.key)):
        (tmp_path / name).symlink_to(file)
    config = write_config(
        tmp_path,
        [credential(tmp_path, sandbox, principals=["spiffe://prod/ns/orders/sa/*"])],
        server={"tls": {"cert_file": served.cert, "key_file": served.key, "client_ca_file": certificates.ca}},
    )
    with Broker(config) as broker:
        line = command(notes, "grpcurl").replace("127.0.0.1:8443", broker.address).replace("grpcurl", GRPCURL, 1)
        done = run_in(tmp_path, line)
    assert done.returncode == 0 and '"tokenType": "Bearer"' in done.stdout, done.stderr


def test_the_grpcurl_line_gets_a_token_in_plaintext(tmp_path, sandbox):
    notes = notes_of("mesh", "--set-json=config.kubernetes_callers=null")
    with Broker(write_config(tmp_path, [credential(tmp_path, sandbox)])) as broker:
        line = command(notes, "grpcurl").replace("127.0.0.1:8443", broker.address).replace("grpcurl", GRPCURL, 1)
        done = run_in(tmp_path, line)
    assert done.returncode == 0 and '"tokenType": "Bearer"' in done.stdout, done.stderr


def test_a_callers_token_is_on_no_command_line():
    notes = notes_of("kubernetes-callers")
    assert "-expand-headers -H 'authorization: Bearer ${TOKEN}'" in command(notes, "grpcurl")
    assert "create token SERVICEACCOUNT --audience credential-broker" in notes


def test_the_refresh_goes_by_the_admin_socket(tmp_path, sandbox):
    socket = tmp_path / "admin.sock"
    config = write_config(tmp_path, [credential(tmp_path, sandbox)])
    config.write_text(config.read_text() + yaml.safe_dump({"admin": {"listen": f"unix:{socket}"}}))
    line = command(notes_of("default"), "kubectl --namespace brokers exec").replace("\\\n", " ")
    words = line.split(" -- ")[1].split()
    assert words[0] == "/usr/bin/credential-broker" and words[-1] == "unix:/run/credential-broker/admin.sock"
    with Broker(config) as broker:
        broker.wait_event("token_obtained")
        # The socket is elsewhere here.
        done = run(*words[1:-1], f"unix:{socket}")
        assert done.returncode == 0, done.stderr


def test_the_notes_say_why_there_is_no_test():
    notes = notes_of("default", "--set=test.tlsSecret=")
    assert "the broker requires client certificates. Set test.tlsSecret." in notes
    files = "--set=config.server.tls.cert_file=/svid/tls.crt,config.server.tls.key_file=/svid/tls.key"
    notes = notes_of("default", files, "--set=tls.existingSecret=,clientCa.existingConfigMap=,test.tlsSecret=")
    assert "files that the chart does not know. Set test.tlsSecret." in notes
    assert "helm test" not in notes_of("mesh")
