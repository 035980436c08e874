"""A real one-node Kubernetes: kubelet, containerd, runc and kube-proxy under a control plane, in Linux namespaces of its own.

Processes, mounts, network devices and iptables rules live in those namespaces: when their first process ends, the kernel
removes them all, however it ended. `node.py` starts and ends the node, `inside.py` is that first process, `settings.py`
holds the flags and files of its components.
"""
