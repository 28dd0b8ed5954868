"""Write the templated sample pairs, data/samples/template_*.jsonl, from the tables below.

Law: the same tables and seed give the same bytes, whatever the machine. A row
is kept only if it is not too close to a row already kept (see `NEAR`), so that
few rows differ in nothing but a file name. Not covered: the hand-written files
beside these, which no program makes.

Usage: python data/samples/generate.py [folder]
"""

from __future__ import annotations

import json
import random
import re
import sys
from dataclasses import dataclass
from pathlib import Path

SEED = 20240611
NEAR = 0.66  # Jaccard of word pairs; the pipeline drops rows from 0.8 on
TRIES_PER_ROW = 60

Pool = list[str] | list[tuple[str, str]]

LOGS = ["access.log", "server.log", "cron.log", "worker.log", "payments.log", "audit.log", "nightly.log", "mail.log"]
TEXTS = ["notes.txt", "inventory.txt", "cities.txt", "members.txt", "results.txt", "wishlist.txt", "lexicon.txt", "stations.txt", "recipes.txt"]
CSVS = ["sales.csv", "orders.csv", "sensors.csv", "grades.csv", "flights.csv", "payroll.csv", "trials.csv", "stock.csv"]
CONFIGS = ["app.ini", "nginx.conf", "settings.toml", "redis.conf", "values.yaml", "logging.cfg", "my.cnf"]
FILES = TEXTS + CSVS + CONFIGS + ["thesis.odt", "budget.xlsx", "logo.svg", "schema.sql", "setup.py", "index.html"]
FOLDERS = ["src", "docs", "assets", "photos", "invoices", "lectures", "reports", "music", "experiments", "website", "scripts", "fixtures"]
PLACES = ["/srv/data", "/var/www/shop", "/opt/tools", "~/projects", "/home/lena/work", "/mnt/archive", "/data/exports", "~/Documents"]
USERS = ["anna", "tobias", "mei", "carlos", "fatima", "ingrid", "sanjay", "olga"]
GROUPS = ["developers", "editors", "analysts", "www-data", "staff", "media"]
HOSTS = ["web01", "db.internal", "nas", "build.example.com", "pi4", "mail.example.org", "10.0.0.12", "192.168.1.40"]
SITES = ["example.com", "example.org", "example.net", "www.python.org", "kernel.org", "gnu.org", "debian.org"]
WORDS = ["timeout", "refused", "deprecated", "invoice", "TODO", "Berlin", "checksum", "retry", "password reset", "out of memory"]
PROGRAMS = ["postgres", "nginx", "firefox", "python3", "java", "redis-server", "code", "ffmpeg", "mongod"]
SERVICES = ["nginx", "docker", "postgresql", "cups", "ssh", "cron", "redis-server", "bluetooth"]
PORTS = ["3000", "5432", "6379", "8000", "8443", "9090", "27017", "5173"]
PIDS = ["812", "1907", "2433", "3051", "4488", "6120", "7345", "9916"]
BRANCHES = ["main", "develop", "release/2.4", "feature/search", "bugfix/login", "staging", "spike-cache"]
SOURCES = ["app.py", "main.go", "lib/parser.c", "src/index.ts", "README.md", "Makefile", "tests/test_api.py"]
TAGS = ["v1.2.0", "v2.0.1", "v3.4.0", "2024.05", "release-7"]
SUFFIXES = [("Python", "py"), ("Markdown", "md"), ("JSON", "json"), ("shell script", "sh"), ("CSV", "csv"), ("HTML", "html"), ("PNG", "png"), ("PDF", "pdf"), ("Java", "java"), ("Go", "go"), ("YAML", "yaml"), ("SQL", "sql")]
DAYS = [("a day", "1"), ("three days", "3"), ("a week", "7"), ("two weeks", "14"), ("30 days", "30"), ("90 days", "90")]
MINUTES = [("10 minutes", "10"), ("20 minutes", "20"), ("60 minutes", "60"), ("two hours", "120"), ("45 minutes", "45")]
SIZES = [("100 KiB", "100k"), ("5 MiB", "5M"), ("50 MiB", "50M"), ("200 MiB", "200M"), ("one GiB", "1G"), ("750 KiB", "750k")]
COLUMNS = [("first", "1"), ("second", "2"), ("third", "3"), ("fourth", "4"), ("fifth", "5")]
COUNTS = ["3", "5", "8", "12", "15", "25", "40", "100"]
SECONDS = ["2", "5", "10", "15", "30", "60"]


@dataclass(frozen=True)
class Template:
    """One request in several wordings, with the command that answers all of them."""

    topic: str
    name: str
    wanted: int
    command: str
    wordings: list[str]
    pools: dict[str, Pool]


TEMPLATES: list[Template] = []


def add(topic: str, name: str, wanted: int, command: str, wordings: list[str], /, **pools: Pool) -> None:
    """Enter a template; `@slot@` marks a slot, and a pool holds words or (words, command text)."""
    TEMPLATES.append(Template(topic, name, wanted, command, wordings, pools))


# --- files -----------------------------------------------------------------
add("files", "copy-into", 14, "cp @file@ @place@/",
    ["Copy @file@ into @place@", "I want a copy of @file@ in @place@", "duplicate @file@ to the folder @place@",
     "Please place a copy of @file@ under @place@", "cp: @file@ -> @place@", "How can I copy @file@ over to @place@?"],
    file=FILES, place=PLACES)
add("files", "copy-tree", 10, "cp -a @folder@ @place@/",
    ["Copy the whole folder @folder@ to @place@, attributes preserved", "Clone the directory @folder@ into @place@ with times and modes intact",
     "Archive-style copy of @folder@ to @place@", "put an exact copy of the tree @folder@ below @place@"],
    folder=FOLDERS, place=PLACES)
add("files", "move-keep", 12, "mv -n @file@ @folder@/",
    ["Move @file@ into @folder@ unless something by that name is there", "Put @file@ in the folder @folder@, never overwriting",
     "Relocate @file@ to @folder@/ but leave existing files alone", "Could you move @file@ to @folder@ without clobbering anything?"],
    file=FILES, folder=FOLDERS)
add("files", "rename", 10, "mv @old@.@ext@ @new@.@ext@",
    ["Rename @old@.@ext@ to @new@.@ext@", "Change the name of @old@.@ext@ to @new@.@ext@", "@old@.@ext@ should be called @new@.@ext@ from now on", "Give @old@.@ext@ the new name @new@.@ext@"],
    old=["draft", "untitled", "scan_0042", "data", "temp"], new=["summary", "minutes-june", "lease", "survey_v2"], ext=["txt", "md", "pdf", "csv", "odt"])
add("files", "mkdir-parents", 10, "mkdir -p @folder@/@sub@",
    ["Create @folder@/@sub@ along with missing parent directories", "Make sure that the directory @folder@/@sub@ exists",
     "I need a folder @sub@ inside @folder@, create both if necessary", "new directory path: @folder@/@sub@"],
    folder=FOLDERS, sub=["2025/january", "drafts", "img/thumbs", "v2/api", "raw/week-12", "tmp/stage"])
add("files", "head", 12, "head -n @n@ @file@",
    ["Show the first @n@ lines of @file@", "Print the top @n@ lines from @file@", "What do the first @n@ lines of @file@ say?", "just the opening @n@ lines of @file@, please",
     "Preview @file@: @n@ lines from the start"],
    n=COUNTS, file=LOGS + CSVS + TEXTS)
add("files", "tail", 12, "tail -n @n@ @file@",
    ["Show the last @n@ lines of @file@", "What are the final @n@ lines of @file@?", "End of @file@, @n@ lines", "Print @n@ lines from the bottom of @file@",
     "give me the newest @n@ entries in @file@"],
    n=COUNTS, file=LOGS)
add("files", "follow-grep", 10, "tail -f @file@ | grep --line-buffered '@word@'",
    ["Follow @file@ and show only lines with \"@word@\"", "Live view of @file@ filtered on \"@word@\"", "Watch @file@ for new lines that mention \"@word@\"",
     "As @file@ grows, print what contains \"@word@\""],
    file=LOGS, word=WORDS)
add("files", "symlink", 12, "ln -s @place@/@target@ @link@",
    ["Make a symlink called @link@ to @place@/@target@", "Create a soft link @link@ which points at @place@/@target@",
     "Link @place@/@target@ here under the name @link@", "I'd like @link@ to be a symbolic link to @place@/@target@"],
    place=["/srv/data", "/opt/tools", "/mnt/archive", "/home/lena/work"], target=["current", "bin", "q3", "shared.conf", "models"], link=["latest", "tools", "active", "here"])
add("files", "size-sorted", 9, "ls -lhS @place@",
    ["List @place@ by size, largest first, in readable units", "What are the biggest files directly in @place@?", "Long listing of @place@ ordered by file size"],
    place=PLACES)
add("files", "stat-field", 14, "stat -c @format@ @file@",
    ["Print the @format@ of @file@", "What is the @format@ of @file@?", "@file@: show just its @format@", "Tell me the @format@ which the file system has for @file@"],
    format=[("size in bytes", "%s"), ("inode number", "%i"), ("owner's name", "%U"), ("number of hard links", "%h"), ("last access time", "%x"), ("octal mode", "%a")], file=FILES)
add("files", "dated-backup", 12, "cp -p @file@ \"@file@.$(date +%F)\"",
    ["Back up @file@ with today's date at the end of the copy's name", "Make a dated copy of @file@, keeping its timestamp", "Before I edit @file@, save it as @file@.YYYY-MM-DD for today",
     "snapshot @file@ under a name that ends in the current date"],
    file=FILES)
add("files", "diff-files", 12, "diff @opt@ @left@ @place@/@left@",
    ["Compare @left@ with @place@/@left@ @opt@", "How does @left@ differ from the copy in @place@? Show it @opt@", "diff between the local @left@ and the one in @place@, @opt@"],
    opt=[("as a unified diff", "-u"), ("side by side", "-y"), ("ignoring white space", "-w"), ("ignoring case", "-i"), ("in brief", "-q")], left=CONFIGS + TEXTS, place=PLACES)

# --- find ------------------------------------------------------------------
add("find", "by-suffix", 14, "find @place@ -type f -name '*.@suffix@'",
    ["Find all @suffix@ files in @place@", "Where are the @suffix@ files below @place@?", "List every @suffix@ file under @place@, at any depth",
     "search @place@ recursively for @suffix@ files", "Locate each @suffix@ file that @place@ holds"],
    suffix=SUFFIXES, place=PLACES)
add("find", "bigger", 12, "find @place@ -type f -size +@size@",
    ["Find files bigger than @size@ in @place@", "What in @place@ takes more than @size@?", "List the files under @place@ that exceed @size@", "Anything over @size@ below @place@? Files only"],
    size=SIZES, place=PLACES)
add("find", "recent", 12, "find @place@ -type f -mmin -@minutes@",
    ["Files in @place@ changed within the last @minutes@", "What was modified under @place@ during the past @minutes@?", "Show files below @place@ whose content is younger than @minutes@",
     "find whatever got written to @place@ in the last @minutes@"],
    minutes=MINUTES, place=PLACES)
add("find", "old-suffix", 12, "find @place@ -type f -name '*.@suffix@' -mtime +@days@",
    ["List @suffix@ files in @place@ older than @days@", "Which @suffix@ files under @place@ were last changed more than @days@ ago?", "@suffix@ files below @place@ untouched for over @days@"],
    suffix=SUFFIXES, place=PLACES, days=DAYS)
add("find", "count-suffix", 12, "find @folder@ -type f -name '*.@suffix@' | wc -l",
    ["How many @suffix@ files are there in @folder@?", "Count the @suffix@ files below @folder@", "Number of @suffix@ files in the tree @folder@", "Tell me the total of @suffix@ files under @folder@, subfolders included"],
    suffix=SUFFIXES, folder=FOLDERS)
add("find", "grep-suffix", 14, "grep -rn --include='*.@suffix@' '@word@' @folder@",
    ["Search the @suffix@ files under @folder@ for \"@word@\", with line numbers", "Where does \"@word@\" occur in @suffix@ files of @folder@?",
     "Show each line with \"@word@\" in the @suffix@ files below @folder@", "grep @folder@ for \"@word@\", @suffix@ only"],
    suffix=[s for s in SUFFIXES if s[1] not in {"png", "pdf"}], word=WORDS, folder=FOLDERS)
add("find", "grep-names", 10, "grep -rl '@word@' @place@",
    ["Which files in @place@ contain \"@word@\"?", "Names only: files below @place@ that mention \"@word@\"", "List files having \"@word@\" somewhere inside, searching @place@"],
    word=WORDS, place=PLACES)
add("find", "owner", 10, "find @place@ -user @user@ -type @kind@",
    ["Find the @kind@ in @place@ owned by @user@", "Which @kind@ under @place@ belong to @user@?", "List @user@'s @kind@ below @place@"],
    place=PLACES, user=USERS, kind=[("regular files", "f"), ("directories", "d"), ("symbolic links", "l")])
add("find", "largest", 9, "find @place@ -type f -printf '%s %p\\n' | sort -rn | head -n @n@",
    ["What are the @n@ largest files in @place@?", "Top @n@ files by size below @place@", "Show the @n@ biggest files anywhere under @place@ with byte counts"],
    n=COUNTS, place=PLACES)
add("find", "exec-checksum", 10, "find @folder@ -type f -name '*.@suffix@' -exec @tool@ {} +",
    ["Run @tool@ over every @suffix@ file in @folder@", "@tool@ of all @suffix@ files below @folder@", "For each @suffix@ file under @folder@ give me its @tool@ output"],
    folder=FOLDERS, suffix=SUFFIXES, tool=["sha256sum", "md5sum", "wc -c", "ls -l", "file"])
add("find", "depth", 9, "find @place@ -maxdepth @depth@ -type d",
    ["List directories in @place@, @depth@ deep at most", "Folders below @place@ down to @depth@", "Which directories does @place@ have within @depth@?"],
    place=PLACES, depth=[("one level", "1"), ("two levels", "2"), ("three levels", "3")])

# --- text ------------------------------------------------------------------
add("text", "count-matches", 12, "grep -c '@word@' @file@",
    ["How many lines of @file@ contain \"@word@\"?", "Count the lines with \"@word@\" in @file@", "Number of lines in @file@ that match @word@", "On how many lines does @file@ say \"@word@\"?"],
    word=WORDS, file=LOGS + TEXTS)
add("text", "grep-context", 12, "grep -n -@kind@ @n@ '@word@' @file@",
    ["Show lines with \"@word@\" in @file@, numbered, along with @n@ lines @kind@ each", "Find \"@word@\" in @file@ with line numbers and @n@ lines @kind@ every hit", "In @file@, print @n@ lines @kind@ every \"@word@\", numbered"],
    kind=[("after", "A"), ("before", "B"), ("around", "C")], n=["2", "3", "4", "6", "10"], word=WORDS, file=LOGS)
add("text", "grep-not", 10, "grep -iv '@word@' @file@",
    ["Print @file@ without the lines that mention \"@word@\" in any case", "Hide all lines of @file@ with \"@word@\", ignoring case", "Everything in @file@ but the \"@word@\" lines, case-insensitively"],
    word=WORDS, file=LOGS + TEXTS)
add("text", "replace-in-place", 14, "sed -i 's/@swap@/g' @file@",
    ["Replace @swap@ everywhere in @file@", "In @file@, replace each @swap@ and save the file", "Edit @file@ in place and replace all @swap@",
     "throughout the file @file@ itself: exchange @swap@"],
    swap=[("staging with production", "staging/production"), ("localhost with db01", "localhost/db01"), ("grey with gray", "grey/gray"), ("teh with the", "teh/the"), ("INFO with DEBUG", "INFO/DEBUG"),
          ("http: with https:", "http:/https:"), ("v1 with v2", "v1/v2"), ("Monday with Tuesday", "Monday/Tuesday"), ("8080 with 9090", "8080/9090")], file=CONFIGS + TEXTS)
add("text", "line-range", 12, "sed -n '@from@,@to@p' @file@",
    ["Print lines @from@ to @to@ of @file@", "Show me @file@ from line @from@ through line @to@", "Excerpt of @file@: lines @from@-@to@", "Which text stands on lines @from@ to @to@ in @file@?"],
    **{"from": ["3", "7", "12", "20", "31"], "to": ["36", "44", "50", "75", "120"]}, file=LOGS + TEXTS + SOURCES)
add("text", "delete-line", 9, "sed -i '@n@d' @file@",
    ["Delete line @n@ from @file@", "Drop line number @n@ of @file@, saving the file", "Line @n@ of @file@ must go"],
    n=["1", "4", "9", "17", "23"], file=TEXTS + CONFIGS)
add("text", "csv-column", 12, "cut -d, -f@column@ @file@",
    ["Print the @column@ column of @file@", "Only the @column@ comma-separated field of each line in @file@", "Extract the @column@ field of every row in the CSV @file@", "I just need @file@'s @column@ column"],
    column=COLUMNS, file=CSVS)
add("text", "csv-sum", 12, "awk -F, '{s += $@column@} END {print s}' @file@",
    ["Add up the @column@ column of @file@", "Total of all values in the @column@ field of @file@", "What do the numbers in the @column@ column of @file@ come to?", "Sum over @file@, @column@ column"],
    column=COLUMNS, file=CSVS)
add("text", "csv-filter", 12, "awk -F, '$@column@ @cmp@ @value@' @file@",
    ["Rows of @file@ whose @column@ column is @cmp@ @value@", "Print every line in @file@ where the @column@ field is @cmp@ @value@", "Filter @file@: keep rows with a @column@ value @cmp@ @value@"],
    column=COLUMNS, cmp=[("above", ">"), ("below", "<"), ("at least", ">="), ("equal to", "==")], value=["10", "99", "500", "2020", "0.5"], file=CSVS)
add("text", "csv-sort", 10, "sort -t, -k@column@,@column@@order@ @file@",
    ["Sort @file@ by its @column@ column @order@", "Order the lines of @file@ @order@ on the @column@ field", "@file@ sorted @order@ by the @column@ column"],
    column=COLUMNS, order=[("numerically", "n"), ("in descending numeric order", "nr"), ("in reverse alphabetical order", "r")], file=CSVS)
add("text", "frequency", 12, "awk '{print $@column@}' @file@ | sort | uniq -c | sort -rn | head -n @n@",
    ["What are the @n@ most common values of the @column@ field in @file@?", "Rank the @column@ words of the lines in @file@ by count, top @n@", "Frequency table (first @n@ rows) for the @column@ column in @file@"],
    column=COLUMNS, n=["3", "5", "8", "20"], file=LOGS)
add("text", "unique-sorted", 9, "sort -u @file@ -o @file@",
    ["Sort @file@ in place and throw out duplicate lines", "Rewrite @file@ so that it is sorted without repeats", "Deduplicate and sort @file@, keeping the result in the same file"],
    file=TEXTS)
add("text", "pattern-extract", 12, "grep -Eo '@pattern@' @file@",
    ["Extract all @pattern@ from @file@", "Pull the @pattern@ out of @file@, one per line", "Which @pattern@ occur in @file@? Only the matches", "list @pattern@ found in @file@"],
    pattern=[("ISO dates", "[0-9]{4}-[0-9]{2}-[0-9]{2}"), ("times such as 14:05:59", "[0-9]{2}:[0-9]{2}:[0-9]{2}"), ("hexadecimal numbers with 0x", "0x[0-9a-fA-F]+"), ("http and https URLs", "https?://[^[:space:]\"]+"),
             ("whole words in capitals", "\\b[A-Z]{2,}\\b"), ("numbers with a decimal point", "[0-9]+\\.[0-9]+"), ("hashtags", "#[[:alnum:]_]+")], file=LOGS + TEXTS)
add("text", "head-columns", 9, "head -n @n@ @file@ | column -t -s,",
    ["Show the first @n@ rows of @file@ as an aligned table", "Preview @file@ in tidy columns, @n@ lines", "Pretty-print the top @n@ lines of the CSV @file@"],
    n=COUNTS, file=CSVS)

# --- processes -------------------------------------------------------------
add("processes", "pgrep", 9, "pgrep -a @program@",
    ["Which @program@ processes are running?", "PIDs and command lines of @program@", "Is there a @program@ process? Show its PID and arguments", "look up @program@ in the process table"],
    program=PROGRAMS)
add("processes", "signal", 14, "kill -@signal@ @pid@",
    ["Send @signal@ to process @pid@", "Process @pid@ should receive @signal@", "Signal PID @pid@ with @signal@", "deliver @signal@ to @pid@"],
    signal=["TERM", "HUP", "INT", "USR1", "STOP", "CONT", "USR2"], pid=PIDS)
add("processes", "ps-field", 14, "ps -o @field@= -p @pid@",
    ["Print the @field@ of process @pid@", "What is the @field@ of PID @pid@?", "PID @pid@: tell me its @field@", "Only the @field@ for process number @pid@, no header"],
    field=[("user", "user"), ("elapsed running time", "etime"), ("start time", "lstart"), ("share of CPU", "%cpu"), ("resident memory", "rss"), ("parent PID", "ppid"), ("nice value", "ni"), ("state", "stat")], pid=PIDS)
add("processes", "top-sorted", 10, "ps -eo pid,user,comm,@key@ --sort=-@key@ | head -n @n@",
    ["Show the processes with the most @key@, @n@ lines with the header", "Who leads in @key@? First @n@ lines of ps, sorted", "Process list ordered by @key@, cut to @n@ lines"],
    key=[("CPU use", "%cpu"), ("memory use", "%mem"), ("CPU time", "time"), ("virtual memory", "vsz")], n=["6", "11", "16", "21"])
add("processes", "background-log", 12, "nohup ./@script@ > @log@ 2>&1 &",
    ["Run @script@ in the background, immune to hangups, logging everything to @log@", "Start @script@ so that it goes on after logout; output and errors into @log@", "Launch @script@ detached with nohup and write to @log@"],
    script=["crawl.sh", "train.sh", "reindex.sh", "encode.sh", "simulate.sh"], log=LOGS)
add("processes", "timeout", 10, "timeout @t@ ./@script@",
    ["Run @script@ but stop it after @t@", "Give @script@ @t@ to finish, no longer", "@script@ with a time limit of @t@", "If @script@ takes more than @t@, end it"],
    t=[("20 seconds", "20s"), ("one minute", "1m"), ("five minutes", "5m"), ("two hours", "2h")], script=["probe.sh", "fuzz.sh", "sync.sh", "report.sh", "check.sh"])
add("processes", "watch", 10, "watch -n @s@ '@what@'",
    ["Repeat `@what@` every @s@ seconds", "Keep an eye on `@what@`, refreshing each @s@ seconds", "Watch the output of @what@ at an interval of @s@ s"],
    s=SECONDS, what=["free -m", "ss -s", "ls -l queue", "df -h /", "nvidia-smi", "uptime", "docker ps"])
add("processes", "open-files", 9, "lsof -c @program@ -a @filter@",
    ["Show the @filter@ that @program@ has open", "List @filter@ of all @program@ processes", "Which @filter@ is @program@ using?"],
    program=PROGRAMS, filter=[("network connections", "-i"), ("files under /var/log", "+D /var/log"), ("UNIX sockets", "-U")])

# --- network ---------------------------------------------------------------
add("network", "ping", 12, "ping -c @n@ @host@",
    ["Ping @host@ @n@ times", "Send @n@ echo requests to @host@", "Is @host@ alive? @n@ packets will do", "check the connection to @host@ with @n@ pings"],
    n=["2", "3", "4", "5", "10", "20"], host=HOSTS + SITES)
add("network", "dns-record", 14, "dig +short @kind@ @site@",
    ["Look up the @kind@ of @site@", "What are the @kind@ for @site@?", "@kind@ of the domain @site@, short output", "query DNS for @site@'s @kind@"],
    kind=[("mail exchangers", "MX"), ("name servers", "NS"), ("IPv6 addresses", "AAAA"), ("TXT records", "TXT"), ("CAA records", "CAA"), ("IPv4 addresses", "A"), ("SOA records", "SOA")], site=SITES)
add("network", "download-as", 12, "curl -fsSL -o @out@ https://@site@/@path@",
    ["Download https://@site@/@path@ to @out@, silently, following redirects", "Save https://@site@/@path@ as @out@; fail on an HTTP error", "Fetch @path@ from https://@site@ quietly into the file @out@"],
    site=SITES, path=["feed.xml", "data/latest.json", "files/manual.pdf", "robots.txt", "img/logo.png"], out=["download.tmp", "copy.dat", "page.out", "fetched.bin"])
add("network", "header", 10, "curl -sI https://@site@/ | grep -i '^@header@:'",
    ["Which @header@ header does https://@site@/ send?", "Show the @header@ response header of https://@site@/", "Only the @header@ line from the headers of https://@site@/"],
    site=SITES, header=["server", "content-type", "cache-control", "last-modified", "strict-transport-security", "etag"])
add("network", "timing", 9, "curl -s -o /dev/null -w '%{@what@}\\n' https://@site@/",
    ["Print the @what@ for https://@site@/", "What is the @what@ when I request https://@site@/?", "Measure https://@site@/: @what@"],
    site=SITES, what=[("HTTP status code", "http_code"), ("total time", "time_total"), ("name lookup time", "time_namelookup"), ("time to first byte", "time_starttransfer"), ("download size", "size_download"), ("remote IP address", "remote_ip")])
add("network", "listening-port", 9, "ss -ltnp 'sport = :@port@'",
    ["Which process listens on port @port@?", "What is bound to TCP port @port@?", "Show who has port @port@ open for listening", "port @port@ is taken: by whom?"],
    port=PORTS)
add("network", "port-test", 12, "nc -zv -w @s@ @host@ @port@",
    ["Is TCP port @port@ on @host@ reachable? Wait @s@ seconds at most", "Test the connection to @host@:@port@ with a timeout of @s@ s", "Check whether @host@ accepts connections on @port@, @s@ second limit"],
    s=["1", "2", "3", "5"], host=HOSTS, port=PORTS)
add("network", "scp-to", 12, "scp @file@ @user@@@host@:@dir@/",
    ["Copy @file@ to @dir@ on @host@ as @user@", "Send @file@ via scp to @user@'s account on @host@, directory @dir@", "Upload @file@ into @host@:@dir@ with the login @user@"],
    file=FILES, user=USERS, host=HOSTS, dir=["/srv/incoming", "/tmp", "backups", "/var/www/shop"])
add("network", "rsync-exclude", 12, "rsync -av --exclude='@skip@' @folder@/ @host@:@dir@/",
    ["Sync @folder@ to @host@:@dir@, leaving out @skip@", "Push the contents of @folder@ with rsync to @dir@ on @host@ but skip @skip@", "rsync @folder@ -> @host@:@dir@, not @skip@"],
    skip=["*.tmp", ".git", "node_modules", "*.bak", "__pycache__"], folder=FOLDERS, host=HOSTS, dir=["/srv/mirror", "/data/in", "/backup/weekly"])
add("network", "ssh-run", 12, "ssh @user@@@host@ '@what@'",
    ["Run `@what@` on @host@ as @user@", "Log in to @host@ as @user@ just to execute @what@", "What does `@what@` say on @host@? Use the account @user@"],
    user=USERS, host=HOSTS, what=["uptime", "df -h", "free -m", "ls -l /srv", "systemctl is-active nginx", "tail -n 20 /var/log/syslog"])

# --- archives --------------------------------------------------------------
for label, flag, ending in [("gzip", "z", "tar.gz"), ("bzip2", "j", "tar.bz2"), ("xz", "J", "tar.xz")]:
    add("archives", f"tar-create-{label}", 7, f"tar -c{flag}f @name@.{ending} @folder@",
        [f"Pack @folder@ into @name@.{ending}", f"Make a {label} tarball @name@.{ending} of the directory @folder@", f"Compress the folder @folder@ with {label} as @name@.{ending}"],
        name=["backup", "export", "snapshot", "friday", "handover"], folder=FOLDERS)
    add("archives", f"tar-extract-{label}", 7, f"tar -x{flag}f @name@.{ending} -C @place@",
        [f"Unpack @name@.{ending} into @place@", f"Extract the {label} archive @name@.{ending} below @place@", f"Put the contents of @name@.{ending} in @place@"],
        name=["vendor", "site", "dataset", "legacy", "tools"], place=PLACES)
    add("archives", f"tar-list-{label}", 6, f"tar -t{flag}f @name@.{ending} | grep '\\.@suffix@$'",
        [f"Which @suffix@ files are inside @name@.{ending}?", f"List the @suffix@ members of @name@.{ending}", f"Look into @name@.{ending} for @suffix@ files"],
        name=["vendor", "release", "mirror", "project"], suffix=SUFFIXES)
add("archives", "tar-exclude", 12, "tar -czf @name@.tar.gz --exclude='@skip@' @folder@",
    ["Archive @folder@ as @name@.tar.gz without @skip@", "Tar and gzip @folder@ to @name@.tar.gz, leaving out anything called @skip@", "@name@.tar.gz from @folder@, but skip @skip@"],
    name=["clean", "upload", "nightly", "slim"], skip=["*.log", "*.o", ".git", "node_modules", "*.mp4", "__pycache__"], folder=FOLDERS)
add("archives", "zip", 10, "zip -r @name@.zip @folder@ -x '@skip@'",
    ["Zip @folder@ into @name@.zip, excluding @skip@", "Create @name@.zip from the directory @folder@ but not @skip@", "Recursive zip of @folder@ called @name@.zip; ignore @skip@"],
    name=["hand-in", "assets", "delivery", "share"], folder=FOLDERS, skip=["*.tmp", "*.DS_Store", "*.psd", "*/cache/*"])
add("archives", "unzip-one", 10, "unzip -p @name@.zip @file@ > @file@",
    ["Get only @file@ out of @name@.zip", "Take @file@ from @name@.zip and write it here", "From the archive @name@.zip I need @file@, nothing else"],
    name=["bundle", "course", "theme", "results-2024"], file=FILES)
add("archives", "compress-keep", 12, "@tool@ -k @file@",
    ["Compress @file@ with @tool@ and keep the original", "Make a @tool@-compressed version of @file@ next to it", "@tool@ @file@, but do not remove the input"],
    tool=["gzip", "bzip2", "xz", "lz4", "zstd"], file=FILES)
add("archives", "zgrep", 9, "zgrep -c '@word@' @file@.1.gz",
    ["How many lines of @file@.1.gz contain \"@word@\"?", "Count \"@word@\" lines in the rotated log @file@.1.gz", "Without unpacking @file@.1.gz, count its lines with \"@word@\""],
    word=WORDS, file=LOGS)
add("archives", "checksum-verify", 9, "@tool@ @file@ > @file@.@tool@",
    ["Write the @tool@ of @file@ to a file beside it, @file@.@tool@", "Store @file@'s checksum (@tool@) as @file@.@tool@"],
    tool=["sha256sum", "md5sum", "sha1sum", "sha512sum", "b2sum"], file=["debian.iso", "backup.tar", "firmware.bin", "model.onnx", "video.mp4", "dump.sql"])

# --- git -------------------------------------------------------------------
add("git", "log-file", 12, "git log --oneline -n @n@ -- @file@",
    ["Show the last @n@ commits that touched @file@", "Recent history of @file@, @n@ commits, one line each", "Which @n@ commits changed @file@ most recently?", "git log for @file@ only, short, limit @n@"],
    n=["2", "3", "5", "10", "20"], file=SOURCES)
add("git", "log-author", 12, "git log --author=@user@ --since='@since@' --oneline",
    ["What did @user@ commit since @since@?", "@user@'s commits from @since@ until now, one line each", "List commits by @user@ newer than @since@"],
    user=USERS, since=["last Monday", "1 week ago", "2024-03-01", "yesterday", "3 months ago"])
add("git", "diff-branches", 12, "git diff @left@...@right@ -- @file@",
    ["What did @right@ change in @file@ since it left @left@?", "Diff of @file@ on @right@ against its merge base with @left@", "Show how @file@ evolved on @right@ after branching from @left@"],
    left=["main", "develop", "staging"], right=["feature/search", "bugfix/login", "spike-cache", "release/2.4"], file=SOURCES)
add("git", "checkout-file", 12, "git restore --source=@ref@ @file@",
    ["Take @file@ from @ref@ into my working tree", "Bring back the version of @file@ that @ref@ has", "Set @file@ to its state in @ref@"],
    ref=TAGS + ["HEAD~2", "origin/main", "develop"], file=SOURCES)
add("git", "new-branch", 12, "git switch -c @branch@ @ref@",
    ["Create the branch @branch@ from @ref@ and switch to it", "Start working on a new branch @branch@ based on @ref@", "Branch off @ref@ as @branch@"],
    branch=["fix/encoding", "feature/export", "docs-update", "try-sqlite", "hotfix-88"], ref=TAGS + ["origin/main", "develop"])
add("git", "commit", 12, "git commit -m '@message@' -- @file@",
    ["Commit only @file@ with the message \"@message@\"", "Record the changes of @file@ as \"@message@\"", "git commit of @file@ alone, saying \"@message@\""],
    message=["Handle empty input", "Bump version", "Explain the retry logic", "Speed up lookup", "Remove dead code", "Fix off-by-one error"], file=SOURCES)
add("git", "tag", 9, "git tag -a @tag@ -m '@message@' @ref@",
    ["Tag @ref@ as @tag@ with the note \"@message@\"", "Put an annotated tag @tag@ (\"@message@\") on @ref@"],
    tag=["v4.0.0", "v1.9.3", "beta-2", "2025.01"], message=["First stable build", "Security fixes", "Freeze for testing"], ref=["HEAD", "main", "3f9c2ab", "HEAD~1"])
add("git", "show-file", 10, "git show @ref@:@file@",
    ["Print @file@ as of @ref@", "What did @file@ look like in @ref@?", "Show the contents of @file@ at @ref@ without checking it out"],
    ref=TAGS + BRANCHES, file=SOURCES)
add("git", "count-between", 9, "git rev-list --count @left@..@right@",
    ["How many commits is @right@ ahead of @left@?", "Count the commits in @right@ that @left@ lacks", "Number of commits between @left@ and @right@"],
    left=TAGS, right=BRANCHES)

# --- permissions -----------------------------------------------------------
add("permissions", "chmod-symbolic", 14, "chmod @change@ @file@",
    ["@file@: @change@", "Change the mode of @file@: @change@", "Please @change@: @file@", "For the file @file@, @change@"],
    change=[("let the owner execute it", "u+x"), ("take write access from the group", "g-w"), ("let the group read it", "g+r"), ("give others no access", "o="), ("allow reading for everyone", "a+r"), ("make it read-only for all", "a-w")],
    file=["deploy.sh", "run.py", "notes.txt", "schedule.ics", "report.pdf", "menu.cgi"])
OCTAL_WORDINGS = ["Set the permissions of @file@ to @mode@", "@file@ should have mode @mode@", "Give @file@ the octal mode @mode@", "chmod @file@ to @mode@"]
add("permissions", "chmod-octal-private", 8, "chmod @mode@ @file@", OCTAL_WORDINGS,
    mode=["600", "640", "400"], file=["server.key", "secrets.env", "backup.sql", "payroll.csv"])
add("permissions", "chmod-octal-program", 8, "chmod @mode@ @file@", OCTAL_WORDINGS,
    mode=["700", "750", "755"], file=["start.sh", "backup.py", "run-tests", "deploy.sh"])
add("permissions", "chown", 12, "chown @user@:@group@ @file@",
    ["Make @user@ the owner and @group@ the group of @file@", "Hand @file@ to user @user@, group @group@", "Ownership of @file@: @user@, with @group@ as its group", "change owner of @file@ to @user@:@group@"],
    user=USERS, group=GROUPS, file=FILES)
add("permissions", "chgrp", 9, "chgrp -R @group@ @folder@",
    ["Give the folder @folder@ with its contents to the group @group@", "Set the group of everything in @folder@ to @group@", "@group@ should be the group of @folder@, recursively"],
    group=GROUPS, folder=FOLDERS)
add("permissions", "acl", 12, "setfacl -m u:@user@:@perm@ @file@",
    ["Grant @user@ @perm@ access to @file@ with an ACL", "Using an ACL, let @user@ have @perm@ rights on @file@", "@user@ needs @perm@ permission for @file@; leave owner and group alone"],
    user=USERS, perm=[("read", "r"), ("read and write", "rw")], file=FILES)
add("permissions", "find-perm", 10, "find @place@ -type f -perm @perm@",
    ["Find files in @place@ that @perm@", "Which files below @place@ @perm@?", "List regular files under @place@ if they @perm@"],
    place=PLACES, perm=[("are writable by others", "-o+w"), ("have mode 600", "600"), ("are executable by anyone", "/a+x"), ("are readable by everybody", "-a+r"), ("are writable by the group", "-g+w")])
add("permissions", "id", 10, "id @opt@ @user@",
    ["Print the @opt@ of @user@", "What is the @opt@ of the user @user@?", "@opt@ for account @user@"],
    opt=[("numeric user ID", "-u"), ("primary group name", "-gn"), ("list of group names", "-Gn"), ("list of numeric group IDs", "-G")], user=USERS)

# --- system ----------------------------------------------------------------
add("system", "journal", 12, "journalctl -u @service@ --since '@since@' --no-pager",
    ["Journal of @service@ since @since@, no pager", "What has @service@ logged since @since@?", "Print the log entries for the unit @service@ from @since@ on"],
    service=SERVICES, since=["yesterday", "1 hour ago", "09:00", "2024-06-01", "10 min ago"])
add("system", "service-state", 10, "systemctl @verb@ @service@",
    ["Is @service@ @verb@?", "Ask systemd whether @service@ is @verb@", "Check if the service @service@ is @verb@"],
    verb=[("running", "is-active"), ("started at boot", "is-enabled"), ("in a failed state", "is-failed")], service=SERVICES)
add("system", "du", 10, "du -sh @place@/@sub@",
    ["How much disk space does @place@/@sub@ use?", "Total size of @place@/@sub@ in readable units", "Size of the directory @place@/@sub@, one line"],
    place=PLACES, sub=["cache", "uploads", "old", "tmp", "raw"])
add("system", "du-depth", 9, "du -h --max-depth=@depth@ @place@ | sort -rh | head -n @n@",
    ["The @n@ largest directories in @place@, looking @depth@ down", "Where does the space in @place@ go? @n@ lines, @depth@ deep"],
    depth=[("one level", "1"), ("two levels", "2"), ("three levels", "3")], n=["5", "10", "15", "20"], place=PLACES)
add("system", "date-offset", 12, "date -d '@when@' +@format@",
    ["What is the @format@ for @when@?", "Print the @format@ for \"@when@\"", "@when@: which @format@ is that?"],
    when=["3 weeks ago", "next friday", "tomorrow", "2 months ago", ("100 days from now", "100 days"), "last sunday"], format=[("ISO date", "%F"), ("weekday", "%A"), ("week number", "%V"), ("day of the year", "%j"), ("Unix time", "%s")])
add("system", "timezone", 9, "TZ=@zone@ date '+%F %H:%M'",
    ["What is the date and time in @zone@?", "Show the clock for @zone@ as year-month-day hour:minute", "Local time in @zone@ with the date, please"],
    zone=[("New York", "America/New_York"), ("Nairobi", "Africa/Nairobi"), ("Sydney", "Australia/Sydney"), ("Helsinki", "Europe/Helsinki"), ("Kolkata", "Asia/Kolkata"), ("Santiago", "America/Santiago")])
add("system", "package-info", 12, "@query@ @package@",
    ["@query@ @package@?", "On this Debian machine, @query@ @package@?", "Please tell me: @query@ @package@"],
    query=[("which files come with the installed package", "dpkg -L"), ("what is the candidate version of", "apt-cache policy"), ("what are the dependencies of", "apt-cache depends"), ("which packages need", "apt-cache rdepends"), ("what is the description of", "apt-cache show")],
    package=["ripgrep", "vim", "openssl", "libxml2", "git", "postgresql-client"])
add("system", "docker-logs", 10, "docker logs --since @t@ --tail @n@ @name@",
    ["Logs of the container @name@ from the last @t@, @n@ lines at most", "What did container @name@ print in the past @t@? No more than @n@ lines", "docker: newest @n@ log lines of @name@ within @t@"],
    t=[("10 minutes", "10m"), ("2 hours", "2h"), ("24 hours", "24h")], n=["20", "50", "200"], name=["api", "web", "worker", "db", "proxy"])

# --- scripting -------------------------------------------------------------
add("scripting", "for-files", 14, "for f in *.@suffix@; do @action@; done",
    ["For every @suffix@ file here, @action@", "Loop over the @suffix@ files of this folder; for each one, @action@", "Take each @suffix@ file in turn and @action@"],
    suffix=SUFFIXES, action=[("print its name and size in bytes", "printf '%s %s\\n' \"$f\" \"$(stat -c %s \"$f\")\""), ("copy it to a .bak file", "cp -- \"$f\" \"$f.bak\""), ("move it into the folder done", "mv -n -- \"$f\" done/"),
                             ("print its name without the extension", "echo \"${f%.*}\""), ("show its MD5 sum", "md5sum -- \"$f\"")])
add("scripting", "seq-loop", 12, "for i in {@from@..@to@}; do @action@; done",
    ["For the numbers @from@ to @to@, @action@", "Count from @from@ up to @to@ and each time @action@", "@action@, with the number running from @from@ to @to@"],
    **{"from": ["1", "2", "5"], "to": ["9", "12", "20", "50"]}, action=[("print its square", "echo $((i * i))"), ("create a folder named day-N", "mkdir \"day-$i\""), ("ping 192.168.0.N once", "ping -c 1 -W 1 \"192.168.0.$i\""), ("print a line \"step N\"", "echo \"step $i\""), ("make an empty file chapterN.md", "touch \"chapter$i.md\"")])
add("scripting", "if-file", 14, "[ -@test@ @file@ ] && @action@",
    ["If @file@ @test@, @action@", "@action@ when @file@ @test@", "Check that @file@ @test@ and then @action@"],
    test=[("exists", "e"), ("is a directory", "d"), ("is not empty", "s"), ("is executable", "x"), ("is a symbolic link", "L"), ("is readable", "r")], file=["config", "current", "start.sh", "data", "lockfile", "result"],
    action=[("print yes", "echo yes"), ("list it in long form", "ls -ld @file@"), ("print its type", "file @file@")])
add("scripting", "while-read", 12, "while IFS= read -r line; do @action@; done < @file@",
    ["For each line of @file@, @action@", "Read @file@ line by line and @action@", "Go over @file@; for every line @action@"],
    file=TEXTS, action=[("print its length", "echo \"${#line}\""), ("print it in upper case", "echo \"${line^^}\""), ("create a directory with that name", "mkdir -p -- \"$line\""), ("look the host name up", "getent hosts \"$line\""), ("print it in square brackets", "printf '[%s]\\n' \"$line\"")])
add("scripting", "redirect", 12, "./@script@ @redirect@",
    ["Run @script@ and @redirect@", "Execute ./@script@; @redirect@", "Start @script@ here and @redirect@"],
    script=["crawl.sh", "migrate.sh", "measure.sh", "lint.sh"], redirect=[("throw away its error messages", "2> /dev/null"), ("save stdout in out.txt", "> out.txt"), ("append stdout to history.log", ">> history.log"), ("write everything it prints to all.log", "> all.log 2>&1"), ("see its output while saving it in screen.txt", "| tee screen.txt"), ("count the lines of its output", "| wc -l")])
add("scripting", "arith", 10, "echo $((@a@ @op@ @b@))",
    ["What is @a@ @op@ @b@?", "Calculate @a@ @op@ @b@", "In bash arithmetic: @a@ @op@ @b@"],
    a=["144", "250", "365", "90", "77"], op=[("times", "*"), ("plus", "+"), ("minus", "-"), ("modulo", "%"), ("to the power of", "**")], b=["2", "3", "5", "7", "4"])
add("scripting", "default-value", 9, 'echo "${@both@}"',
    ["Print the variable @both@ if it is empty or not set", "Show the value of @both@ when it has none", "echo the shell variable @both@ in its absence"],
    both=[("EDITOR, or nano", "EDITOR:-nano"), ("PAGER, or less", "PAGER:-less"), ("BROWSER, or firefox", "BROWSER:-firefox"), ("LOG_LEVEL, or info", "LOG_LEVEL:-info"),
          ("REGION, or eu-west-1", "REGION:-eu-west-1"), ("WORKERS, or 4", "WORKERS:-4"), ("TMPDIR, or /tmp", "TMPDIR:-/tmp"), ("PORT, or 3000", "PORT:-3000"), ("APP_ENV, or test", "APP_ENV:-test")])
add("scripting", "jq-field", 12, "jq -r '.[] | select(.@field@ @cmp@) | .@out@' @file@",
    ["From the array in @file@, print the @out@ of each object whose @field@ @cmp@", "@file@: the @out@ values of all entries where @field@ @cmp@", "With jq, list @out@ for objects in @file@ if their @field@ @cmp@"],
    field=["count", "score", "price", "age"], cmp=[("is over 10", "> 10"), ("equals 0", "== 0"), ("is under 100", "< 100"), ("is null", "== null")], out=["name", "id", "email", "url"], file=["users.json", "items.json", "events.json", "hosts.json"])
add("scripting", "xargs", 10, "find @folder@ -type f -name '*.@suffix@' -print0 | xargs -0 -P @n@ -n 1 @tool@",
    ["Run @tool@ on all @suffix@ files below @folder@, @n@ at a time", "Process the @suffix@ files of @folder@ with @tool@ in @n@ parallel jobs", "@n@-way parallel @tool@ over every @suffix@ file in @folder@"],
    folder=FOLDERS, suffix=SUFFIXES[:6], n=["2", "4", "8"], tool=["sha256sum", "gzip -k", "wc -l", "file"])


def words(text: str) -> frozenset[tuple[str, str]]:
    """Return the pairs of neighbouring words of `text`, in lower case."""
    found = re.findall(r"[\w.$/-]+", text.lower())
    return frozenset(zip(found, found[1:]))


def fill(text: str, chosen: dict[str, tuple[str, str]], side: int) -> str:
    """Put the chosen values into the slots; `side` 0 is the wording, 1 the command."""
    for _ in range(2):  # a value may itself name a slot
        for slot, value in chosen.items():
            text = text.replace(f"@{slot}@", value[side])
    return text


def draw(template: Template, wording: str, rng: random.Random) -> tuple[str, str]:
    """Draw one (instruction, command) from a template in the given wording."""
    chosen = {}
    for slot, pool in template.pools.items():
        value = rng.choice(pool)
        chosen[slot] = value if isinstance(value, tuple) else (value, value)
    return fill(wording, chosen, 0), fill(template.command, chosen, 1)


def rows_of(template: Template, taken: set[str]) -> list[tuple[str, str]]:
    """Return up to `wanted` rows that differ enough from each other."""
    rng = random.Random(f"{SEED}:{template.topic}:{template.name}")
    rows: list[tuple[str, str]] = []
    seen: list[frozenset[tuple[str, str]]] = []
    for _ in range(template.wanted * TRIES_PER_ROW):
        if len(rows) == template.wanted:
            break
        wording = template.wordings[len(rows) % len(template.wordings)]  # all wordings get their turn
        instruction, command = draw(template, wording, rng)
        key = words(f"{instruction} {command}")
        near = any(len(key & old) > NEAR * len(key | old) for old in seen)
        if near or instruction.lower() in taken or command in taken:
            continue
        taken.update((instruction.lower(), command))
        rows.append((instruction, command))
        seen.append(key)
    return rows


def generate() -> dict[str, str]:
    """Return the text of every templated file by file name."""
    topics: dict[str, list[tuple[str, str]]] = {}
    taken: set[str] = set()
    for template in TEMPLATES:
        topics.setdefault(template.topic, []).extend(rows_of(template, taken))
    files = {}
    for topic, rows in topics.items():
        lines = [json.dumps({"id": f"template-{topic}-{n:04d}", "instruction": i, "command": c}, ensure_ascii=False)
                 for n, (i, c) in enumerate(rows, 1)]
        files[f"template_{topic}.jsonl"] = "\n".join(lines) + "\n"
    return files


def main() -> None:
    """Write the files into the folder named on the command line, or beside this script."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in generate().items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{name}: {text.count(chr(10))} rows")


if __name__ == "__main__":
    main()
