"""What the components of the node are started with: addresses, flags and configuration files.

Inside the node its folder is /run, so that paths of sockets are short and none of them depends on where the checkout is.
"""

import base64
import json
import secrets

import yaml

from support.certificates import Certificates
from support.kubernetes_api import write_service_account_key

# Of the range that RFC 2544 sets aside for tests, so that no route of this machine is hidden by ours.
HOST_ADDRESS = "198.18.0.1"
NODE_ADDRESS = "198.18.0.2"
SERVICES = "198.18.1.0/24"
API_SERVICE_ADDRESS = "198.18.1.1"
PODS = "198.18.2.0/24"
API_PORT = 6443
NODE_NAME = "node1"
HOST_LINK = "cb-cluster"
NODE_LINK = "uplink"
CGROUP = "credential-broker-cluster"
PAUSE_IMAGE = "credential-broker.test/pause:1"
DNS_DOMAIN = "cluster.local"

# The name of a component, and the user and groups that its token stands for.
USERS = {
    "admin": ("admin", "system:masters"),
    "kubelet": (f"system:node:{NODE_NAME}", "system:nodes"),
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "proxy": ("system:kube-proxy", ""),
}

# kubelet sets these for the whole machine. In the node they are files of its own, which already have its values.
KERNEL_TUNABLES = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1000000,
    "kernel/keys/root_maxbytes": 25000000,
}

CONTAINERD = f"""\
version = 3
root = "/run/containerd-images"
state = "/run/containerd"

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "{PAUSE_IMAGE}"
[plugins."io.containerd.cri.v1.runtime"]
  # Without CAP_SYS_RESOURCE runc may not lower the score, and no container would start.
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["/usr/lib/cni"]
  conf_dir = "/run/cni-config"
[plugins."io.containerd.internal.v1.opt"]
  path = "/run/containerd-opt"
[plugins."io.containerd.nri.v1.nri"]
  disable = true
"""

# A veth pair a pod, all traffic routed: what pods of one bridge say to each other would reach kube-proxy's rules only with
# the kernel's br_netfilter.
NETWORK = {
    "cniVersion": "1.0.0",
    "name": "pods",
    "plugins": [
        {
            "type": "ptp",
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": PODS}]],
                "routes": [{"dst": "0.0.0.0/0"}],
                "dataDir": "/run/cni-addresses",
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}

KUBELET = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
    "authentication": {
        "anonymous": {"enabled": False},
        "webhook": {"enabled": False},
        "x509": {"clientCAFile": "/run/callers-ca.pem"},
    },
    # Only the API server has a certificate of that CA.
    "authorization": {"mode": "AlwaysAllow"},
    "cgroupDriver": "cgroupfs",
    "cgroupRoot": f"/{CGROUP}",
    "failCgroupV1": False,
    "failSwapOn": False,
    "localStorageCapacityIsolation": False,
    "enforceNodeAllocatable": [],
    "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
    "imageGCHighThresholdPercent": 100,
    "clusterDNS": [NODE_ADDRESS],
    "clusterDomain": DNS_DOMAIN,
    "resolvConf": "",
    "podLogsDir": "/run/pod-logs",
    "volumePluginDir": "/run/kubelet-volume-plugins",
    # How long a changed Secret or ConfigMap takes to reach its pods: a minute and more by default.
    "syncFrequency": "2s",
    "readOnlyPort": 0,
}

COREFILE = f"""\
.:53 {{
  errors
  kubernetes {DNS_DOMAIN} {{
    kubeconfig /run/admin.kubeconfig
  }}
}}
"""


def write_files(folder):
    """Writes certificates, tokens and configuration files to the node's folder."""
    certificates = Certificates(folder, name="a CA for a cluster of tests")
    names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"]
    certificates.server_files(
        mutual=False, name="apiserver", names=[*names, "127.0.0.1", NODE_ADDRESS, API_SERVICE_ADDRESS]
    )
    certificates.client("apiserver")
    write_service_account_key(folder)
    tokens = {name: secrets.token_urlsafe(32) for name in USERS}
    (folder / "tokens.csv").write_text(
        "".join(f'{tokens[name]},{user},{name},"{groups}"\n' for name, (user, groups) in USERS.items())
    )
    (folder / "admin.token").write_text(tokens["admin"])
    for name in USERS:
        (folder / f"{name}.kubeconfig").write_text(yaml.safe_dump(_kubeconfig(certificates.ca_pem, tokens[name])))
    (folder / "containerd.toml").write_text(CONTAINERD)
    (folder / "kubelet.yaml").write_text(yaml.safe_dump(KUBELET))
    network = folder / "cni-config"
    network.mkdir()
    (network / "pods.conflist").write_text(json.dumps(NETWORK))
    (folder / "Corefile").write_text(COREFILE)
    for name, value in KERNEL_TUNABLES.items():
        (folder / name.replace("/", ".")).write_text(f"{value}\n")


def _kubeconfig(ca_pem, token):
    cluster = {
        "server": f"https://{NODE_ADDRESS}:{API_PORT}",
        "certificate-authority-data": base64.b64encode(ca_pem).decode(),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": cluster}],
        "users": [{"name": "user", "user": {"token": token}}],
        "contexts": [{"name": "context", "context": {"cluster": "cluster", "user": "user"}}],
        "current-context": "context",
    }


def commands():
    """The components in the order of their start: a dict of names to commands."""
    etcd, peers = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
    signer = "/run/service-accounts.key"
    components: dict[str, list[object]] = {
        "etcd": [
            "etcd", "--data-dir", "/run/etcd", "--name", NODE_NAME,
            "--listen-client-urls", etcd, "--advertise-client-urls", etcd,
            "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers,
            "--initial-cluster", f"{NODE_NAME}={peers}",
        ],
        "containerd": ["containerd", "--config", "/run/containerd.toml"],
        "kube-apiserver": [
            "kube-apiserver", "--etcd-servers", etcd,
            "--advertise-address", NODE_ADDRESS, "--secure-port", API_PORT, "--cert-dir", "/run/apiserver",
            "--tls-cert-file", "/run/apiserver.crt", "--tls-private-key-file", "/run/apiserver.key",
            "--token-auth-file", "/run/tokens.csv", "--authorization-mode", "Node,RBAC",
            "--enable-admission-plugins", "NodeRestriction",
            "--service-account-issuer", "https://kubernetes.default.svc",
            "--service-account-key-file", signer, "--service-account-signing-key-file", signer,
            "--service-cluster-ip-range", SERVICES,
            "--kubelet-client-certificate", "/run/client-1.crt", "--kubelet-client-key", "/run/client-1.key",
            "--kubelet-preferred-address-types", "InternalIP",
        ],
        "kube-controller-manager": [
            "kube-controller-manager", "--kubeconfig", "/run/controller-manager.kubeconfig", "--leader-elect=false",
            "--secure-port", "0", "--use-service-account-credentials",
            "--service-account-private-key-file", signer, "--root-ca-file", "/run/callers-ca.pem",
            "--flex-volume-plugin-dir", "/run/kubelet-volume-plugins",
        ],
        "kube-scheduler": [
            "kube-scheduler", "--kubeconfig", "/run/scheduler.kubeconfig", "--leader-elect=false",
            "--secure-port", "0",
        ],
        "kubelet": [
            "kubelet", "--config", "/run/kubelet.yaml", "--kubeconfig", "/run/kubelet.kubeconfig",
            "--hostname-override", NODE_NAME, "--node-ip", NODE_ADDRESS,
            "--root-dir", "/run/kubelet", "--cert-dir", "/run/kubelet-pki",
        ],
        "kube-proxy": [
            "kube-proxy", "--kubeconfig", "/run/proxy.kubeconfig", "--hostname-override", NODE_NAME,
            "--proxy-mode", "iptables", "--cluster-cidr", PODS, "--conntrack-max-per-core", "0",
        ],
        "coredns": ["coredns", "-conf", "/run/Corefile"],
    }  # fmt: skip
    return {name: [str(part) for part in command] for name, command in components.items()}
