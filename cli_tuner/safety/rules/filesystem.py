# ruff: noqa: E501  (tables: a row stays on its line, names are one string)
"""Filesystem destruction: deletion, overwriting, moving away, encryption of what matters."""

from __future__ import annotations

from cli_tuner.safety.rules.base import D, R, family, rule

_T = "ATT&CK T1485"
# Caches and lists that package managers make again.
_KEPT = r"^(?!/var/lib/apt/lists|/var/cache(?:/|$)|/var/lib/(?:dnf|yum)|/root/\.(?:cache|npm)|/usr/(?:local/[^/]+|src|share|include)/[^/]|/var/log/(?:apt|dpkg)|/etc/(?:nginx/(?:conf\.d|sites-enabled)/default|apt/sources\.list\.d/)|/opt/[^/]|/var/www/|.*\.(?:lock|pid|sock)$)"
_NAME_IT = "name the exact folder to delete, and look at it with `ls` first"

FILESYSTEM = family(
    "filesystem",
    rule("FS001", D, "delete wipe", "deletes the root of the filesystem", _NAME_IT, f"{_T}; rm(1) --preserve-root", places="root", lacking="filtered"),
    rule("FS002", D, "delete wipe", "deletes a tree that the system needs", _NAME_IT, _T, places="system site", having="recursive", lacking="filtered broad asks", target=r"^(?!/var/www/html/[\ue010]$)"),
    rule("FS055", R, "delete wipe", "deletes what a web server serves", _NAME_IT, _T, target=r"^/var/www/html/[\ue010]$", having="recursive", lacking="filtered"),
    rule("FS003", D, "delete wipe", "deletes a file that the system needs", "keep a copy and edit the file instead", _T, places="critical"),
    rule("FS004", D, "delete wipe", "deletes a home directory", _NAME_IT, _T, places="home", having="recursive", lacking="filtered broad asks"),
    rule("FS005", D, "delete wipe", "deletes from the root if the variable is empty", "write ${name:?} so that an empty variable stops the command", "CWE-1188; ShellCheck SC2115", places="maybe", lacking="filtered broad"),
    rule("FS006", D, "delete wipe", "deletes everything in the working directory or its parent", _NAME_IT, _T, places="here", having="recursive", lacking="filtered broad asks"),
    rule("FS007", R, "delete wipe", "deletes by a filter over the whole filesystem", "start the search in one folder", _T, places="root", having="filtered"),
    rule("FS008", R, "delete wipe", "deletes by a filter inside a tree that the system needs", "print the list first, then delete what is on it", _T, places="system site maybe", any_of="filtered broad", target=r"^(?!/usr/(?:local|src)(?:/|$)|/opt(?:/|$)|/srv(?:/|$))"),
    rule("FS053", R, "delete wipe", "deletes by an age or a size all over software that was installed by hand", "print the list first, then delete what is on it", _T, places="site", having="broad"),
    rule("FS031", R, "delete wipe", "deletes by a wildcard, size or age all over a home directory", "print the list first, then delete what is on it", _T, places="home", having="broad"),
    rule("FS032", R, "delete wipe", "deletes every file that a search finds in the working directory", _NAME_IT, _T, places="here", having="every searched"),
    rule("FS009", R, "delete wipe", "deletes a tree inside the system's folders", _NAME_IT, _T, places="beneath", having="recursive", lacking="filtered", target=_KEPT),
    rule("FS010", D, "delete wipe", "deletes every file of the working directory", "name the files", _T, places="here", having="force", lacking="recursive searched"),
    rule("FS011", R, "delete", "deletes a tree whose name is only known at run time", "print the name first; write ${name:?} so that an empty one stops the command", "ShellCheck SC2115", places="unknown", having="recursive"),
    rule("FS059", R, "delete wipe", "deletes everything on a mounted disk or share", _NAME_IT, _T, places="mount", having="recursive", lacking="filtered asks"),
    rule("FS012", R, "delete wipe", "deletes settings or keys of a user", "move the folder away instead", _T, places="dotfile"),
    rule("FS013", D, "delete wipe", "deletes what starts by itself, accounts or rights", "edit the file instead", "ATT&CK T1531", any_of="sudoers pam accounts", lacking="filtered"),
    rule("FS014", R, "wipe", "overwrites a file so that it cannot be recovered", "delete it with `rm` unless it must not be recoverable", f"{_T}; shred(1)", places="named temp beneath unknown"),
    rule("FS015", D, "wipe", "overwrites a whole folder so that it cannot be recovered", _NAME_IT, f"{_T}; shred(1)", places="here home system root"),
    rule("FS016", D, "discard", "moves a file into /dev/null: it is gone", "move it to a trash folder", f"{_T}; mv(1)"),
    rule("FS017", D, "move", "moves a tree that the system needs", "copy it and keep the original", _T, places="root system home", lacking="filtered broad"),
    rule("FS033", R, "move", "moves a file that the system needs", "copy it and keep the original", _T, places="critical system", lacking="every"),
    rule("FS056", R, "move", "moves what installed software needs", "copy it and keep the original", _T, places="beneath", target=r"^/(?:usr/)?(?:lib(?:32|64|exec)?|s?bin)/|^/(?:boot|etc|var/lib)/[^/]+/?$"),
    rule("FS057", D, "move", "moves the libraries or programs of the system away", "copy it and keep the original", _T, places="beneath", target=r"^/(?:usr/)?lib(?:32|64)?/(?:[\w]+-linux-\w+|systemd|security|modules)/?$"),
    rule("FS058", D, "link", "puts a link where the system looks for its programs, libraries or settings", "link it under another name", "ATT&CK T1574, T1565.001", places="system root", having="replaces", target=r"^/(?:usr|s?bin|lib\w*|etc|boot|usr/(?:s?bin|lib\w*))/?$"),
    rule("FS043", D, "move", "moves account files or rights away: nobody can log in", "copy them and keep the original", "ATT&CK T1531", any_of="accounts sudoers", lacking="searched"),
    rule("FS038", D, "move", "moves a library or a program away that everything needs", "copy it and keep the original", _T, places="critical", target=r"^/(?:usr/)?(?:lib(?:32|64|x32)?/|s?bin/(?:(?:ba|da)?sh|env|ls|cat|login|su|sudo|init|mount)$)"),
    rule("FS041", R, "move", "moves what a search over the whole filesystem finds", "start the search in one folder", _T, places="root", lacking="every filtered"),
    rule("FS019", D, "overwrite write link", "overwrites a file that the system needs", "write to a new file, compare, then install it with a copy kept", "ATT&CK T1565.001", places="critical", any_of="truncate truncate-new blank dd moved", lacking="names said-setting", target="^/?(?:etc|boot|vmlinuz|initrd)|passwd|shadow"),
    rule("FS020", R, "overwrite write edit link", "changes a file that the system needs", "keep a copy and compare before", "ATT&CK T1565.001", places="critical"),
    rule("FS021", D, "sync-delete", "mirrors with deletion onto a tree that the system or a user needs", "run it with --dry-run first and name a narrower target", f"{_T}; rsync(1)", places="root system home critical maybe", lacking="dry"),
    rule("FS022", R, "sync-delete", "deletes at the target whatever the source does not have", "run it with --dry-run first", f"{_T}; rsync(1)", lacking="dry"),
    rule("FS023", D, "encrypt", "encrypts the files of a user or of the system in place", "encrypt one named archive and keep the originals", "ATT&CK T1486", places="root system home here maybe"),
    rule("FS024", D, "encrypt", "encrypts every file that a search finds", "encrypt one named archive and keep the originals", "ATT&CK T1486", any_of="searched looped"),
    rule("FS025", R, "encrypt", "encrypts an account file", "leave account files where they are", "ATT&CK T1486", any_of="accounts secret"),
    rule("FS026", D, "overwrite", "empties every file that a search finds", "name the files", _T, having="searched", any_of="every", places="root system home"),
    rule("FS027", D, "delete", "turns off the guard of the root directory", "leave --preserve-root on", "rm(1)", having="no-preserve-root"),
    rule("FS028", R, "delete", "deletes files of the system's folders", "let the package manager remove them", _T, places="beneath", lacking="recursive filtered broad searched asks", target=_KEPT),
    rule("FS029", R, "edit", "edits in place every file that a search finds in the system's folders", "work on a copy", "ATT&CK T1565.001", having="searched", places="root system"),
    rule("FS034", R, "delete wipe", "deletes a folder that usually holds work", "check that it is committed or backed up", _T, places="named", having="recursive", lacking="searched asks", target=r"(?:^|/)(?:src|source|sources|lib|app|apps|data|databases?|db|docs|documents|Documents|Desktop|Pictures|backups?|photos|projects?|repos?|work|\.git|config|uploads|media|migrations|website|prod|production|models|checkpoints|workspace)/?$"),
    rule("FS035", R, "delete", "deletes by an age, a size or a wildcard all over the working directory", "print the list first: -print in place of -delete", _T, places="here", having="broad recursive", lacking="glob"),
    rule("FS039", D, "write-outside", "lets a patch write anywhere on the system", "leave --unsafe-paths out", "git-apply(1); GTFOBins git", having="root"),
    rule("FS040", R, "write", "unpacks an archive over the system's folders", "unpack it in an empty folder and look", "ATT&CK T1565.001; tar(1)", having="extracted", places="root system critical", lacking="net"),
    rule("FS042", D, "write", "unpacks a download over the system's folders", "download it, check its digest, look with `tar t`", "ATT&CK T1105, T1565.001", having="extracted net", places="root system critical"),
    rule("FS036", R, "write-outside", "lets a patch write outside the working tree", "leave --unsafe-paths out", "git-apply(1)"),
    rule("FS044", D, "delete wipe", "deletes by owner, age or size all over the filesystem or a home", "print the list first: -print in place of -delete", _T, places="root home", having="owned searched", lacking="asks"),
    rule("FS045", R, "delete wipe overwrite write edit", "changes or deletes the inside of a git repository", "use git's own commands: gc, update-ref, worktree remove", f"{_T}; gitrepository-layout(5)", having="repository", lacking="downloaded append"),
    rule("FS046", R, "overwrite", "empties a file of data", "move it away, or keep a copy", "ATT&CK T1485, T1565.001", places="named here", any_of="truncate blank", target=r"\.(?:db|sqlite3?|sql|mdb|csv|tsv|xlsx?|parquet|dump|bak|tar|t?gz|zip|kdbx|wallet|docx?|ya?ml|tfstate)$|^[\ue010*]$"),
    rule("FS047", R, "delete wipe", "deletes the folder that programs keep their temporary files in", "name the files", _T, places="temp", having="recursive force", target=r"^/(?:private/)?(?:var/)?tmp/?$", lacking="searched"),
    rule("FS048", D, "overwrite", "empties a private key or a store of passwords", "keep a copy", _T, having="secret"),
    rule("FS049", R, "write overwrite", "writes a secret that stands in the command", "let the tool's own login write it", "ATT&CK T1552.001", having="secret said-literal"),
    rule("FS050", D, "delete wipe", "deletes the keys and credentials of a user", "move the folder away instead", _T, places="dotfile", having="recursive", target=r"\.(?:ssh|gnupg|aws|kube|password-store|pki)/?\W?$", lacking="filtered asks"),
    rule("FS051", D, "delete wipe", "deletes a user's own documents", _NAME_IT, _T, having="recursive", target=r"^(?:/home/[^/]+|/Users/[^/]+|~)/(?:Documents|Desktop|Pictures|Photos|Music|Movies|Videos|Downloads)/?[\ue010]?$", lacking="filtered broad asks"),
    rule("FS054", R, "overwrite", "empties a file before it is read", "write to a new file and rename it, or use sponge", "bash(1) REDIRECTION; ShellCheck SC2094", having="own-input"),
    rule("FS052", R, "delete", "deletes a folder that files were just moved into", "move them somewhere else first", _T, having="recursive moved"),
    rule("FS030", R, "delete", "deletes a folder at the root of the filesystem", _NAME_IT, _T, places="named", having="recursive", target=r"^/[^/]+/?$", lacking="searched"),
)  # fmt: skip

DISKS = family(
    "disks",
    rule("DK001", D, "write overwrite", "writes straight to a disk: its filesystems are lost", "write to an image file, or check the device with `lsblk`", "ATT&CK T1561; dd(1)", places="device"),
    rule("DK002", D, "format", "makes a new filesystem: what is on the device is lost", "format an image file, or check the device with `lsblk`", "ATT&CK T1561.002; mkfs(8)", places="device unknown system root maybe"),
    rule("DK003", D, "partition", "changes the partition table of a disk", "print it only (`fdisk -l`, `parted print`)", "ATT&CK T1561.002; parted(8)", places="device unknown system root maybe"),
    rule("DK004", D, "wipe", "erases a disk or its signatures", "work on an image file", "ATT&CK T1561.001; wipefs(8)", places="device"),
    rule("DK005", D, "volume-destroy", "destroys a volume, pool or array and what is on it", "take a backup and run it by hand", "ATT&CK T1485; lvremove(8)", lacking="mild"),
    rule("DK006", R, "volume-destroy", "takes a volume, pool or array apart or changes its keys", "take a backup and run it by hand", "cryptsetup(8)", having="mild"),
    rule("DK012", D, "reconfigure", "locks or unlocks a whole disk while it is in use", "remount one filesystem", "blockdev(8)", places="device", having="locked"),
    rule("DK007", R, "reconfigure", "changes settings of a disk that is in use", "unmount it first", "blockdev(8)"),
    rule("DK008", R, "format partition wipe", "formats or partitions what may be a device", "check that it is not a device", "mkfs(8)", places="named temp beneath null here mount", target=r"^(?!.*\.(?:img|raw|iso|qcow2|vdi|vmdk)$)"),
    rule("DK009", R, "swapoff", "turns swap off: running programs may be killed", "check free memory first", "swapoff(8)"),
    rule("DK010", D, "firmware", "writes firmware: a failure leaves the machine unbootable", "update by the vendor's own tool with a backup", "ATT&CK T1495"),
    rule("DK011", R, "read", "reads a raw disk or memory past the filesystem's permissions", "read the file by its path", "ATT&CK T1006", places="device", lacking="redirected copied", target=r"/dev/(?:sd|nvme|vd|hd|xvd|mapper|dm-)"),
)  # fmt: skip
