"""Many real trainings from one import of Axolotl: each in a process of its own, forked after the import.

Importing Axolotl takes longer than a tiny training. The trainings are the real thing, with our plugin, without our
supervisor; several processes find each other as torchrun's do. Read from stdin, a JSON object a line: `config` (a
path), `env`, `log`, `processes`. Written to stdout: the exit statuses, as a JSON list a line.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import Any

QUIET = {
    "HF_HUB_OFFLINE": "1", "AXOLOTL_DO_NOT_TRACK": "1", "WANDB_MODE": "disabled", "ACCELERATE_USE_CPU": "true",
    "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false",
}  # fmt: skip


def one(job: dict[str, Any], env: dict[str, str]) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.environ.update(env)
        log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        from axolotl.cli.train import do_cli

        do_cli(config=job["config"])
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")  # what libraries print must not mix with the answers
    os.dup2(2, 1)
    os.environ.update(QUIET)
    import axolotl.cli.train
    import axolotl.train  # noqa: F401

    for line in sys.stdin:
        job = json.loads(line)
        n, port = int(job.get("processes", 1)), free_port()
        children = []
        for rank in range(n):
            world = {
                "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(n), "LOCAL_WORLD_SIZE": str(n),
                "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
            }  # fmt: skip
            children.append(one(job, {**job.get("env", {}), **(world if n > 1 else {})}))
        statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(json.dumps(statuses), file=answers, flush=True)


if __name__ == "__main__":
    main()
