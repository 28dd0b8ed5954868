# ruff: noqa: E501, SIM905  (tables: a row stays on its line, names are one string)
"""Effects of the programs that format, partition, wipe and take apart storage."""

from __future__ import annotations

import re

from cli_tuner.safety import targets
from cli_tuner.safety.effects.base import Effects, Maker, effect, on_path, options_of
from cli_tuner.shell.flow import Word
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late

_DEVICES = late(r"/dev/\S+")


def _devices(words: list[Word]) -> list[Word]:
    return [word for word in words if _DEVICES.match(targets.normal(word.text))]


def _format(invocation: Invocation) -> Effects:
    options = options_of(invocation, "t L b i m N O U E T n label F1")
    if {"n", "V"} & options.flags and invocation.program in _EXT:
        return
    for word in options.operands[:1] + _devices(options.operands[1:]):
        yield on_path(invocation, "format", word)


_EXT = frozenset({"mke2fs", "mkfs.ext2", "mkfs.ext3", "mkfs.ext4"})  # their -n only shows what would be made


_READ_ONLY = frozenset(
    "l list s V v h x dump verify version help list-types list-free info show-size show-geometry J json d i p print o-help A activate-show D display-alignment O output-all".split()
)


def _editor(readers: str, writers: str = "") -> Maker:
    """Make effects for a partition editor whose options in `readers` only show."""
    shows, changes = set(readers.split()), set(writers.split())

    def make(invocation: Invocation) -> Effects:
        options = options_of(
            invocation,
            "N part-attrs part-label part-type part-uuid b sector-size S u U w W C H Y t X label wipe n c",
        )
        dry = options.has("no-act", "P", "pretend")
        show = bool(options.flags & shows) and not options.flags & changes
        for word in _devices(invocation.words) or options.operands[:1]:
            if not show and not dry:
                yield on_path(invocation, "partition", word)

    return make


def _parted(invocation: Invocation) -> Effects:
    texts = invocation.texts()
    if "-l" in texts or "--list" in texts:
        return
    operands = options_of(invocation, "a align").operands
    commands = {word.text for word in operands[1:]}
    shows = bool(commands) and commands <= {
        "print",
        "free",
        "unit",
        "quit",
        "help",
        "all",
        "list",
        "devices",
        "align-check",
        "optimal",
        "MiB",
        "MB",
        "GB",
        "GiB",
        "s",
        "B",
        "TB",
        "p",
        "KiB",
        "compact",
        "1",
        "2",
        "3",
        "minimal",
        "version",
    }
    for word in operands[:1]:
        if not shows:
            yield on_path(invocation, "partition", word)


def _sgdisk(invocation: Invocation) -> Effects:
    options = options_of(invocation, "n d t c A b l R u g i L U a p")
    changes = options.flags & {
        "z",
        "Z",
        "o",
        "n",
        "d",
        "t",
        "c",
        "g",
        "R",
        "G",
        "s",
        "l",
        "zap",
        "zap-all",
        "clear",
        "new",
        "delete",
        "typecode",
        "randomize-guids",
        "mbrtogpt",
        "load-backup",
        "replicate",
        "m",
        "h",
        "e",
        "u",
        "U",
    }
    for word in _devices(invocation.words):
        if changes:
            yield on_path(invocation, "partition", word)


def _subcommands(verb: str, names: str, traits: str = "", *, weak: str = "") -> Maker:
    """Make an effect where one of the words is in `names` (`weak` for those that merely change)."""
    strong, mild = set(names.split()), set(weak.split())

    def make(invocation: Invocation) -> Effects:
        for word in invocation.words:
            if word.text in strong:
                yield effect(invocation, verb, word.text, *traits.split(), word=word)
                return
            if word.text in mild:
                yield effect(invocation, verb, word.text, "mild", word=word)
                return

    return make


def _remove_volume(invocation: Invocation) -> Effects:
    options = options_of(invocation, "S select config devices")
    if options.has("t", "test"):
        return
    for word in options.operands:
        yield effect(invocation, "volume-destroy", word.text, word=word)


def _wipefs(invocation: Invocation) -> Effects:
    options = options_of(invocation, "o offset t types")
    if options.has("n", "no-act") or not options.has("a", "all", "o", "offset"):
        return
    for word in options.operands:
        yield on_path(invocation, "wipe", word)


def _discard(invocation: Invocation) -> Effects:
    for word in options_of(invocation, "o l p offset length step").operands:
        yield on_path(invocation, "wipe", word)


def _badblocks(invocation: Invocation) -> Effects:
    options = options_of(invocation, "b c d e i o p t")
    if "w" in options.flags:
        for word in options.operands[:1]:
            yield on_path(invocation, "wipe", word)


def _hdparm(invocation: Invocation) -> Effects:
    for text in invocation.texts():
        if re.match(
            r"--(?:security-(?:erase|set-pass|disable|freeze)|trim-sector|write-sector|repair-sector|make-bad-sector|fwdownload|dco-restore|please-destroy|yes-i-know)|-N\d|-[YB]",
            text,
        ):
            for word in _devices(invocation.words):
                yield on_path(invocation, "wipe", word)
            return


def _blockdev(invocation: Invocation) -> Effects:
    texts = invocation.texts()
    if any(re.match(r"--(?:set|flush|reread)", text) for text in texts):
        for word in _devices(invocation.words):
            strong = any(text in ("--setro", "--setrw") for text in texts)
            yield on_path(invocation, "reconfigure", word, *(("locked",) if strong else ()))


def _mdadm(invocation: Invocation) -> Effects:
    texts = invocation.texts()
    hits = {"--zero-superblock", "--stop", "-S", "--create", "-C", "--fail", "-f", "--remove", "-r"}
    strong = {"--zero-superblock", "--create", "-C"}
    for text in texts:
        if text in hits:
            yield effect(invocation, "volume-destroy", text, *(() if text in strong else ("mild",)))
            return


def _swap(invocation: Invocation) -> Effects:
    options = options_of(invocation, "p v L U")
    for word in options.operands:
        yield on_path(invocation, "format" if invocation.program == "mkswap" else "swapoff", word)
    if invocation.program == "swapoff" and options.has("a", "all"):
        yield effect(invocation, "swapoff", "all")


def _cryptsetup(invocation: Invocation) -> Effects:
    operands = options_of(invocation, "c cipher s key-size h hash key-file d type i iter-time S key-slot l").operands
    verb = operands[0].text if operands else ""
    if verb in (
        "luksFormat",
        "erase",
        "luksErase",
        "reencrypt",
        "luksKillSlot",
        "luksRemoveKey",
        "plainOpen",
        "tcryptErase",
        "repair",
    ):
        yield effect(invocation, "volume-destroy", verb)
    elif verb in (
        "luksAddKey",
        "luksChangeKey",
        "close",
        "luksClose",
        "resize",
        "convert",
        "luksHeaderRestore",
        "config",
        "luksDump",
        "open",
        "luksOpen",
        "isLuks",
        "luksHeaderBackup",
        "luksSuspend",
    ):
        yield effect(invocation, "volume-destroy", verb, "mild" if verb != "luksHeaderRestore" else "header")


def _tool(pattern: str, verb: str, *traits: str) -> Maker:
    """Make an effect where the joined words match `pattern`."""
    compiled = re.compile(pattern)

    def make(invocation: Invocation) -> Effects:
        joined = " ".join(invocation.texts())
        found = compiled.search(joined)
        if found:
            yield effect(invocation, verb, found.group().strip(), *traits)

    return make


def _mkfs_names() -> list[str]:
    kinds = "ext2 ext3 ext4 xfs btrfs vfat fat msdos ntfs exfat f2fs jfs reiserfs minix bfs nilfs2 udf zfs hfsplus ocfs2 gfs2".split()
    return [
        "mkfs",
        "mke2fs",
        "mkntfs",
        "mkdosfs",
        "newfs",
        "mkreiserfs",
        "mkudffs",
        "mkzonefs",
        *(f"mkfs.{kind}" for kind in kinds),
    ]


DISKS: dict[str, Maker] = {
    **dict.fromkeys(_mkfs_names(), _format),
    "fdisk": _editor("l list s getsz x V version h help"), "cfdisk": _editor("h help V version"),
    "sfdisk": _editor("l list d dump J json F list-free T list-types V verify s show-size g show-geometry v version h help r reorder-show", "delete f force N w"),
    "gdisk": _editor("l"), "cgdisk": _editor(""), "sgdisk": _sgdisk, "parted": _parted, "partx": _tool(r"(?:^|\s)(?:-d|--delete)\b", "reconfigure", "disk"),
    "partprobe": _tool(r"/dev/", "reconfigure", "disk"),
    **dict.fromkeys(("lvremove", "vgremove", "pvremove", "thin_delete", "vgreduce", "lvreduce"), _remove_volume),
    "pvcreate": _tool(r"(?:^|\s)(?:-ff|--force\s+--force)\b.*/dev/", "volume-destroy"), "dc3dd": _tool(r"\bh?wipe=/dev/", "volume-destroy"),
    "lvm": _subcommands("volume-destroy", "lvremove vgremove pvremove"),
    "zpool": _subcommands("volume-destroy", "destroy labelclear", weak="offline detach export remove create"),
    "zfs": _subcommands("volume-destroy", "destroy", weak="rollback"),
    "btrfs": _tool(r"\b(?:subvolume|sub|su)\s+(?:delete|del)\b|\bdevice\s+(?:delete|remove)\b", "volume-destroy", "mild"),
    "mdadm": _mdadm, "cryptsetup": _cryptsetup, "wipefs": _wipefs, "blkdiscard": _discard, "badblocks": _badblocks,
    "hdparm": _hdparm, "blockdev": _blockdev, "mkswap": _swap, "swapoff": _swap,
    "nvme": _tool(r"(?:^|\s)(?:format|sanitize|delete-ns|write-zeroes|dsm|fw-commit|security-send)\b", "volume-destroy"),
    "sg_format": _tool(r"/dev/", "volume-destroy"), "sg_sanitize": _tool(r"/dev/", "volume-destroy"), "sg_unmap": _tool(r"/dev/", "volume-destroy"),
    "dmsetup": _tool(r"\b(?:remove|remove_all|wipe_table|clear|suspend)\b", "volume-destroy", "mild"),
    "tune2fs": _tool(r"/dev/", "reconfigure", "disk"), "debugfs": _tool(r"(?:^|\s)-w\b", "volume-destroy"), "e2image": _tool(r"-r?I\b", "volume-destroy"),
    "fsck": _tool(r"(?:^|\s)-\w*[yf]\w*\s.*?/dev/", "reconfigure", "disk"), "resize2fs": _tool(r"/dev/", "reconfigure", "disk"),
    "diskutil": _tool(r"(?i)\b(?:erase\w*|secureErase|zeroDisk|randomDisk|partitionDisk|reformat|apfs\s+delete\w*|deleteContainer)\b", "volume-destroy"),
    "losetup": _tool(r"(?:^|\s)(?:-d|-D|--detach)\b", "reconfigure", "disk"), "ddrescue": _tool(r"-f\b.*/dev/\w+\s+/dev/\w+", "volume-destroy"),
    "grub-install": _tool(r"/dev/", "boot"), "dban": _tool(r"", "volume-destroy"), "nwipe": _tool(r"", "volume-destroy"),
    "efibootmgr": _tool(r"-[BDNOo]\b|--delete-bootnum", "boot"), "flashrom": _tool(r"(?:^|\s)(?:-w|-E|--erase|--write)\b", "firmware"),
    "flash_erase": _tool(r"/dev/", "volume-destroy"), "flashcp": _tool(r"/dev/", "volume-destroy"), "fwupdmgr": _tool(r"\b(?:install|downgrade)\b", "firmware"),
    "ceph": _tool(r"\b(?:osd\s+(?:purge|destroy|rm|pool\s+(?:delete|rm))|fs\s+rm)\b", "volume-destroy"), "rbd": _tool(r"\b(?:rm|remove|purge)\b", "volume-destroy", "mild"),
    "gluster": _tool(r"\bvolume\s+delete\b", "volume-destroy"), "ipmitool": _tool(r"\bpower\s+(?:off|cycle|reset)\b", "shutdown"),
    "udisksctl": _tool(r"\b(?:format|power-off)\b", "reconfigure", "disk"), "vgchange": _tool(r"-an\b", "reconfigure", "disk"),
}  # fmt: skip
