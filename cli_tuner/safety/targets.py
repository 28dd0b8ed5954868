# ruff: noqa: E501, SIM905  (tables: a row stays on its line, names are one string)
"""The lattice of targets: what kind of place a path names, after normalisation.

Places, from worst to harmless: `root`, `system` (a tree the system needs), `critical` (one file of it),
`home` (all of it), `device` (raw), `maybe` (root or worse if a variable is empty), `site` (software and data installed by hand),
`mount` (a whole mounted disk),
`here` (the working
directory, a parent, or a glob of all of it), `beneath` (inside a system tree), `dotfile` (settings and keys
in a home), `unknown`, `named`, `temp`, `null`. Hierarchy: FHS 3.0, https://refspecs.linuxfoundation.org/FHS_3.0.
"""

from __future__ import annotations

import posixpath
from functools import lru_cache

from cli_tuner.shell.flow import BRACKET, FILLED, OUTPUT, QUESTION, STAR, UNKNOWNS, UNSET, plain
from cli_tuner.shell.globs import glob_matches
from cli_tuner.shell.patterns import late

_TOP = frozenset(
    "bin boot dev etc lib lib32 lib64 libx32 opt proc root run sbin srv sys usr var home Users System Library "
    "Applications Volumes private nix".split()
)
_DEEP = frozenset(
    "/usr/bin /usr/sbin /usr/lib /usr/lib64 /usr/libexec /usr/share /usr/include /var/lib /var/log /var/spool "
    "/var/mail /var/www /var/run /var/db /etc/ssh "
    "/etc/pam.d /etc/systemd /etc/cron.d /etc/init.d /etc/sudoers.d /etc/ssl /etc/security /lib/modules /lib/systemd "
    "/var/lib/dpkg /var/lib/rpm /var/lib/mysql /var/lib/docker /var/lib/postgresql /etc/apt /etc/default /etc/network "
    "/boot/grub /boot/efi /sys/firmware/efi/efivars /var/backups /etc/nginx /etc/apache2 /etc/httpd /etc/mysql".split()
)
_CRITICAL = late(
    r"/(?:etc/(?:passwd|shadow|group|gshadow|sudoers|fstab|hosts|inittab|profile|ld\.so\.\w+|resolv\.conf|nsswitch\.conf"
    r"|crypttab|machine-id|master\.passwd|login\.defs|securetty|default/grub|ssh/sshd_config|mtab|hostname|networks?|services"
    r"|protocols)-?|boot/[^/]+|boot/(?:grub2?|efi)/.+|(?:usr/)?s?bin/[^/]+|(?:usr/)?lib(?:64|32)?/(?:[^/]+/)?(?:lib(?:c|dl|pthread|m)|ld-)[^/]*"
    r"|(?:usr/)?lib/modules/.+|bin/[^/]+|sys/firmware/.+|vmlinuz[^/]*|initrd[^/]*|swapfile)\Z"
)
_DEVICE = late(
    r"/dev/(?:sd[a-z*\[]\S*|sd[\uE010\uE011\uE012X]\S*|hd[a-z]\d*|vd[a-z]\d*|xvd[a-z]\d*|nvme\d+\S*|mmcblk\d+\S*|disk[0-9/]\S*|rdisk\d+\S*|disk|loop\d+\S*"
    r"|dm-\d+|md\d+\S*|md/\S+|mapper/(?!control)\S+|sr\d+|nbd\d+\S*|zd\d+|ram\d+|mtd\S*|bcache\d+|drbd\d+|vg\S*/\S+|[a-z0-9_-]*vg[a-z0-9_-]*/\S+|ada\d+\S*|da\d+\S*|wd\d+\S*"
    r"|pmem\d+\S*|dax\d+\S*|by-\S+|ubuntu\S*/\S+|mem|kmem|port|nvram|block/\S+)\Z"
)
_NULL = late(
    r"/proc/self/fd/\d+\Z|/dev/(?:null|zero|full|u?random|stdin|stdout|stderr|tty\w*|fd/\d+|st\d|nst\d|fd\d|pts/\d+|ptmx|console|shm/.+|tcp/.+|udp/.+)\Z"
)
# What a whole disk, stick or share is mounted at; Windows' own drives, seen from WSL.
_MOUNT = late(r"/(?:mnt|media(?:/[^/]+)?|run/media/[^/]+|Volumes)/[^/]+\Z|/(?:mnt|media)\Z")
_WINDOWS_HOME = late(r"/mnt/[a-z]/Users(?:/[^/.][^/]*)?\Z|/mnt/[a-z]\Z")
_SITE = late(r"/(?:usr/src|usr/local(?:/(?:bin|sbin|lib|etc|share|include))?|var/www(?:/html)?|srv(?:/[\w.-]+)?|opt)\Z")
_TEMP = late(r"/(?:tmp|var/tmp|dev/shm|run/user/\d+|private/tmp|var/folders)(?:/.*)?\Z")
_HOME = late(r"/(?:home|Users)(?:/[^/.][^/]*)?\Z|/root\Z")
_IN_HOME = late(r"/(?:(?:home|Users)/[^/]+|root)/(.+)")
_DOT_TREES = late(
    r"\.(?:ssh|gnupg|aws|kube|config|local(?:/share)?|mozilla|password-store|docker|azure|thunderbird|pki)(?:/\W*)?\Z"
)
_CWD_ALIAS = late(r"/proc/(?:self|\d+|thread-self)/(?:cwd)(?=/|\Z)")
_ROOT_ALIAS = late(r"/proc/(?:self|\d+|thread-self)/(?:root|task/\d+/root)(?=/|\Z)")
_ALL_GLOB = late(
    f"[{STAR}{QUESTION}.]*[{STAR}{QUESTION}][{STAR}{QUESTION}.]*|\\.?{BRACKET}[^\\]]*\\][{STAR}]*|[!@+]\\([^)]*\\)[{STAR}]?"
)
_SLASHES = late(r"/{2,}")
_HOLES = late(f"[{UNSET}]")


@lru_cache(maxsize=4096)
def classify(path: str, cwd: str = "") -> str:
    """Return the place that `path` names when the working directory is `cwd` (empty: not known)."""
    if not path:
        return "unknown"
    if UNSET in path and path.strip(UNSET + "/" + STAR + QUESTION + '"'):
        filled = _place(_HOLES.sub(FILLED, path), cwd)
        empty = _place(_HOLES.sub("", path), cwd)
        return "maybe" if empty in ("root", "system", "home") and filled not in ("root", "home") else filled
    if UNSET in path:
        bare = path.replace(UNSET, "")
        return "maybe" if bare.startswith("/") else "unknown"
    return _place(path, cwd)


def normal(path: str, cwd: str = "") -> str:
    """Return `path` absolute where that is known, without `.`, `..`, doubled slashes and aliases of root."""
    if cwd and not path.startswith("/"):
        path = posixpath.join(cwd, path)
    path = _SLASHES.sub("/", path)
    for _ in range(3):
        changed = _CWD_ALIAS.sub("./.", _ROOT_ALIAS.sub("", path)) or "/"
        if changed == path:
            break
        path = changed
    path = _expand_glob_dots(path)
    normalised = posixpath.normpath(path)
    return "/" + normalised.lstrip("/") if normalised.startswith("/") else normalised


def _expand_glob_dots(path: str) -> str:
    return path.replace("/" + STAR + "/..", "/") if STAR in path else path


def _place(path: str, cwd: str) -> str:
    if path.strip("".join(UNKNOWNS)) == "":
        return "unknown"
    path = normal(path, cwd)
    if not path.startswith("/"):
        return _relative(path)
    head, _, last = path.rpartition("/")
    globbed = bool(_ALL_GLOB.fullmatch(last))
    if globbed:
        path = head or "/"
        while _ALL_GLOB.fullmatch(path.rpartition("/")[2]):
            path = path.rpartition("/")[0] or "/"
    return _absolute(path)


def _relative(path: str) -> str:
    if path.startswith((OUTPUT, FILLED)):
        return "unknown"
    if path in (".", "..") or all(part == ".." or _ALL_GLOB.fullmatch(part) for part in path.split("/")):
        return "here"
    return "named"


def _absolute(path: str) -> str:
    if path == "/":
        return "root"
    if _NULL.match(path):
        return "null"
    if _DEVICE.match(path):
        return "device"
    if _TEMP.match(path):
        return "temp"
    if _WINDOWS_HOME.match(path) or _HOME.match(path) or _globs_home(path):
        return "home"
    inside = _IN_HOME.match(path)
    if inside:
        return "dotfile" if _DOT_TREES.match(inside.group(1)) else "named"
    return _system(path)


def _system(path: str) -> str:
    if _CRITICAL.match(path):
        return "critical"
    if _MOUNT.match(path):
        return "mount"
    if _SITE.match(path):
        return "site"
    top, _, rest = path[1:].partition("/")
    if not rest and top == OUTPUT:
        return "system"  # an entry of the root that is only known at run time
    if not rest:
        return "system" if _is_top(top) else "named"
    if path in _DEEP or any(glob_matches(each, plain(path)) for each in (_DEEP if _globby(path) else ())):
        return "system"
    return "beneath" if top in _TOP or _is_top(top) else "named"


def _is_top(name: str) -> bool:
    return name in _TOP or (_globby(name) and any(glob_matches(each, plain(name)) for each in _TOP))


def _globs_home(path: str) -> bool:
    parts = path.split("/")
    return len(parts) == 3 and parts[1] in ("home", "Users") and _globby(parts[2])


def _globby(text: str) -> bool:
    return STAR in text or QUESTION in text or BRACKET in text
