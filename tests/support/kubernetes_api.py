"""Requests to a Kubernetes API server, and the few objects that several tests make there."""

import http.client
import json
import ssl

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from support.processes import TIMEOUT

ADMIN_TOKEN = "admin-token-of-a-test"


def write_service_account_key(folder):
    """Writes the key that signs ServiceAccount tokens; returns its path."""
    path = folder / "service-accounts.key"
    path.write_bytes(
        rsa.generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


class Api:
    """The API server at `address`, (host, port), known by the CA in `ca_file`, as seen by its administrator."""

    def __init__(self, ca_file, address=None, admin_token=ADMIN_TOKEN):
        self.ca_file = ca_file
        self.address = address
        self.admin_token = admin_token

    @property
    def url(self):
        return f"https://{self.address[0]}:{self.address[1]}"

    def request(self, method, path, body=None, token=None, timeout=TIMEOUT):
        """(status, parsed answer) of one request, as the admin unless another token is named."""
        context = ssl.create_default_context(cafile=self.ca_file)
        connection = http.client.HTTPSConnection(self.address[0], self.address[1], context=context, timeout=timeout)
        try:
            headers = {"authorization": f"Bearer {token or self.admin_token}", "content-type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            try:
                return answer.status, json.loads(text)
            except ValueError:
                return answer.status, text
        finally:
            connection.close()

    def make(self, path, body):
        status, answer = self.request("POST", path, body)
        assert status in (200, 201), answer
        return answer

    def make_namespace(self, name):
        self.make("/api/v1/namespaces", {"metadata": {"name": name}})

    def make_service_account(self, namespace, name):
        self.make(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": name}})

    def delete_service_account(self, namespace, name):
        status, answer = self.request("DELETE", f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}")
        assert status == 200, answer

    def token(self, namespace, name, audience=None, seconds=3600):
        """A token as kubelet projects it into a pod: for that audience, else for the API server."""
        spec = {"expirationSeconds": seconds, **({"audiences": [audience]} if audience else {})}
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        return self.make(path, {"spec": spec})["status"]["token"]

    def may_review_tokens(self, namespace, name):
        """What an operator does for the broker's own account."""
        self.make(
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            {
                "metadata": {"name": f"{namespace}-{name}-reviews-tokens"},
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "ClusterRole",
                    "name": "system:auth-delegator",
                },
                "subjects": [{"kind": "ServiceAccount", "namespace": namespace, "name": name}],
            },
        )
