"""The phase as a whole: sources to leak-free, verified rows, with every row accounted for.

Gates, each asserted: loaded = checked + rejected; checked = kept + deduplicated + excluded; the written files
hold the kept rows, and no pair of them leaks. Same inputs, same recipe, same code: the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool

from cli_tuner.chat.labels import label_row
from cli_tuner.errors import CliTunerError, DataError, LaunchError
from cli_tuner.files import locked
from cli_tuner.ports import Tokenizer
from cli_tuner.prepare import record
from cli_tuner.prepare.judge import Tools, forget_oldest
from cli_tuner.prepare.run import Outcome, Places, Run
from cli_tuner.prepare.settings import Settings
from cli_tuner.prepare.sources import HubOpener, OpenSource, open_sources
from cli_tuner.prepare.tokenised import TokenParity
from cli_tuner.prepare.workers import Crew, Progress, ShardRunner, run_shards
from cli_tuner.prepare.write import DATA_FILES
from cli_tuner.shell.lint import shellcheck_path, shellcheck_version


def prepare(
    settings: Settings,
    places: Places,
    tokenizer: Tokenizer,
    *,
    hub: HubOpener | None = None,
    workers: int = 1,
    progress: Progress = lambda step, rows: None,
    force: bool = False,
    shards: ShardRunner = run_shards,
    parity: TokenParity | None = None,
) -> Outcome:
    """Run the phase, or find that its outputs are current.

    Args:
        settings: The recipe.
        places: Where to write.
        tokenizer: Renders and counts.
        hub: Opens hub data sets.
        workers: Worker processes of this machine.
        progress: Told what is done.
        force: Run even if nothing changed.
        shards: Runs what looks at one row alone, here or elsewhere.
        parity: Compares the tokens of written rows with those of the class that training and inference load.

    Raises:
        DataError: A source is missing, empty or doubtful; no row is left; a split leaks.
        TemplateError: The chat template does not show what is trained.
        PrerequisiteError: shellcheck is missing.
    """
    if not settings.documents:
        label_row(tokenizer, "Show the date", "date")
    shellcheck = _shellcheck(settings)
    sources = open_sources(settings, hub, (places.out, places.logs))
    _spare_sources(sources, places)
    plan = record.plan(settings, [source.facts() for source in sources], tokenizer, shellcheck)
    if not force and (current := record.current(places.out, places.logs, plan)):
        return Outcome(True, current)
    with locked(places.out, "another `prepare` is writing here", "wait for it, or choose --out"):
        tools = Tools(settings, tokenizer, shellcheck, places.cache.absolute(), record.judgement_salt(plan))
        try:
            with Crew(workers) as crew:
                outcome = Run(settings, places, tools, plan, crew, progress, parity).go(sources, shards)
            forget_oldest(places.cache)
            return outcome
        except OSError as error:
            raise CliTunerError(
                f"{error.filename or places.out}: {error.strerror or error}",
                hint="earlier outputs are as they were; free some space, then run the same command again",
            ) from error
        except BrokenProcessPool as error:
            raise LaunchError(
                "a worker process died, as the system does it when memory runs out",
                hint="run the same command again with fewer --workers; it continues where it stopped",
            ) from error


def _spare_sources(sources: Sequence[OpenSource], places: Places) -> None:
    written = {(places.out / name).resolve() for name in DATA_FILES} | {
        (places.logs / name).resolve() for name in record.LOG_FILES
    }
    for file in (file for source in sources for file in source.files()):
        if file.resolve() in written:
            raise DataError(f"{file} would be written over by its own output", hint="choose another folder with --out")


def _shellcheck(settings: Settings) -> tuple[str, str] | None:
    if "lint" in settings.filters.off:
        return None
    binary = shellcheck_path()
    return binary, shellcheck_version(binary)
