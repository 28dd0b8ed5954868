"""Ways to get a config wrong: each is refused with file, line and dotted path, and all at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_tuner.config.axolotl import known_keys, misfits
from cli_tuner.config.bounds import INSIDE, NUMBERS, WORDS
from cli_tuner.config.check import check
from cli_tuner.config.load import load, read
from cli_tuner.errors import ConfigError

GOOD = Path("configs/smoke.yaml").resolve()

# What is wrong -> (YAML, what the error must say; every part)
WRONG: dict[str, tuple[str, list[str]]] = {
    "a misspelled key": ("wandb_run_name: x\n", ["bad.yaml:1", "wandb_run_name", "did you mean wandb_name?"]),
    "a near key": ("lora_rr: 8\n", ["bad.yaml:1", "lora_rr", "did you mean lora_r?"]),
    "a key of a data set": (
        "datasets:\n  - path: a.jsonl\n    field_mesages: m\n",
        ["bad.yaml:3", "datasets[0].field_mesages", "did you mean field_messages?"],
    ),
    "a key two levels down": (
        "peft:\n  loftq_config:\n    loftq_bit: 4\n",
        ["bad.yaml:3", "peft.loftq_config.loftq_bit", "did you mean loftq_bits?"],
    ),
    "a key of a special token": ("special_tokens:\n  pad_tokn: x\n", ["bad.yaml:2", "special_tokens.pad_tokn"]),
    "a key of our section": ("cli_tuner:\n  phse: x\n", ["bad.yaml:2", "cli_tuner.phse", "did you mean phase?"]),
    "a key deep in our section": (
        "cli_tuner:\n  validate:\n    gates:\n      max_dangerous: 0\n",
        ["bad.yaml:4", "cli_tuner.validate.gates.max_dangerous"],
    ),
    "text for a number": ("lora_r: eight\n", ["bad.yaml:1", "lora_r", "a whole number"]),
    "a fraction for a whole number": ("max_steps: 1.5\n", ["bad.yaml:1", "max_steps", "a whole number"]),
    "a number for text": ("base_model: 7\n", ["bad.yaml:1", "base_model", "text"]),
    "a word for a switch": ("load_in_4bit: maybe\n", ["bad.yaml:1", "load_in_4bit", "true or false"]),
    "a mapping for a list": ("datasets:\n  path: a.jsonl\n", ["bad.yaml:1", "datasets", "a list"]),
    "an entry that is not a mapping": ("datasets: [a.jsonl]\n", ["bad.yaml:1", "datasets[0]"]),
    "a misspelled optimiser": ("optimizer: adamw_8bits\n", ["bad.yaml:1", "optimizer", "did you mean adamw_8bit?"]),
    "a misspelled scheduler": ("lr_scheduler: cosin\n", ["bad.yaml:1", "lr_scheduler", "did you mean cosine?"]),
    "a value out of range": (
        "cli_tuner: {validate: {gates: {max_dangerous_rate: 2}}}\n",
        ["bad.yaml:1", "max_dangerous_rate", "less than or equal to 1"],
    ),
    "a key twice": ("seed: 1\nseed: 2\n", ["bad.yaml:2", "seed is written twice", "line 1"]),
    "a key that is not text": ("1: x\n", ["bad.yaml:1", "not text"]),
    "a tag that builds an object": ("seed: !!python/name:os.system x\n", ["bad.yaml:1", "seed"]),
    "a secret written out": ("comet_api_key: abcdef\n", ["bad.yaml:1", "comet_api_key", "${COMET_API_KEY}"]),
    "the environment where no secret is": ("output_dir: ${HOME}/x\n", ["bad.yaml:1", "output_dir", "only secrets"]),
    "the environment by another dialect": ("wandb_name: '${env:USER}'\n", ["bad.yaml:1", "only secrets"]),
    "a token where no secret is": (
        "wandb_entity: hf_abcdefghijklmnopqrstuvwxyz\n", ["bad.yaml:1", "wandb_entity: a secret"],
    ),
    "brackets without end": ("plugins: " + "[" * 60_000 + "\n", ["bad.yaml", "nested too deeply"]),
    "a tab": ("a:\n\tb: 1\n", ["bad.yaml:2", "not valid YAML"]),
    "a bracket that stays open": ("datasets: [a\n", ["bad.yaml", "not valid YAML"]),
    "a list at the top": ("- a\n", ["bad.yaml", "YAML mapping"]),
    "an empty file": ("", ["bad.yaml", "YAML mapping"]),
    "a key in capitals": ("LORA_R: 8\n", ["bad.yaml:1", "LORA_R", "did you mean lora_r?"]),
    "a key with dashes": ("learning-rate: 0.1\n", ["bad.yaml:1", "did you mean learning_rate?"]),
    "a key in camelCase": ("maxSteps: 3\n", ["bad.yaml:1", "did you mean max_steps?"]),
    "a key of transformers": ("max_seq_len: 512\n", ["bad.yaml:1", "did you mean sequence_len?"]),
    "a key of PEFT": ("use_dora: true\n", ["bad.yaml:1", "did you mean peft_use_dora?"]),
    "a misspelled extends": ("extnds: full.yaml\n", ["bad.yaml:1", "did you mean extends?"]),
    "a key of the supervision": (
        "cli_tuner: {supervision: {stall_factr: 3}}\n", ["bad.yaml:1", "did you mean stall_factor?"],
    ),
    "a key of the quantisation": (
        "bnb_config_kwargs: {bnb_4bit_use_double_quants: false}\n",
        ["bad.yaml:1", "bnb_config_kwargs.bnb_4bit_use_double_quants", "did you mean bnb_4bit_use_double_quant?"],
    ),
    "yes for a number": ("max_steps: yes\n", ["bad.yaml:1", "max_steps", "a whole number"]),
    "true for a rate": ("learning_rate: true\n", ["bad.yaml:1", "learning_rate"]),
    "a word for a rate": ("learning_rate: fast\n", ["bad.yaml:1", "learning_rate", "not a number"]),
    "a comma in a rate": ("learning_rate: 0,0002\n", ["bad.yaml:1", "learning_rate", "not a number"]),
    "a rate of 20000": ("learning_rate: 2e4\n", ["bad.yaml:1", "learning_rate", "above 0 and at most 1"]),
    "a rate that is not a number": ("learning_rate: .nan\n", ["bad.yaml:1", "learning_rate"]),
    "no rank": ("lora_r: 0\n", ["bad.yaml:1", "lora_r", "1 or more"]),
    "a dropout of all": ("lora_dropout: 1.0\n", ["bad.yaml:1", "lora_dropout", "below 1"]),
    "a negative batch": ("micro_batch_size: -1\n", ["bad.yaml:1", "micro_batch_size"]),
    "no steps": ("max_steps: 0\n", ["bad.yaml:1", "max_steps"]),
    "one and a half steps between saves": ("save_steps: 1.5\n", ["bad.yaml:1", "save_steps"]),
    "a seed that no generator takes": ("seed: -1\n", ["bad.yaml:1", "seed"]),
    "an octal number": ("max_steps: 0500\n", ["bad.yaml:1", "max_steps", "octal"]),
    "a number in base 60": ("max_steps: 8:20\n", ["bad.yaml:1", "max_steps", "base 60"]),
    "a date": ("seed: 2024-01-01\nwandb_name: 2024-01-01\n", ["bad.yaml:1", "bad.yaml:2", "wandb_name"]),
    "a mode of W&B": ("wandb_mode: offlin\n", ["bad.yaml:1", "did you mean offline?"]),
    "an attention": ("attn_implementation: spda\n", ["bad.yaml:1", "attn_implementation", "did you mean sdpa?"]),
    "a template": ("chat_template: qwen25\n", ["bad.yaml:1", "chat_template", "did you mean qwen_25?"]),
    "a type of rows": ("datasets: [{path: a, type: chat_templat}]\n", ["datasets[0].type", "chat_template?"]),
    "a type of files": ("datasets: [{path: a, ds_type: jsonl}]\n", ["datasets[0].ds_type", "json"]),
    "rows without a path": ("datasets: [{type: alpaca}]\n", ["bad.yaml:1", "datasets[0]", "no path"]),
    "no roles": ("datasets: [{path: a, roles_to_train: []}]\n", ["roles_to_train", "no token"]),
    "an anchor inside itself": (
        "gradient_checkpointing_kwargs: &a\n  use_reentrant: *a\n", ["bad.yaml:1", "contains itself"],
    ),
    "two documents": ("seed: 1\n---\nseed: 2\n", ["bad.yaml:2", "document"]),
    "a file of megabytes": ("# x\n" * 100_000, ["bad.yaml", "larger than"]),
    "anchors that multiply": (
        "a0: &a0 [x, x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 20)),
        ["bad.yaml", "more than 20000 values"],
    ),
    "an overlay of a folder": ("extends: .\n", ["bad.yaml:1", "is a folder"]),
    "an overlay of a misspelled file": ("extends: bda.yaml\n", ["bad.yaml:1", "did you mean bad.yaml?"]),
    "a circle of overlays": ("extends: bad.yaml\n", ["circle"]),
    "an overlay of nothing": ("extends: gone.yaml\n", ["gone.yaml", "no such config"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_yaml_is_refused_with_its_place(kind: str, tmp_path: Path) -> None:
    text, parts = WRONG[kind]
    (tmp_path / "bad.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "bad.yaml")
    assert [part for part in parts if part not in caught.value.message] == []


def test_all_faults_are_told_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    parts = [text for text, _ in (WRONG[kind] for kind in ("a misspelled key", "text for a number", "a key twice"))]
    text = f"extends: {GOOD}\n" + "".join(parts) + "comet_api_key: abc\ncli_tuner: {fase: x}\n"
    (tmp_path / "bad.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "bad.yaml", ["lora_rr=1", "datasets[7].path=x", "nonsense"])
    lines = caught.value.message.splitlines()
    assert [line.split(":")[1].strip() for line in lines[:5]] == ["2", "3", "5", "6", "7"]
    assert sorted(line.split(":")[0] for line in lines[5:]) == ["--set", "--set datasets[7].path=x", "--set nonsense"]


def test_a_wrong_name_does_not_hide_what_contradicts_itself(tmp_path: Path) -> None:
    text = f"extends: {GOOD}\nlora_rr: 3\nadapter: lora\nmax_steps: 1\nwarmup_steps: many\ncli_tuner: {{phse: x}}\n"
    (tmp_path / "bad.yaml").write_text(text, encoding="utf-8")
    report = check(tmp_path / "bad.yaml", ["lora_x=1"])
    assert [fault.path for fault in report.faults] == [
        "lora_rr", "warmup_steps", "cli_tuner.phse", "lora_x",
    ]  # fmt: skip
    assert [remark.id for remark in report.errors] == ["4bit-without-qlora"]  # and nothing of warmup_steps


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("learning_rate: 2e-4\n", "learning_rate", 2e-4),  # text to YAML 1.1
        ("learning_rate: '1e-4'\n", "learning_rate", 1e-4),
        ("load_in_4bit: 'false'\n", "load_in_4bit", False),
        ("bf16: 1\n", "bf16", True),
        ("bf16: auto\n", "bf16", "auto"),
        ("max_steps: '500'\n", "max_steps", 500),
        ("max_steps: 5_000\n", "max_steps", 5000),
        ("lora_r: 8.0\n", "lora_r", 8),
        ("wandb_log_model: 'false'\n", "wandb_log_model", "false"),
        ("\ufeffseed: 7\r\n", "seed", 7),
    ],
)
def test_a_value_is_what_axolotl_will_make_of_it(text: str, key: str, value: object, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_bytes(text.encode())
    found = load(tmp_path / "good.yaml").axolotl[key]
    assert (found, type(found)) == (value, type(value))


def test_an_alias_of_a_mapping_that_merges_another_is_not_written_twice(tmp_path: Path) -> None:
    text = "datasets:\n  - &a {path: a.jsonl, type: alpaca}\n  - &b {<<: *a, path: b.jsonl}\ntest_datasets: [*b]\n"
    (tmp_path / "good.yaml").write_text(text, encoding="utf-8")
    assert load(tmp_path / "good.yaml").axolotl["test_datasets"] == [{"path": "b.jsonl", "type": "alpaca"}]


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("cli_tuner={phase: a, phase: b}", "cli_tuner.phase is written twice"),
        ("deepspeed=" + "[" * 3000, "nested too deeply"),
        ("deepspeed=[", "not valid YAML"),
        ("wandb_name=!!python/object/apply:os.system [id]", "wandb_name"),
        ("max_steps=0100", "octal"),
        ("lora_r=0", "lora_r: 0 is not 1 or more"),
    ],
)
def test_a_wrong_flag_is_told_by_its_name(flag: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(GOOD, [flag])
    assert caught.value.message.startswith("--set") and said in caught.value.message


def test_every_bound_is_of_a_key_that_axolotl_knows() -> None:
    schema = known_keys()
    assert {*NUMBERS, *WORDS, *INSIDE} <= set(schema["models"][schema["root"]])


def test_a_fault_in_the_base_is_told_with_the_file_of_the_base(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("sed: 1\n", encoding="utf-8")
    (tmp_path / "over.yaml").write_text("extends: base.yaml\nlora_r: 4\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"base\.yaml:1: sed"):
        load(tmp_path / "over.yaml")


NAMES = st.from_regex(r"[a-z][a-z_]{2,20}", fullmatch=True)


def _key_at_any_depth() -> st.SearchStrategy[dict[str, object]]:
    """Put a key that nobody knows somewhere below a key whose keys are all known."""
    schema = known_keys()

    def below(model: str, name: str, depth: int) -> st.SearchStrategy[dict[str, object]]:
        here = st.just({name: 1})
        inner = [
            (key, kind["model"], in_list)
            for key, kinds in schema["models"][model].items()
            for kind, in_list in _models(kinds)
            if not {"dict", "any"} & {one for one in kinds if isinstance(one, str)}
        ]
        if depth == 0 or not inner:
            return here
        deeper = st.sampled_from(inner).flatmap(
            lambda found: below(found[1], name, depth - 1).map(lambda value: {found[0]: [value] if found[2] else value})
        )
        return here | deeper

    def _models(kinds: list[object]) -> list[tuple[dict[str, str], bool]]:
        plain = [(kind, False) for kind in kinds if isinstance(kind, dict) and "model" in kind]
        listed = [kind["list"] for kind in kinds if isinstance(kind, dict) and "list" in kind]
        return plain + [(kind, True) for one in listed for kind in one if isinstance(kind, dict) and "model" in kind]

    every = {key for model in schema["models"].values() for key in model}
    names = st.from_regex(r"[a-z][a-z_]{2,20}", fullmatch=True).filter(
        lambda one: one not in every and one != "cli_tuner"
    )
    return names.flatmap(lambda name: below(schema["root"], name, 3))


@pytest.mark.law
@settings(max_examples=300, deadline=None)
@given(values=_key_at_any_depth())
def test_no_unknown_key_at_any_depth_is_accepted(values: dict[str, object]) -> None:
    assert {one.rule for one in misfits(values)} >= {"unknown-key"}


@settings(max_examples=100, deadline=None)
@given(
    name=st.from_regex(r"[a-z][a-z_]{2,20}", fullmatch=True), path=st.sampled_from(["", "validate", "validate.gates"])
)
def test_no_unknown_key_of_our_section_is_accepted(name: str, path: str) -> None:
    from pydantic import ValidationError

    from cli_tuner.config.sections import Section, section_keys

    if name in section_keys():
        return
    raw: dict[str, object] = {name: 1}
    for part in reversed(path.split(".") if path else []):
        raw = {part: raw}
    with pytest.raises(ValidationError):
        Section.model_validate(raw)


def test_a_run_id_that_no_record_may_hold_is_refused_before_anything_is_trained() -> None:
    from cli_tuner.config.sections import Section

    for wrong in ("two words", "../up", "", ".hidden", "a/b"):
        with pytest.raises(ValueError, match="run_id"):
            Section(run_id=wrong)
    assert Section(run_id="20260101-000000-smoke-0a1b").run_id


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("seed: 1\nseed: 1\n", False),
        ("fsdp: []\nfsdp: []\n", False),
        ("wandb_name:\nwandb_name: mine\n", False),
        ("wandb_name: ~\nwandb_name: null\n", False),
        ("tf32: False\ntf32:\n", False),
        ("tf32: false\ntf32: False\n", False),
        ("tf32: true\ntf32:\n", True),
        ("seed: 1\nseed: 2\n", True),
        ("wandb_name: mine\nwandb_name:\n", True),
        ("datasets:\n  - {path: a, type: alpaca, path: b}\n", True),
    ],
)
def test_a_key_that_is_written_twice_is_refused_only_where_something_is_lost(
    text: str, lost: bool, tmp_path: Path
) -> None:
    (tmp_path / "twice.yaml").write_text(text, encoding="utf-8")
    draft = read(tmp_path / "twice.yaml")
    refused = [one for one in draft.faults if one.rule == "written-twice"]
    assert bool(refused) is lost and all(one.policy for one in refused)
    assert [one.rule for one in draft.notes if "written twice" in one.message] == ([] if lost else ["said-twice"])
    if lost:
        allow = f"cli_tuner: {{allow: ['written-twice:{refused[0].path}']}}\n"
        (tmp_path / "twice.yaml").write_text(text + allow, encoding="utf-8")
        assert not any(one.rule == "written-twice" for one in read(tmp_path / "twice.yaml").faults)


@pytest.mark.parametrize(("written", "value"), [("07", 7), ("00", 0), ("-03", -3)])
def test_a_number_that_is_the_same_in_base_8_and_10_is_that_number(written: str, value: int, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(f"seed: {written}\n", encoding="utf-8")
    assert read(tmp_path / "good.yaml").raw["seed"] == value
