# ruff: noqa: E501  (commands and tables stay on one line)
"""Effective invocations: whatever can be resolved statically is."""

from __future__ import annotations

import pytest

from cli_tuner.shell.evaluate import evaluate


def last(command: str) -> str:
    return evaluate(command).invocations[-1].shown()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ('r""m -r\\f /x', "rm -rf /x"), ("$'\\x72m' x", "rm x"), ("$'r'\"m\" x", "rm x"), ("{rm,-r,x}", "rm -r x"), ("ls a{b,c}d{1..2}", "ls abd1 abd2 acd1 acd2"),
        ("a=rm; $a x", "rm x"), ("a=r b=m; $a$b x", "rm x"), ("${x:-rm} y", "rm y"), ("x=abc; echo ${x#a} ${x%c} ${#x} ${x^^} ${x/b/d}", "echo bc ab 3 ABC adc"),
        ("IFS=,; c=rm,x; $c", "rm x"), ("a=(rm -r x); \"${a[@]}\"", "rm -r x"), ("a=rm; b=a; ${!b} x", "rm x"), ("set -- rm x; \"$@\"", "rm x"),
        ("$(echo rm) x", "rm x"), ("`echo rm` x", "rm x"), ("$(printf '\\x72m') x", "rm x"), ("$(echo cm0= | base64 -d) x", "rm x"), ("$(echo mr | rev) x", "rm x"),
        ("$(echo RM | tr A-Z a-z) x", "rm x"), ("$(echo sm | sed s/s/r/) x", "rm x"), ("printf -v c rm; $c x", "rm x"), ("read c <<< rm; $c x", "rm x"),
        ("eval 'rm x'", "rm x"), ("bash -c 'rm $1' _ x", "rm x"), ("sh <<< 'rm x'", "rm x"), ("echo 'rm x' | bash", "rm x"), ("source <(echo 'rm x')", "rm x"),
        ("f() { rm \"$@\"; }; f x", "rm x"), ("alias z='rm -r'; z x", "rm -r x"), ("trap 'rm x' EXIT", "rm x"), ("hash -p /bin/rm z; z x", "/bin/rm x"),
        ("sudo -u a -- rm x", "rm x"), ("env -i A=1 rm x", "rm x"), ("nice -n 5 nohup rm x", "rm x"), ("timeout -k 1 5 rm x", "rm x"), ("xargs -a l rm", "rm $(?)"),
        ("echo a b | xargs rm", "rm a b"), ("echo a | xargs -I{} rm {}/x", "rm a/x"), ("find d -exec rm {} +", "rm $(?)"), ("ssh -p 1 h 'rm x'", "rm x"), ("su -c 'rm x' u", "rm x"),
        ("docker exec -it c rm x", "rm x"), ("flock l rm x", "rm x"), ("watch -n 1 rm x", "rm x"), ("busybox rm x", "rm x"), ("parallel rm ::: x", "rm x"),
        ("python3 -c 'import os; os.system(\"rm x\")'", "rm x"), ("perl -e 'exec \"rm x\"'", "rm x"), ("awk 'BEGIN{system(\"rm x\")}'", "rm x"),
        ("python3 -c 'import subprocess; subprocess.run([\"rm\", \"x\"])'", "rm x"), ("ruby -e '`rm x`'", "rm x"), ("tar cf a --checkpoint-action=exec='rm x' b", "rm x"),
        ("git -c core.pager='!rm x' log", "rm x"), ("vim -c ':!rm x'", "rm x"), ("PAGER='rm x' man ls", "rm x"), ("echo 'rm x' > s; sh s", "rm x"), ("env -S 'rm x'", "rm x"),
        ("declare -n r=x; x=rm; $r y", "rm y"), ("cat <(echo rm x) | sh", "rm x"), ("make --eval='$(shell rm x)'", "rm x"), ("vim -es '+!rm x' +q", "rm x"),
        ("ssh -o 'LocalCommand rm x' -o PermitLocalCommand=yes h", "rm x"), ("mapfile -C 'rm x #' a < f", "rm x"), ("cp /bin/rm ./z; ./z x", "./z x"),
        ("x='rm \\x79'; eval \"${x@E}\"", "rm y"), ("echo 'rm x' | parallel", "rm x"), ("tee >(sh) <<< 'rm x'", "rm x"), ("exec 3<<< 'rm x'; sh <&3", "rm x"),
        ("exec 3< <(echo rm x); bash /dev/fd/3", "rm x"), ("echo 'rm x' > q; chmod +x q; ./q", "rm x"), ("script -q /dev/null rm x", "rm x"),
        ("expect -c 'spawn rm x'", "rm x"), ("gdb -batch -ex 'shell rm x'", "rm x"), ("ed <<< '!rm x'", "rm x"), ("screen -X stuff 'rm x'", "rm x"),
        ("crontab <<< '* * * * * rm x'", "rm x"), ("ansible h -m shell -a 'rm x'", "rm x"), ("adb shell rm x", "rm x"), ("PROMPT_COMMAND='rm x'", "rm x"),
        ("for f do :; done; sh -c 'for f do rm $f; done' _ x", "rm x"), ("awk 'BEGIN{c=\"r\" \"m x\"; system(c)}'", "rm x"), ("g=$(rm x) > f", "rm x"),
        ("rm ~/x ~root/y $HOME/z", "rm /home/user/x /root/y /home/user/z"), ("echo $((1 + 2 * 3))", "echo 7"), ("a=x; a+=y; echo $a", "echo xy"),
    ],
)  # fmt: skip
def test_what_would_run_is_resolved(command: str, expected: str) -> None:
    assert expected in {invocation.shown() for invocation in evaluate(command).invocations}


def test_a_span_points_at_the_text_it_came_from() -> None:
    command = "ls; bash -c 'rm x' && pwd"
    rm = next(each for each in evaluate(command).invocations if each.program == "rm")
    assert command[rm.start : rm.end] == "rm x"


def test_a_subshell_forgets_and_a_group_remembers() -> None:
    assert last("a=1; (a=2); echo $a") == "echo 1"
    assert last("a=1; { a=2; }; echo $a") == "echo 2"


def test_cd_is_tracked() -> None:
    assert evaluate("cd /etc && rm x").invocations[-1].cwd == "/etc"
    assert evaluate("(cd /etc); rm x").invocations[-1].cwd == ""


def test_bounds_are_named() -> None:
    assert evaluate("$(" * 40 + "ls" + ")" * 40).limits
    assert evaluate("ls;" * 5000).limits
    assert evaluate("x" * 70000).limits == ["longer than 64 KiB"]


def test_streams_carry_where_they_come_from() -> None:
    assert "net" in evaluate("curl http://x | sh").invocations[-1].stdin_tags()
    assert "decoded" in evaluate("base64 -d x | sh").invocations[-1].stdin_tags()
    assert "file:y" in evaluate("cat y | nc h 1").invocations[-1].stdin_tags()


def test_a_copy_of_a_program_is_that_program() -> None:
    assert evaluate("cp /bin/rm ./z; ./z x").invocations[-1].program == "rm"
    assert evaluate("cp notes ./z; ./z x").invocations[-1].program == "z"


def test_a_listing_carries_the_folder_that_it_lists() -> None:
    assert "found:/" in evaluate("rm $(ls /)").invocations[-1].words[0].tags
    assert "some:." in evaluate("ls *.log | xargs rm").invocations[-1].words[0].tags


def test_an_assignment_with_a_redirection_needs_no_program() -> None:
    assert evaluate("g=$(ls) > x").unsound == []
    assert evaluate("g=$(ls) > ").unsound != []
