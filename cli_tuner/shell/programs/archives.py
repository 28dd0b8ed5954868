# ruff: noqa: E501  (tables: a row stays on its line)
"""Programs that pack, unpack, compress, back up. Sources: tar(1), zip(1), cpio(1), rsync(1), gzip(1)."""

from __future__ import annotations

from cli_tuner.shell.programs.program import Program, program

_TAR = (
    "f file C directory b blocking-factor H format K starting-file L tape-length N newer newer-mtime T files-from V label X "
    "exclude-from exclude after-date mtime owner group mode strip-components transform xform suffix hole-detection "
    "index-file level listed-incremental g no-quote-chars quote-chars quoting-style record-size rmt-command sort "
    "volno-file warning add-file exclude-ignore exclude-ignore-recursive exclude-tag exclude-tag-under group-map owner-map xattrs-exclude xattrs-include"
)
_TAR_FLAGS = (
    "create extract get list append update diff compare delete concatenate catenate verbose gzip bzip2 xz zstd lzma compress auto-compress "
    "to-stdout keep-old-files overwrite remove-files absolute-names dereference one-file-system"
)
ARCHIVES: tuple[Program, ...] = (
    program(
        "tar gtar bsdtar", _TAR, flags=_TAR_FLAGS, options_from="TAR_OPTIONS", default_from=("TAPE", "f"), bundled=True, optional="backup totals occurrence checkpoint",
        runs="checkpoint-action to-command I use-compress-program F info-script new-volume-script rsh-command",
    ),
    program("zip", "b t tt n x i P suffixes temp-path", flags="recurse-paths move", runs="TT unzip-command"),
    program("unzip", "d x P"),
    program("cpio", "D directory F file O I H format M E C R owner rsh-command block-size"),
    program("gzip bzip2 xz zstd lzma lz4 pigz pbzip2 brotli", "S suffix T threads o D F format M memlimit filelist output-dir-flat output-dir-mirror patch-from trace"),
    program("restic", "r repo p password-file tag exclude host H keep-last keep-daily keep-weekly keep-monthly keep-within target t json o option", runs="password-command"),
    program("borg", "C compression e exclude prefix P keep-daily keep-last keep-weekly repo r", runs="rsh"),
    program("logrotate", "s state m mail l log", typed=True),
)  # fmt: skip
