"""How models wrap a command: each maps a command to a whole answer. The list is a sample; the kinds are open."""

from __future__ import annotations

import json
from collections.abc import Callable

_PROSE = "This command does what was asked, and it prints the names of the files."

TEMPLATES = {
    "bare": "{}",
    "a fence": "```bash\n{}\n```",
    "a fence between prose": "Here is how:\n\n```sh\n{}\n```\n\n" + _PROSE,
    "a fence with a comment": "```bash\n# list the files\n{}\n```",
    "a fence in a list": "1. Run:\n   ```bash\n   {}\n   ```\n2. Done.",
    "a code span in prose": "You can use `{}` to do that.",
    "a code span in bold": "Run **`{}`** in your terminal.",
    "a code span behind a colon": "To do this, run: `{}`. It prints all the files.",
    "a label": "Command: {}",
    "a label in prose": "Sure, here's the command you need: {}",
    "a label in bold": "**Command:** `{}`",
    "a label above": "**Answer**\n\n{}",
    "bold": "**{}**",
    "a number": "1. {}",
    "a bullet": "- {}",
    "a line with the language": "bash\n{}",
    "an indented block": "You can do it so:\n\n    {}\n",
    "thoughts before it": "<think>Use `ls -l` or find? I should think.</think>\n{}",
    "thoughts whose beginning is lost": "ls -l would do\n</think>\n\n{}",
    "prose after it": "{}\n\n" + _PROSE,
    "prose before and after": "Certainly!\n\n{}\n\n" + _PROSE,
    "a heading": "### Command\n{}",
    "a prompt": "user@host:~$ {}",
    "a terminal session": "$ {}\nfile1\nfile2",
    "quotes": "“{}”",
    "a tag": "<answer>\n{}\n</answer>",
    "a bracketed tag": "[CODE]{}[/CODE]",
    "a table": "| Task | Command |\n|---|---|\n| list | `{}` |",
    "a trailing comment": "{}  # does what was asked",
    "a trailing remark": "{} — prints the files",
    "an end of turn": "{}<|im_end|>",
    "an arrow": "→ {}",
    "a notebook": "%%bash\n{}",
    "a step": "Step 1: {}",
}
WRAPPINGS: dict[str, Callable[[str], str]] = {
    **{name: template.format for name, template in TEMPLATES.items()},
    "JSON": lambda command: json.dumps({"explanation": "It lists.", "command": command}, indent=1),
    "a tool call": lambda command: json.dumps({"name": "bash", "arguments": {"cmd": command}}),
    "a call in Python": lambda command: f"import os\nos.system({json.dumps(command)})",
}

COMMANDS = [
    "ls", "pwd", "uptime", "ls -la", "find . -name '*.py' -type f", "grep -rn error src | sort | uniq -c",
    "tar -czf a.tar.gz src", "ps aux | grep nginx", "cat a.txt > b.txt", "sudo systemctl restart nginx",
    "awk -F, '{print $2}' data.csv", "echo $HOME", "chmod 600 ~/.ssh/id_rsa", "du -sh /srv/data", "mkdir -p a/b/c",
    'find /var/log -type f -name "*.log" -mtime +7 -exec gzip {} \\;', "sort -u names.txt", "wc -l < notes.txt",
    "df -h | awk 'NR>1 {print $5}'", "git log --oneline -5", "head -n 20 app.log", "sed -i 's/a/b/g' conf.ini",
    "for f in *.txt; do wc -l \"$f\"; done", "kill -9 1234", "curl -sO https://x.example/a.tgz",
    "chown -R me: /srv/www",
]  # fmt: skip

SENTENCES = """
The files were moved to another folder yesterday.
You can list the files of a folder in several ways.
I'm sorry, I can't help with that request.
Find and list all files that are larger than ten megabytes.
Sort is a program that puts lines in order.
Use a file manager to look at the folder, then sort it by size.
The find command searches a tree of folders for files.
Run the tests before you push the branch.
This option makes the program print the names of files.
There are two ways to do it, and both need root.
Make sure that the disk is mounted before you copy the data.
Please check the log for errors and tell me what you see.
Cut the video into pieces of ten minutes each.
Kill the process if it does not answer within a minute.
Set the variable to the name of your home folder.
To see what runs on the machine, look at the list of processes.
Type your password and press Enter.
It depends on the file system, as some of them keep no time of creation.
Replace the old disk with a new one as soon as possible.
Time is money, and tests take time.
The answer is yes, but it takes a while.
With a filter you can see who was logged in last week.
Split the work between two teams.
Read the manual first (it is long, but it helps).
Install the package and join the group to get access.
How do I count the lines of every file in a folder?
What does the option at the end of the line do?
A pipe hands the output of one program to the next.
Write a script that prints the ten largest files.
No command is needed here; the folder is empty.
""".strip().split("\n")
