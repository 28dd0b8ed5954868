"""The tree of a row holds what its references name, so that what they do can be seen."""

from __future__ import annotations

from itertools import pairwise

import pytest

from cli_tuner.evaluate.row_tree import document, tree_for


@pytest.mark.parametrize(
    ("reference", "there"),
    [
        ("sort build/events.json | uniq -c", {"build", "build/events.json"}),
        ("find /mnt/backup -name users.json", {"/mnt", "/mnt/backup", "/mnt/backup/users.json"}),
        ("find src2 -name '*.jpg'", {"src2/sample.jpg"}),
        ("tar -czf out.tgz reports", {"reports/first.txt"}),
        ("sort a.txt > scripts/gamma", {"a.txt", "scripts"}),
        ("cp -a lectures /mnt/archive/", {"lectures/first.txt", "/mnt/archive"}),
        ("wc -l < ~/list.txt", {"list.txt"}),
        ("ls /home/anna", {"/home/anna/first.txt"}),
        ("zcat old.log.gz", {"old.log.gz"}),
        ("grep -c needle haystack", {"haystack"}),
        ("grep -rn TODO project", {"project/first.txt"}),
    ],
)
def test_what_a_reference_reads_is_there(reference: str, there: set[str]) -> None:
    assert there <= set(tree_for((reference,)))


@pytest.mark.parametrize(
    ("reference", "missing"),
    [
        ("mkdir beta", "beta"),
        ("mkdir beta && mkdir beta/inner", "beta"),
        ("touch new.txt", "new.txt"),
        ("sort a.txt > b.txt", "b.txt"),
        ("tar -czf out.tgz reports", "out.tgz"),
        ("cat /etc/shadow.conf", "/etc/shadow.conf"),
        ("cat ../up.txt", "../up.txt"),
        ("grep -m 5 x f.txt", "5"),
        ("grep needle f.txt", "needle"),
    ],
)
def test_what_a_reference_makes_or_may_not_touch_is_not(reference: str, missing: str) -> None:
    assert missing not in tree_for((reference,))


def test_folders_come_before_what_is_in_them_and_a_file_is_never_a_folder() -> None:
    tree = tree_for(("diff /srv/a/one.txt /srv/a/b/two.txt; cat one.txt/two.txt; cat one.txt",))
    names = list(tree)
    for name in names:
        above = name.rpartition("/")[0]
        assert not above or (tree[above].content is None and names.index(above) < names.index(name))


def test_first_lines_are_not_last_lines_and_what_is_searched_is_found() -> None:
    lines = document(3, ["needle"]).decode().splitlines()
    assert lines[:20] != lines[-20:] and len(lines) > 60
    assert 5 < sum("needle" in line for line in lines) < 60
    assert any(one == other for one, other in pairwise(lines))
    assert any("," in line for line in lines) and any("," not in line for line in lines)


def test_the_same_references_give_the_same_bytes() -> None:
    tree_for.cache_clear()
    first = dict(tree_for(("cat a.gz b.txt",)))
    tree_for.cache_clear()
    assert dict(tree_for(("cat a.gz b.txt",))) == first


@pytest.mark.parametrize("folder", ["/system", "/library", "/devel", "/runner", "/bootstrap", "/temporary"])
def test_a_folder_whose_name_begins_like_a_closed_one_is_planted(folder: str) -> None:
    assert any(name.startswith(f"{folder}/folder1/") for name in tree_for((f"find {folder}/folder1 -name '*.txt'",)))


@pytest.mark.parametrize("path", ["/usr/share", "/etc/hosts", "/sys", "/dev/null"])
def test_what_belongs_to_the_machine_is_not_planted(path: str) -> None:
    assert not any(name == path or name.startswith(f"{path}/") for name in tree_for((f"cat {path}",)))
