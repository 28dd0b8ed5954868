# ruff: noqa: E501  (tables: a row stays on its line)
"""Programs that delete, copy, move, find and change files and disks. Sources: coreutils, findutils, e2fsprogs."""

from __future__ import annotations

from cli_tuner.shell.programs.program import Program, program

_FIND = (
    "name iname path ipath wholename iwholename regex iregex regextype type xtype user group uid gid size perm newer anewer cnewer "
    "newermt mtime atime ctime mmin amin cmin maxdepth mindepth fstype inum links lname ilname samefile used context printf fprint "
    "fprint0 fls files0-from"
)
FILES: tuple[Program, ...] = (
    program("cp gcp mv gmv", "t target-directory S suffix no-preserve sparse", flags="recursive no-target-directory force interactive", optional="backup"),
    program("ln link", "t target-directory S suffix"),
    program("install", "t target-directory S suffix m mode o owner g group strip-program"),
    program("rm grm", "", flags="recursive force no-preserve-root one-file-system", optional="interactive preserve-root"),
    program("chmod gchmod", "reference", flags="recursive preserve-root no-preserve-root"),
    program("chown gchown chgrp lchown", "reference from", flags="recursive preserve-root no-preserve-root dereference"),
    program("truncate", "s size r reference"),
    program("shred gshred", "n iterations s size random-source", flags="zero force", optional="remove"),
    program("touch", "d date t r reference time"),
    program("find gfind", _FIND, lists="exec execdir ok okdir", one_dash=True),
    program("mkfs mkfs.ext2 mkfs.ext3 mkfs.ext4 mke2fs", "b C d e E g G i I J l L m M N o O r t T U z type"),
    program("mkfs.xfs", "b m d i l L n p r s"), program("mkfs.btrfs", "L d m n s O U b r A"), program("mkfs.fat mkfs.vfat mkdosfs", "n F s S f i D r R b B A"),
    program("mkswap", "endianness offset size L U p pagesize label uuid swapversion"),
    program("dd gdd"),
    program("xargs gxargs", "a arg-file d delimiter E I J L n max-args P max-procs R s max-chars S process-slot-var", optional="i replace e eof l max-lines", stops=True),
)  # fmt: skip
