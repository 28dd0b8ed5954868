"""The traps of Axolotl that a config can trigger: raw Axolotl falls into each, ours refuses, corrects or reports it.

A trap that the installed version has closed is looked at too: raw Axolotl does not fall into it any more. Numbers are
those of docs/config.md. Not here: 6 to 9 and 11, which are about running, saving and merging, and 10 (`axolotl
evaluate` on the untrained base), which no config triggers: we never call it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.backends.tiny_base import ensure
from cli_tuner.config.axolotl import known_keys
from cli_tuner.config.check import judge
from cli_tuner.config.load import Config, load
from cli_tuner.config.targets import find_target
from cli_tuner.errors import ConfigError

SMOKE = Path("configs/smoke.yaml")
CPU = {"bf16": False, "fp8": False, "tf32": False, "n_gpu": 1, "compute_capability": None}
TARGET = {"t": "rtx-4090"}

# trap -> (what the config says, how ours answers: an error in loading, or the id of a rule)
OURS: dict[str, tuple[list[str], str]] = {
    "1 four bits without qlora": (["adapter=lora"], "4bit-without-qlora"),
    "2 no seed": (["seed=null"], "seed-missing"),
    "2 no plugin that seeds": (["plugins=[]"], "plugin-missing"),
    "3 unknown key": (["wandb_run_name=x"], "did you mean wandb_name?"),
    "3 unknown key, strict": (["strict=true", "lora_rr=8"], "did you mean lora_r?"),
    "3 unknown key of a data set": (["datasets[0].fild_messages=m"], "did you mean field_messages?"),
    "4 completion": (["datasets[0].type=completion"], "completion-trains-the-prompt"),
    "12 bf16 without it": (["bf16=true"], "bf16-on-old-gpu"),
    "12 optimiser": (["optimizer=adamw_8bits"], "did you mean adamw_8bit?"),
    "12 W&B key": (["wandb_mode=online"], "wandb-online-without-key"),
    "13 max_steps and epochs": (["num_epochs=3"], "max-steps-beat-epochs"),
    "13 save_total_limit": (["save_total_limit=null"], "save-total-limit-hidden"),
    "13 warm-up of one": (["warmup_steps=1"], "warmup-of-one"),
    "14 push at every save": (["hub_model_id=a/b"], "hub-push-at-every-save"),
    "14 upload of checkpoints": (["wandb_log_model=checkpoint"], "wandb-uploads-checkpoints"),
    "16 trackio": (["use_trackio=true"], "trackio-broken"),
}


@pytest.mark.parametrize("trap", OURS)
def test_ours_refuses_or_reports_the_trap(trap: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("WANDB_API_KEY", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    overrides, answer = OURS[trap]
    if answer in known_keys()["closed"]:
        assert answer not in [remark.id for remark in judge(load(SMOKE, overrides), find_target("cpu")).remarks]
        return
    try:
        remarks = judge(load(SMOKE, overrides), find_target("cpu")).remarks
    except ConfigError as error:
        assert answer in error.message
        return
    assert answer in [remark.id for remark in remarks]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("traps")
    ensure(folder / "base", Path("data/samples"))
    _write_rows(folder / "rows.jsonl", "ls -l")
    return folder


def _write_rows(path: Path, command: str) -> None:
    messages = [{"role": "user", "content": "List the files"}, {"role": "assistant", "content": command}]
    row = {"messages": messages, "text": f"List the files: {command}"}
    path.write_text((json.dumps(row) + "\n") * 4, encoding="utf-8")


def recipe(folder: Path, *overrides: str) -> Config:
    paths = [f"datasets[0].path={folder}/rows.jsonl", f"test_datasets[0].path={folder}/rows.jsonl"]
    more = [f"base_model={folder}/base", f"output_dir={folder}/out", f"dataset_prepared_path={folder}/prepared"]
    return load(SMOKE, [*paths, *more, *overrides])


def raw(config: Config, *, plugin: bool = False, **changes: Any) -> Any:
    """Validate as Axolotl alone does: without our loader and, unless asked for, without our plugin."""
    from axolotl.cli.config import prepare_plugins
    from axolotl.integrations.base import PluginManager
    from axolotl.utils.config import normalize_config, validate_config
    from axolotl.utils.dict import DictDefault

    values = DictDefault({**config.axolotl, **changes})
    PluginManager.get_instance().plugins.clear()  # one for the process: an earlier test may have registered ours
    if not plugin:
        values["plugins"] = None
    prepare_plugins(values)
    cfg = validate_config(values, capabilities=CPU, env_capabilities={"torch_version": "2.13.0"})
    normalize_config(cfg)
    return cfg


def loaded(cfg: Any) -> tuple[Any, Any]:
    from axolotl.loaders import ModelLoader, load_tokenizer

    tokenizer = load_tokenizer(cfg)
    model, _ = ModelLoader(cfg, tokenizer).load()
    return model, tokenizer


def layers(model: Any) -> Counter[str]:
    return Counter(type(module).__name__ for module in model.modules())


def tokenised(cfg: Any) -> Any:
    from axolotl.common.datasets import load_datasets

    return load_datasets(cfg=cfg).train_dataset


@pytest.mark.slow
def test_trap_1_raw_axolotl_quantises_nothing_with_lora_and_says_nothing(workspace: Path) -> None:
    plain, _ = loaded(raw(recipe(workspace, "adapter=lora")))
    real, _ = loaded(raw(recipe(workspace)))
    assert layers(plain)["Linear4bit"] == 0 < layers(real)["Linear4bit"]


@pytest.mark.slow
def test_trap_2_raw_axolotl_draws_another_adapter_each_time_and_our_plugin_the_same(workspace: Path) -> None:
    from cli_tuner.backends.training_record import weights_digest

    cfg = raw(recipe(workspace))
    again = weights_digest(loaded(cfg)[0]) == weights_digest(loaded(cfg)[0])
    assert again == ("adapter-unseeded" in known_keys()["closed"])
    section = recipe(workspace).complete()["cli_tuner"]
    seeded = raw(recipe(workspace), plugin=True, cli_tuner=section)
    assert weights_digest(loaded(seeded)[0]) == weights_digest(loaded(seeded)[0])


@pytest.mark.slow
def test_trap_3_raw_axolotl_drops_unknown_keys_also_when_strict(workspace: Path) -> None:
    config = recipe(workspace)
    entry = {**config.axolotl["datasets"][0], "fild_messages": "m"}
    cfg = raw(config, strict=True, wandb_run_name="x", lora_rr=8, datasets=[entry])
    assert not {"wandb_run_name", "lora_rr"} & set(cfg) and "fild_messages" not in cfg.datasets[0]


@pytest.mark.slow
def test_trap_4_raw_completion_trains_the_prompt_and_chat_template_only_the_answer(workspace: Path) -> None:
    config = recipe(workspace)
    whole = {"path": str(workspace / "rows.jsonl"), "ds_type": "json", "type": "completion", "field": "text"}
    row = tokenised(raw(config, datasets=[whole], dataset_prepared_path=str(workspace / "p4a")))[0]
    assert all(label != -100 for label in row["labels"])
    chat = tokenised(raw(config, dataset_prepared_path=str(workspace / "p4b")))[0]
    assert 0 < sum(label != -100 for label in chat["labels"]) < len(chat["labels"]) / 2


@pytest.mark.slow
def test_trap_5_raw_axolotl_uses_old_tokens_after_the_rows_changed_and_our_plan_another_folder(workspace: Path) -> None:
    from cli_tuner.runs.layout import RunDir
    from cli_tuner.train.inputs import check_rows
    from cli_tuner.train.launcher import Launcher
    from cli_tuner.train.plan import make_plan

    def folder() -> str:
        config = recipe(workspace)
        run = RunDir(workspace / "run")
        plan = make_plan(
            config, run, launcher=Launcher(), data_digest=check_rows(config), has_gpu=False, wandb_mode="disabled"
        )
        return str(plan.axolotl["dataset_prepared_path"])

    cfg = raw(recipe(workspace), dataset_prepared_path=str(workspace / "p5"))
    before, ours_before = [list(row["input_ids"]) for row in tokenised(cfg)], folder()
    try:
        _write_rows(workspace / "rows.jsonl", "find . -name '*.py'")
        assert [list(row["input_ids"]) for row in tokenised(cfg)] == before
        assert folder() != ours_before
    finally:
        _write_rows(workspace / "rows.jsonl", "ls -l")


@pytest.mark.slow
def test_trap_12_raw_axolotl_accepts_bf16_without_it_and_a_misspelled_optimiser(workspace: Path) -> None:
    cfg = raw(recipe(workspace), bf16=True, optimizer="adamw_8bits", wandb_mode="online")
    assert (cfg.bf16, cfg.optimizer, cfg.wandb_mode) == (True, "adamw_8bits", "online")


@pytest.mark.slow
def test_trap_13_raw_axolotl_uses_other_values_than_written_without_a_word(workspace: Path) -> None:
    from axolotl.core.builders import HFCausalTrainerBuilder

    cfg = raw(recipe(workspace), num_epochs=3, save_total_limit=None, warmup_steps=1, wandb_project=None)
    model, tokenizer = loaded(cfg)
    builder = HFCausalTrainerBuilder(cfg, model, tokenizer)
    builder.train_dataset = builder.eval_dataset = tokenised(cfg)
    arguments = builder.build(total_num_steps=10).args
    assert (arguments.max_steps, arguments.save_total_limit, arguments.warmup_steps) == (10, 4, 2)
    assert (arguments.eval_on_start, arguments.load_best_model_at_end) == (True, False)


@pytest.mark.slow
def test_trap_15_accelerate_on_a_cpu_runs_one_process_where_two_are_asked_for(tmp_path: Path) -> None:
    from cli_tuner.train.launcher import Launcher

    script = tmp_path / "size.py"
    script.write_text("import os\nprint('SIZE', os.environ.get('WORLD_SIZE', '1'))\n", encoding="utf-8")
    launch = [sys.executable, "-m", "accelerate.commands.accelerate_cli", "launch", "--cpu", "--num_processes", "2"]
    done = subprocess.run([*launch, str(script)], capture_output=True, text=True, timeout=120)
    assert done.stdout.count("SIZE 1") == 1
    with pytest.raises(ConfigError, match="one process on a CPU"):
        Launcher(extra=("--num_processes", "2")).check(has_gpu=False)


@pytest.mark.slow
def test_trap_16_transformers_calls_trackio_with_an_argument_that_axolotls_pin_of_it_does_not_have() -> None:
    import inspect

    from transformers.integrations.integration_utils import TrackioCallback

    trackio = pytest.importorskip("trackio")
    passes = "bucket_id=" in inspect.getsource(TrackioCallback.setup)
    broken = passes and "bucket_id" not in inspect.signature(trackio.init).parameters
    assert broken == ("trackio-broken" not in known_keys()["closed"])
