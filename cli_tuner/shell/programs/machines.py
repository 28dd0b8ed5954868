# ruff: noqa: E501  (tables: a row stays on its line)
"""Programs that run a command in a container, a virtual machine, a cluster or on another host.

Sources: the manuals of docker, podman, kubectl, lxc, libvirt's guests, Apptainer, adb, WSL and the clouds' command lines.
"""

from __future__ import annotations

from cli_tuner.shell.programs.program import Form, Program, hands, program

_CONTAINER = (
    "e env u user w workdir v volume p publish name network net m memory cpus entrypoint h hostname l label mount "
    "env-file restart log-driver device cap-add cap-drop security-opt pid ipc userns add-host dns gpus runtime "
    "platform c cpu-shares detach-keys ulimit shm-size tmpfs a attach link expose group-add stop-signal ip "
    "log-opt volumes-from pull cidfile context H host isolation uts privileged-ports cgroupns annotation"
)
_KUBE = (
    "n namespace c container context kubeconfig cluster user f filename s server pod-running-timeout token image image-pull-policy "
    "overrides override-type restart env labels l port profile target copy-to custom annotations set-image"
)
_EXEC = hands(1, verbs="exec")
_POD = hands(1, verbs="exec run debug")
MACHINES: tuple[Program, ...] = (
    program("docker podman nerdctl", _CONTAINER, mounts="v volume mount", hands=hands(1, verbs="exec run")),
    program("docker-compose podman-compose", _CONTAINER + " f file", mounts="v volume", hands=hands(1, verbs="exec run")),
    program("kubectl k kubecolor microk8s.kubectl", _KUBE, hands=_POD), program("oc", _KUBE, hands=hands(1, verbs="exec rsh run debug")),
    program("lxc incus pct crictl", hands=_EXEC), program("lxc-attach", "n name", hands=hands(after="--")), program("machinectl", hands=hands(1, verbs="shell")),
    program("distrobox", "n name", hands=hands(after="--")), program("distrobox-enter", "n name", hands=hands(after="-- -e --exec")), program("toolbox", "c container", hands=hands(verbs="run")),
    program("arch-chroot", "u", hands=hands(1)), program("systemd-nspawn", "D directory i image M machine u user bind bind-ro", mounts="bind", hands=hands()),
    program("schroot", "c chroot u user d directory", hands=hands()), program("flatpak-spawn", "directory env sandbox-expose forward-fd", hands=hands()),
    program("apptainer singularity", "B bind H home pwd env overlay", mounts="B bind", hands=hands(1, verbs="exec")),
    program("enroot", "m mount e env", hands=hands(1, verbs="start")), program("ch-run", "b bind c cd", hands=hands(1)),
    program("multipass", hands=_EXEC), program("limactl", "workdir", hands=hands(1, verbs="shell")), program("lima", hands=hands()), program("colima", "p profile", hands=hands(verbs="ssh")),
    program("minikube", "p profile n node", hands=hands(verbs="ssh", form=Form.EITHER)),
    program("wsl wsl.exe", "d distribution u user cd", hands=hands(inert="l list shutdown status update install unregister", form=Form.EITHER)),
    program("nomad", "job task alloc", hands=hands(1, verbs="exec")), program("heroku", "a app r remote s size", hands=hands(verbs="run run:detached", form=Form.TEXT)),
    program("fly flyctl", "a app s", runs="C command"), program("eb", runs="c command"),
    program("waypoint", hands=hands(1, verbs="exec")), program("runc crun youki kata-runtime", "root log pid-file cwd env user process", hands=_EXEC),
    program("ctr", "n namespace a address exec-id mount env label user cwd runtime snapshotter gpus device cap-add", hands=hands(1, verbs="exec")),
    program("flatpak", "command env cwd filesystem", hands=hands(1, verbs="run", inert="d")), program("snap", hands=hands(1, verbs="run")),
    program("podman-remote lima-nerdctl finch", _CONTAINER, mounts="v volume mount", hands=hands(1, verbs="exec run")),
)  # fmt: skip
