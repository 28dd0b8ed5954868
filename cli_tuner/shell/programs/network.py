# ruff: noqa: E501  (tables: a row stays on its line)
"""Programs that fetch, send and log in. Sources: curl(1), wget(1), ssh(1), scp(1), rsync(1), socat(1)."""

from __future__ import annotations

from cli_tuner.shell.programs.program import Program, program

CURL = (
    "o output X request d data data-ascii data-raw data-binary data-urlencode F form form-string H header A user-agent u user b cookie "
    "c cookie-jar e referer x proxy m max-time T upload-file w write-out K config C continue-at E cert r range y Y z json key-type "
    "connect-timeout retry cacert capath key resolve limit-rate output-dir url retry-delay max-redirs interface aws-sigv4 oauth2-bearer "
    "unix-socket dns-servers ciphers tls-max proto proto-redir max-filesize noproxy proxy-user D dump-header P Q t variable"
)
WGET = (
    "O output-document o output-file a append-output P directory-prefix U user-agent t tries T timeout i input-file "
    "e execute w wait Q quota R reject A accept D domains l level header post-data post-file user password B base "
    "body-file body-data method limit-rate load-cookies save-cookies referer dns-timeout connect-timeout read-timeout waitretry cut-dirs"
)
_SSH = "B b c D E e F I i J L l m O p Q R S W w"
NETWORK: tuple[Program, ...] = (
    program("curl", CURL, flags="silent show-error fail location head insecure remote-name remote-name-all compressed include verbose get"),
    program("wget wget2", WGET + " accept-regex backups bind-address ca-certificate ca-directory certificate certificate-type ciphers compression config crl-file default-page exclude-directories exclude-domains follow-tags ftp-password ftp-user http-password http-user ignore-tags include-directories local-encoding prefer-family private-key private-key-type progress proxy-password proxy-user regex-type reject-regex rejected-log remote-encoding report-speed restrict-file-names retry-on-http-error secure-protocol start-pos warc-dedup warc-file warc-header warc-max-size warc-tempdir", flags="quiet no-check-certificate continue recursive mirror no-parent page-requisites background spider", runs="use-askpass"),
    program("ssh slogin", _SSH + " o", stops=True),
    program("scp sftp pscp", "c D F i J l P X", runs="S o", marked=True),
    program("sshfs", "F p C", runs="o", marked=True),
    program(
        "rsync", "f filter exclude include exclude-from include-from files-from T temp-dir B block-size bwlimit port password-file backup-dir "
        "suffix chmod chown usermap groupmap compare-dest copy-dest link-dest log-file log-file-format out-format M remote-option timeout "
        "contimeout max-size min-size modify-window max-delete partial-dir sockopts", flags="archive verbose recursive delete dry-run partial progress update checksum compress relative links perms remove-source-files",
        runs="e rsh rsync-path",
    ),
    program("socat", "b l s T t", typed=True),
    program("aria2c", "o out d dir i s x j", runs="on-download-complete on-download-error on-download-start"),
    program("yt-dlp", "o output f format P paths", runs="exec"),
    program("tcpdump", "i w r c s B C E F G M m T V W y Z j", runs="z"),
    program("dnsmasq", "C conf-file p port", runs="conf-script dhcp-script"), program("openvpn", "config cd", runs="up down ipchange route-up tls-verify"),
    program("dhclient", "cf lf pf", runs="sf", one_dash=True),
    program("http https xh", "o output a auth d download session p print"),
    program("run-mailcap mutt nmap nginx ftp inotifywait", typed=True), program("crontab", "u", typed=True),
    program("scrot", "d delay q", runs="e exec"), program("ksu", "n c", runs="e"),
)  # fmt: skip
