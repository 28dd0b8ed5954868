# ruff: noqa: E501  (tables: a row stays on its line, names are one string)
"""What the options of common utilities are called, and which of them may change places.

Sources: the `--help` and manual pages of GNU coreutils 9, findutils 4, grep 3, sed 4, tar 1.34, gzip 1.12 and
gawk 5; `tests/shell/test_forms_table.py` compares every alias with the `--help` of what is installed. A utility
or an option that is not here is left as it was typed, so that what is missing costs recall, never soundness.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True)
class Utility:
    """How a utility reads its options.

    Attributes:
        flags: Letters without a value.
        valued: Letters with a value.
        optional: Letters with a value that must be attached.
        longs: Long name to (name in the normal form, kind): kind is empty, `=` (valued) or `?` (optional).
        groups: Names of which at most one may be given: of several, order or an error would decide.
        lists: Names that may be repeated; those of one entry keep their order among each other.
        placed: Names that act on the operands after them.
        permutes: Whether options may stand behind operands.
        number: The name that `-5` is short for.
        defaults: Name to the value that is meant where it is not given.
    """

    flags: str = ""
    valued: str = ""
    optional: str = ""
    longs: dict[str, tuple[str, str]] | None = None
    groups: tuple[frozenset[str], ...] = ()
    lists: tuple[frozenset[str], ...] = ()
    placed: frozenset[str] = frozenset()
    permutes: bool = True
    number: str = ""
    defaults: tuple[tuple[str, str], ...] = ()

    def kind(self, letter: str) -> str | None:
        """Return how a short option takes its value, None where it is not known."""
        return (
            "" if letter in self.flags else "=" if letter in self.valued else "?" if letter in self.optional else None
        )


def _row(
    flags: str = "",
    valued: str = "",
    longs: str = "",
    *,
    optional: str = "",
    groups: str = "",
    lists: str = "",
    placed: str = "",
    permutes: bool = True,
    number: str = "",
    defaults: str = "",
) -> Utility:
    named: dict[str, tuple[str, str]] = {}
    for entry in longs.split():  # `all:a` is an alias of -a; `color?`, `label=` and `total` have no letter
        name, _, letter = entry.partition(":")
        kind = name[-1] if name[-1] in "=?" else ""
        name = name.rstrip("=?")
        if letter:
            kind = kind or ("=" if letter in valued else "?" if letter in optional else "")
        named[name] = (letter or name, kind)
    return Utility(
        flags, valued, optional, named, _sets(groups), _sets(lists), frozenset(placed.split()), permutes, number,
        tuple((name, value.replace("TAB", "\t")) for name, _, value in (each.partition("=") for each in defaults.split())),
    )  # fmt: skip


def _sets(text: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(each.split(",")) for each in text.split())


_SUM = _row("bctzw", "", "binary:b check:c tag text:t zero:z warn:w quiet status strict ignore-missing", groups="b,t")
_COPY = "backup? force:f interactive:i no-clobber:n no-target-directory:T suffix:S target-directory:t update? verbose:v"
_OWNER = _row(
    "RcfvhHLP", "", "recursive:R changes:c quiet:f silent:f verbose:v no-dereference:h dereference reference= from= preserve-root no-preserve-root",
    groups="h,dereference H,L,P c,v",
)  # fmt: skip
_GREP = _row(
    "EFGPiyvwxcoqsbnHhLlaUzZrRTI", "efmABCdD",
    "extended-regexp:E fixed-strings:F basic-regexp:G perl-regexp:P ignore-case:i invert-match:v word-regexp:w line-regexp:x count:c only-matching:o"
    " quiet:q silent:q no-messages:s byte-offset:b line-number:n with-filename:H no-filename:h files-without-match:L files-with-matches:l text:a null-data:z"
    " null:Z recursive:r dereference-recursive:R initial-tab:T regexp:e file:f max-count:m after-context:A before-context:B context:C directories:d devices:D"
    " include= exclude= exclude-dir= exclude-from= label= color? colour? line-buffered binary:U",
    groups="E,F,G,P H,h L,l r,R,d a,I,U i,y", lists="e,f include,exclude,exclude-dir,exclude-from", number="C",
)  # fmt: skip
_HEAD = "bytes:c lines:n quiet:q silent:q verbose:v zero-terminated:z"
_AWK = _row("", "Fvf", "", lists="v,f", permutes=False)

TABLE: dict[str, Utility] = {
    "ls": _row(
        "aAbBcCdfFgGhHiklLmnNopqQrRsStuUvxX1Z", "ITw",
        "all:a almost-all:A escape:b ignore-backups:B directory:d no-group:G human-readable:h dereference-command-line:H inode:i kibibytes:k"
        " dereference:L numeric-uid-gid:n literal:N hide-control-chars:q quote-name:Q reverse:r recursive:R size:s ignore:I tabsize:T width:w"
        " color? sort= time= time-style= format= hide= group-directories-first full-time file-type block-size= indicator-style= quoting-style= si author",
        groups="a,A c,u C,l,1,x,m,g,n,o,f,format,full-time t,S,X,v,U,f,sort b,N,q,Q,quoting-style h,k,si,block-size H,L F,p,file-type,indicator-style a,f A,f d,R time,c time,u time-style,full-time",
        lists="I,hide",
    ),
    "grep": _GREP,
    "head": _row("qvz", "cn", _HEAD, groups="q,v c,n", number="n", defaults="n=10"),
    "tail": _row("fFqvz", "cns", _HEAD + " follow? pid= retry sleep-interval:s", groups="q,v c,n f,F,follow", number="n", defaults="n=10"),
    "sort": _row(
        "bdfghiMnRrVcCmsuz", "ktoST",
        "ignore-leading-blanks:b dictionary-order:d ignore-case:f general-numeric-sort:g human-numeric-sort:h ignore-nonprinting:i month-sort:M numeric-sort:n"
        " random-sort:R reverse:r version-sort:V merge:m stable:s unique:u zero-terminated:z key:k field-separator:t output:o buffer-size:S temporary-directory:T"
        " parallel= batch-size= debug",
        groups="c,C g,h,M,n,R,V d,i o,c", lists="k",
    ),
    "uniq": _row("cduiz", "fsw", "count:c repeated:d unique:u ignore-case:i zero-terminated:z skip-fields:f skip-chars:s check-chars:w"),
    "wc": _row("cmlLw", "", "bytes:c chars:m lines:l max-line-length:L words:w"),
    "cat": _row("AbeEnstTuv", "", "show-all:A number-nonblank:b show-ends:E number:n squeeze-blank:s show-tabs:T show-nonprinting:v"),
    "tac": _row("br", "s", "before:b regex:r separator:s"),
    "rev": _row(),
    "nl": _row("p", "bdfhilnsvw", "body-numbering:b no-renumber:p number-format:n number-separator:s starting-line-number:v number-width:w line-increment:i"),
    "cut": _row(
        "nsz", "bcdf", "bytes:b characters:c delimiter:d fields:f only-delimited:s zero-terminated:z complement output-delimiter=",
        groups="b,c,f", defaults="d=TAB",
    ),
    "paste": _row("sz", "d", "delimiters:d serial:s zero-terminated:z", defaults="d=TAB"),
    "tr": _row("cCdst", "", "complement:c delete:d squeeze-repeats:s truncate-set1:t", permutes=False),
    "comm": _row("123z", "", "output-delimiter= total zero-terminated:z check-order nocheck-order", groups="check-order,nocheck-order"),
    "join": _row("iz", "12aejotv", "ignore-case:i zero-terminated:z header check-order nocheck-order", lists="a,v"),
    "expand": _row("i", "t", "initial:i tabs:t"),
    "unexpand": _row("a", "t", "all:a tabs:t first-only", groups="a,first-only,t"),
    "fold": _row("bs", "w", "bytes:b spaces:s width:w"),
    "fmt": _row("cstu", "wpg", "crown-margin:c split-only:s tagged-paragraph:t uniform-spacing:u width:w prefix:p goal:g", groups="c,t"),
    "od": _row("bcdfosvx", "AjNt", "address-radix:A skip-bytes:j read-bytes:N format:t output-duplicates:v width?:w", optional="w", lists="t,b,c,d,f,o,s,x"),
    "base64": _row("di", "w", "decode:d ignore-garbage:i wrap:w"),
    "base32": _row("di", "w", "decode:d ignore-garbage:i wrap:w"),
    "md5sum": _SUM, "sha1sum": _SUM, "sha224sum": _SUM, "sha256sum": _SUM, "sha384sum": _SUM, "sha512sum": _SUM,
    "cksum": _row(),
    "sed": _row(
        "nrEsuz", "efl", "quiet:n silent:n regexp-extended:E separate:s unbuffered:u null-data:z expression:e file:f line-length:l in-place:i"
        " posix debug sandbox follow-symlinks", optional="i", lists="e,f",
    ),
    "awk": _AWK, "gawk": _AWK, "mawk": _AWK,
    "xargs": _row(
        "0rtpxo", "InPLsdEa",
        "null:0 no-run-if-empty:r verbose:t interactive:p exit:x open-tty:o max-args:n max-procs:P max-chars:s delimiter:d arg-file:a",
        groups="I,n,L 0,d", permutes=False,
    ),
    "diff": _row(
        "uqrNiwbBysatTE", "UxCI", "brief:q recursive:r new-file:N ignore-case:i ignore-all-space:w ignore-space-change:b ignore-blank-lines:B side-by-side:y"
        " report-identical-files:s text:a expand-tabs:t initial-tab:T exclude:x ignore-matching-lines:I color? width= suppress-common-lines",
        groups="u,U,y,C,q", lists="x I",
    ),
    "cmp": _row("bls", "n", "print-bytes:b verbose:l quiet:s silent:s bytes:n", groups="l,s"),
    "tee": _row("aip", "", "append:a ignore-interrupts:i"),
    "cp": _row(
        "abdfHilLnpPrRsTuvx", "St", _COPY + " archive:a recursive:R dereference:L no-dereference:P link:l symbolic-link:s one-file-system:x preserve? parents attributes-only reflink? sparse=",
        groups="f,i,n,update a,d,H,L,P,p,preserve b,backup,n l,s t,T",
    ),
    "mv": _row("bfinTuv", "St", _COPY + " strip-trailing-slashes", groups="f,i,n,update b,backup,n t,T"),
    "ln": _row("bdfFinLPrsTv", "St", "force:f interactive:i no-dereference:n relative:r symbolic:s logical:L physical:P suffix:S target-directory:t no-target-directory:T verbose:v directory:d", groups="f,i L,P t,T d,F"),
    "rm": _row("dfiIrRv", "", "force:f recursive:r dir:d verbose:v one-file-system preserve-root? no-preserve-root interactive?", groups="f,i,I,interactive"),
    "rmdir": _row("pv", "", "parents:p verbose:v ignore-fail-on-non-empty"),
    "mkdir": _row("pv", "m", "parents:p verbose:v mode:m"),
    "touch": _row("acfhm", "drt", "no-create:c no-dereference:h date:d reference:r time=", groups="d,r,t"),
    "truncate": _row("co", "rs", "no-create:c io-blocks:o reference:r size:s"),
    "chmod": _row("Rcfv", "", "recursive:R changes:c quiet:f silent:f verbose:v reference= preserve-root no-preserve-root", groups="c,v"),
    "chown": _OWNER, "chgrp": _OWNER,
    "stat": _row("Lft", "c", "dereference:L file-system:f terse:t format:c printf=", groups="c,t,printf"),
    "readlink": _row("efmnqsvz", "", "canonicalize:f canonicalize-existing:e canonicalize-missing:m no-newline:n quiet:q silent:s verbose:v zero:z", groups="e,f,m q,s,v"),
    "realpath": _row("eLmPqsz", "", "canonicalize-existing:e canonicalize-missing:m logical:L physical:P quiet:q strip:s no-symlinks:s zero:z relative-to= relative-base=", groups="e,m L,P"),
    "sysctl": _row("abeNnqw", "r", "all:a binary:b ignore:e names:N values:n quiet:q write:w pattern:r"),
    "netstat": _row(
        "risgMvWneNpoclaFCtuwx6", "",
        "route:r interfaces:i statistics:s groups:g masquerade:M verbose:v wide:W numeric:n extend:e symbolic:N programs:p timers:o continuous:c"
        " listening:l all:a fib:F cache:C",
    ),
    "basename": _row("az", "s", "multiple:a suffix:s zero:z", permutes=False),
    "dirname": _row("z", "", "zero:z", permutes=False),
    "seq": _row("w", "fs", "equal-width:w format:f separator:s", permutes=False),
    "du": _row(
        "abcDHhklLmPsSx0", "BdtX",
        "null:0 all:a apparent-size block-size:B bytes:b total:c dereference-args:D max-depth:d human-readable:h count-links:l dereference:L no-dereference:P"
        " separate-dirs:S summarize:s threshold:t exclude-from:X exclude= one-file-system:x si inodes time?",
        groups="h,k,m,b,B,si b,apparent-size H,L,P,D a,s d,s", lists="exclude,X",
    ),
    "df": _row("ahHiklPTv", "Btx", "all:a block-size:B human-readable:h si:H inodes:i local:l portability:P total type:t print-type:T exclude-type:x output? sync no-sync", groups="h,H,k,B sync,no-sync output,i,P,T", lists="t x"),
    "date": _row("uR", "dfr", "date:d file:f reference:r rfc-email:R utc:u universal:u iso-8601:I rfc-3339=", optional="I", groups="d,f,r I,R,rfc-3339"),
    "split": _row("edu", "abClnt", "suffix-length:a bytes:b line-bytes:C lines:l number:n separator:t elide-empty-files:e unbuffered:u additional-suffix= verbose", groups="b,C,l,n"),
    "shuf": _row("erz", "ino", "echo:e input-range:i head-count:n output:o repeat:r zero-terminated:z random-source="),
    "mktemp": _row("duq", "", "directory:d dry-run:u quiet:q suffix="),
    "uname": _row("asnrvmpio", "", "all:a kernel-name:s nodename:n kernel-release:r kernel-version:v machine:m operating-system:o"),
    "id": _row("GgnruzZ", "", "group:g groups:G name:n real:r user:u zero:z", groups="g,G,u"),
    "file": _row("bhikLNrz0", "", "brief:b no-dereference:h mime:i keep-going:k dereference:L no-pad:N raw:r uncompress:z mime-type mime-encoding", groups="h,L i,mime-type,mime-encoding"),
    "gzip": _row(
        "cdfklNnqrtv123456789", "S",
        "stdout:c to-stdout:c decompress:d uncompress:d force:f keep:k list:l no-name:n name:N quiet:q recursive:r suffix:S test:t verbose:v fast:1 best:9",
        groups="1,2,3,4,5,6,7,8,9 n,N d,l,t q,v",
    ),
    "tar": _row(
        "cxtruAzjJZvkpwOmhSWaPiUG", "fCTXbIKLNVg",
        "create:c extract:x get:x list:t append:r update:u gzip:z gunzip:z ungzip:z bzip2:j xz:J compress:Z verbose:v file:f directory:C keep-old-files:k"
        " preserve-permissions:p same-permissions:p to-stdout:O touch:m dereference:h sparse:S verify:W auto-compress:a absolute-names:P files-from:T"
        " exclude-from:X unlink-first:U exclude= strip-components= no-recursion wildcards numeric-owner owner= group= mode= overwrite remove-files zstd",
        groups="c,x,t,r,u,A z,j,J,Z,a,I,zstd", lists="C,T,X,exclude,no-recursion,wildcards,strip-components",
        placed="C T X exclude no-recursion wildcards strip-components",
    ),
    "sudo": _row("EHnSkbA", "ugpC", "user:u group:g preserve-env:E set-home:H non-interactive:n stdin:S background:b", permutes=False),
    "nohup": _row(permutes=False),
    "nice": _row("", "n", "adjustment:n", permutes=False, number="n", defaults="n=10"),
    "pgrep": _row("acfilnovwx", "dgGPstuU", "list-full:a count:c full:f ignore-case:i list-name:l newest:n oldest:o inverse:v exact:x delimiter:d pgroup:g group:G parent:P session:s terminal:t euid:u uid:U", groups="n,o a,l"),
}  # fmt: skip

SAME_AS: dict[str, tuple[str, ...]] = {
    "egrep": ("grep", "-E"),
    "fgrep": ("grep", "-F"),
    "zcat": ("gzip", "-cd"),
    "gunzip": ("gzip", "-d"),
    "source": (".",),
    ":": ("true",),
}
"""Names that are a shorter way to write another command; the first two warn on stderr in grep 3.8."""

TWINS = {
    "sed": {"r": "E"},
    "ls": {},
    "grep": {"y": "i"},
    "tr": {"C": "c"},
    "rm": {"R": "r"},
    "cp": {"r": "R", "u": "update"},
    "mv": {"u": "update"},
    "cat": {},
}
"""Letters that the normal form writes otherwise: an option's second letter, or `-u`, to which no value can be attached."""
