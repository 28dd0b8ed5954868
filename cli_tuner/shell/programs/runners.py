# ruff: noqa: E501  (tables: a row stays on its line)
"""Programs of the system that are there to run another one: as somebody else, elsewhere, later, watched, limited.

Sources: the manuals of util-linux, coreutils, sudo, moreutils, systemd, daemontools, strace, MPI and Slurm; GTFOBins.
"""

from __future__ import annotations

from cli_tuner.shell.programs.program import Form, Program, hands, program

_ONE = hands()
_AFTER_ONE = hands(1)
RUNNERS: tuple[Program, ...] = (
    program("sudo", "u user g group p prompt C close-from D chdir h host R chroot r role T command-timeout t type U other-user", hands=hands(assigns=True, inert="l list v validate V version k-only K e edit help")),
    program("doas", "u C a", hands=hands(assigns=True, inert="L")),
    program("please pleaser", "u user g group d dir e env r reason t target", hands=hands(inert="l list c check")),
    program("gsudo", "u user i integrity", hands=_ONE), program("run-as", hands=_AFTER_ONE), program("super calife sux", hands=_ONE),
    program("env", optional="block-signal default-signal ignore-signal", valued="argv0 u unset C chdir split-string", hands=hands(assigns=True, inert="help version")),
    program("nohup", hands=hands(inert="help version")),
    program("nice gnice", "n adjustment", hands=_ONE), program("time gtime", "f format o output", hands=_ONE),
    program("timeout gtimeout", "k kill-after s signal", hands=_AFTER_ONE), program("stdbuf gstdbuf", "i input o output e error", hands=_ONE),
    program("setsid linux32 linux64 builtin coproc noglob nocorrect dbus-launch torify tsocks unbuffer fakechroot eatmydata catchsegv entr aoss chronic ifne errno stdoutisatty nocache nq winpty", hands=_ONE),
    program("valgrind", "alignment error-markers free-fill freelist-big-blocks freelist-vol input-fd log-fd log-file malloc-fill max-threads merge-recursive-frames num-callers redzone-size tool unw-stack-scan-frames unw-stack-scan-thresh vgdb-error vgdb-poll vgdb-prefix xml-fd xml-file xml-user-comment xtree-leak-file xtree-memory-file", hands=_ONE),
    program("ionice", "c class n classdata p pid P u", hands=_ONE), program("chrt", "T P D p sched-period sched-runtime", hands=_AFTER_ONE), program("taskset", "p pid", hands=_AFTER_ONE),
    program("chroot gchroot", "userspec groups", hands=_AFTER_ONE), program("unshare", "load-interp S G w R setuid setgid wd root map-user map-group propagation boottime map-groups map-users monotonic", hands=_ONE),
    program("nsenter", "net-socket wdns t target S G", optional="setuid setgid", hands=_ONE), program("setarch i386 x86_64", hands=_AFTER_ONE),
    program("setpriv", "landlock-access landlock-rule seccomp-filter reuid regid groups inh-caps bounding-set ambient-caps securebits pdeathsig selinux-label apparmor-profile", hands=_ONE),
    program("prlimit", "p pid o output", hands=_ONE), program("choom", "n adjust p pid", hands=_ONE), program("numactl", "N m C i p physcpubind cpunodebind membind", hands=_ONE),
    program("strace", "o e p s u E a I P X b S U output trace attach columns const-print-style env interruptible string-limit summary-columns summary-sort-by trace-path user", hands=_ONE), program("ltrace", "o e p s u a n x l A D F", hands=_ONE),
    program("rr", "o output-trace-dir n", hands=hands(verbs="record")), program("heaptrack", "o output p pid analyze", hands=_ONE), program("bpftrace-run uftrace", "d data", hands=_ONE),
    program("exec", "a", hands=_ONE), program("command", hands=hands(inert="v V")),
    program("busybox", hands=hands(inert="list list-full install help")), program("toybox", hands=hands(inert="long help")),
    program("xvfb-run", "n s f w e p server-num server-args auth-file", hands=_ONE), program("cage gamescope mangohud gamemoderun optirun primusrun prime-run", "W H w h r", hands=_ONE),
    program("firejail", "profile name net private", hands=_ONE), program("bwrap", "proc dev tmpfs chdir uid gid hostname dir add-seccomp-fd args block-fd cap-add cap-drop exec-label file-label info-fd json-status-fd lock-file mqueue perms pidns remount-ro seccomp size sync-fd unsetenv userns userns-block-fd userns2", pairs="bind bind-try ro-bind ro-bind-try dev-bind dev-bind-try symlink setenv file bind-data ro-bind-data", hands=_ONE),
    program("proot", "r R S b w q k rootfs bind cwd", hands=_ONE), program("sandbox-exec", "f n p D", hands=_ONE),
    program("systemd-run", "u unit p property M machine H host E setenv G uid gid slice on-calendar on-boot on-active description nice on-startup on-unit-active on-unit-inactive service-type working-directory", hands=_ONE), program("systemd-inhibit", "what who why mode", hands=_ONE),
    program("flock", "w wait timeout E c command conflict-exit-code", hands=_AFTER_ONE), program("pkexec", "user", hands=_ONE),
    program("gosu su-exec setuidgid s6-setuidgid setlock logsave", hands=_AFTER_ONE), program("chpst", "u U b e m d o p f c r t l L n", hands=_ONE),
    program("softlimit s6-softlimit", "d s l a m o f p c r t", hands=_ONE), program("dbus-run-session", "config-file dbus-daemon", hands=_ONE),
    program("torsocks", "a u p P", hands=_ONE), program("proxychains proxychains4", "f", hands=_ONE), program("rlwrap", "H s f w b l", hands=_ONE),
    program("perf", "e o p a", hands=hands(verbs="stat record trace")), program("ssh-agent", "a t E", hands=hands(inert="k s c")), program("sshpass", "p f d P", hands=_ONE),
    program("cgexec", "g", hands=_ONE), program("faketime", "f", hands=_AFTER_ONE), program("daemonize", "a c e o p l u E", hands=_ONE),
    program("daemon", "n name u user D chdir o output P pidfiles", hands=_ONE), program("dtach abduco", "A c n N e r", hands=_ONE),
    program("start-stop-daemon", "x exec n name p pidfile u user c chuid g group s signal R retry d chdir N nicelevel chroot notify-timeout output pid ppid startas umask", hands=hands(after="--exec -x --startas -a", inert="K stop t test")),
    program("fakeroot", "l s i b lib faked", hands=_ONE), program("caffeinate", "t w", hands=_ONE), program("trickle", "d u w t l", hands=_ONE), program("run0", "u user", hands=_ONE),
    program("tini", "p e w", hands=_ONE), program("dumb-init", "r c", hands=_ONE), program("capsh", "cap-uid forkfor gid is-gid is-uid keep killit secbits uid user", hands=hands(after="--")),
    program("ts", hands=hands(inert="i s m")), program("tsp", "L N D", hands=_ONE), program("sem", "j jobs id", hands=_ONE), program("scl", hands=hands(2, verbs="enable")),
    program("ld.so", "library-path preload argv0 audit inhibit-rpath glibc-hwcaps-mask glibc-hwcaps-prepend", hands=hands(inert="list verify help version list-tunables")),
    program("aa-exec", "p profile n namespace", hands=_ONE), program("cpulimit", "l limit e exe p pid c cpu", hands=_ONE), program("runcon", "t u r l range role type user", hands=_AFTER_ONE),
    program("retry", "t times d delay", hands=_ONE), program("memusage", "p png d data n buffer progname title x-size y-size", hands=_ONE), program("bear", "output append", hands=hands(after="--")),
    program("scan-build intercept-build", "o k", hands=_ONE), program("ccache sccache distcc icecc", hands=hands(inert="s C z c M x k p V h show-stats clear zero-stats cleanup max-size")),
    program("mpirun mpiexec orterun", "n np N H host hostfile machinefile x mca bind-to map-by wdir", hands=_ONE, one_dash=True),
    program("srun", "n ntasks N nodes p partition t time A account J job-name c cpus-per-task w nodelist mem gres o output e error q qos", hands=_ONE),
    program("sbatch", "n ntasks N nodes p partition t time A account J job-name c cpus-per-task mem gres o output e error q qos", runs="wrap"),
    program("bsub", "q n o e J W R M", hands=_ONE), program("condor_run", hands=hands(form=Form.EITHER)),
    program("tcpserver tcpsvd udpsvd", "u g l c b t x i", hands=hands(2)), program("websocketd", "port address", hands=_ONE), program("ttyd gotty", "p port i interface c credential w W", hands=_ONE),
    program("watch", "n interval equexit", hands=hands(form=Form.TEXT)), program("mosh", "p port predict bind-server family", runs="ssh server", hands=hands(1, form=Form.TEXT)),
    program("pdsh clush dsh psh", "w x g f l R u", hands=hands(form=Form.TEXT)),
    program("pssh parallel-ssh", "h hosts H host l user p par o outdir e errdir t timeout O x X", hands=hands(form=Form.TEXT)),
    program("hyperfine", "w r m M n i warmup runs export-markdown export-json", runs="p prepare c cleanup s setup conclude", hands=hands(form=Form.EACH)),
    program("multitime", "n I o", hands=_ONE), program("asciinema", "title t idle-time-limit i", runs="c command"), program("ttyrec", runs="e"), program("termtosvg", runs="c command"),
    program("wezterm", hands=hands(after="--")), program("zellij", hands=hands(verbs="run action", after="--")),
    program("ip", hands=hands(1, verbs="netns exec"), typed=True), program("screen", typed=True),
    program("inotifyrun incron", hands=_ONE), program("reflex", "r regex g glob s", hands=hands(form=Form.EITHER)), program("watchman-make", "p pattern", runs="run"),
    program("watchmedo", "p patterns i ignore-patterns", runs="c command"), program("fswatch", "e i l m"),
    program("consul-template envconsul", "template config prefix", runs="exec"), program("logexec", hands=_ONE), program("fabric fab", "H hosts", hands=hands(after="--", form=Form.TEXT)),
)  # fmt: skip
