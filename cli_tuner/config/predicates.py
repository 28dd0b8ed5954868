# ruff: noqa: D103  (the rule that names a predicate says what it means)
"""The conditions of the contradictions: small pure functions of one `Case`; each is put in words by its rule.

A predicate never raises on a config whose names and kinds were checked before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cli_tuner.config.axolotl import known_keys, plugin_name
from cli_tuner.config.sections import Section
from cli_tuner.config.targets import Target

PLUGIN = "cli_tuner.backends.axolotl_plugin.CliTunerPlugin"
ADAPTERS = ("lora", "qlora")
KERNELS = ("lora_qkv_kernel", "lora_o_kernel", "lora_mlp_kernel")
LEGACY_ATTENTION = (
    "flash_attention", "sdp_attention", "eager_attention", "flex_attention", "xformers_attention", "sage_attention",
)  # fmt: skip
_ISOLATING = ("sdpa", "eager", "flex_attention", "xformers", "sage")


class Unreadable(Exception):
    """A rule looked at a value of the wrong kind: it is not judged."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged.

    Attributes:
        values: The Axolotl keys.
        section: Our section.
        target: The machine that is meant; None when none was named.
        output_record: `provenance.json` of what lies in `output_dir`; empty when nothing does.
        base_config: `config.json` of a base model that is a folder here; empty when it is not.
        known_base: What the table of well-known models says of the base; empty when it is in no row.
        paths: What is found under the path that a key names: `file`, `folder` or `nothing`; only such keys.
        has_wandb_key: Whether W&B could log in here.
        unreadable: Keys whose value is of the wrong kind, so that nothing can be said of what it means.
        release: The Axolotl that is spoken of; None is the one used here.
    """

    values: Mapping[str, Any]
    section: Section = field(default_factory=Section)
    target: Target | None = None
    output_record: Mapping[str, Any] = field(default_factory=dict)
    base_config: Mapping[str, Any] = field(default_factory=dict)
    known_base: Mapping[str, Any] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    has_wandb_key: bool = True
    unreadable: frozenset[str] = frozenset()
    release: str | None = None

    def get(self, key: str) -> Any:
        """Return a value; None where it is not written.

        Raises:
            Unreadable: What is written there is of the wrong kind.
        """
        if key in self.unreadable:
            raise Unreadable(key)
        return self.values.get(key)

    def on(self, key: str) -> bool:
        """Tell whether a switch is on, the way pydantic reads it."""
        value = self.get(key)
        return value.lower() in ("true", "yes", "on", "1", "t", "y") if isinstance(value, str) else bool(value)

    def number(self, key: str) -> float:
        """Return a number; 0 where it is not written."""
        try:
            return float(self.get(key) or 0)
        except (TypeError, ValueError):
            return 0.0

    def entries(self, key: str) -> Iterator[Mapping[str, Any]]:
        """Yield the data set entries under `key`."""
        found = self.get(key)
        yield from (entry for entry in (found if isinstance(found, list) else []) if isinstance(entry, Mapping))

    @property
    def realised_by_us(self) -> bool:
        """Whether `precision: auto` (or a named one) decides instead of bf16, fp16 and tf32."""
        return self.section.precision is not None


def completion_trains_prompt(case: Case) -> bool:
    return case.section.task == "command" and any(one.get("type") == "completion" for one in case.entries("datasets"))


def prompt_trained(case: Case) -> bool:
    if case.section.task != "command":
        return False
    entries = [one for one in case.entries("datasets") if one.get("type") == "chat_template"]
    return case.on("train_on_inputs") or any(
        one.get("train_on_eos") == "all" or set(one.get("roles_to_train") or ["assistant"]) - {"assistant", "gpt"}
        for one in entries
    )


def rows_without_type(case: Case) -> bool:
    return any(one.get("type") is None for one in case.entries("datasets"))


def evaluated_on_training_rows(case: Case) -> bool:
    train = {(one.get("path"), one.get("split"), str(one.get("data_files"))) for one in case.entries("datasets")}
    same = {(one.get("path"), one.get("split"), str(one.get("data_files"))) for one in case.entries("test_datasets")}
    local = {key for key in train | same if str(key[0]).endswith((".jsonl", ".json", ".csv", ".parquet"))}
    return bool(train & same) or bool({key[0] for key in train & local} & {key[0] for key in same & local})


def no_jinja(case: Case) -> bool:
    return case.get("chat_template") == "jinja" and not case.get("chat_template_jinja")


def deepspeed_from_nothing(case: Case) -> bool:
    return isinstance(case.get("deepspeed"), str) and case.paths.get("deepspeed") == "nothing"


def plugin_missing(case: Case) -> bool:
    return PLUGIN not in (case.get("plugins") or [])


def remote_code(case: Case) -> bool:
    return case.on("trust_remote_code")


def no_training_rows(case: Case) -> bool:
    return not case.get("datasets") and not case.get("pretraining_dataset")


def seed_missing(case: Case) -> bool:
    return case.get("seed") is None


def weights_resumed(case: Case) -> bool:
    return case.on("save_only_model") and bool(
        case.get("resume_from_checkpoint") or case.on("auto_resume_from_checkpoints")
    )


def weights_only(case: Case) -> bool:
    return case.on("save_only_model") and not weights_resumed(case)


def auto_resume(case: Case) -> bool:
    return case.on("auto_resume_from_checkpoints")


def output_of_another(case: Case) -> bool:
    record = case.output_record
    if not record:
        return False
    method, training = record.get("method") or {}, record.get("training") or {}
    pairs = [
        (record.get("phase"), case.section.phase),
        ((record.get("base_model") or {}).get("name"), case.get("base_model")),
        (method.get("r"), case.get("lora_r")),
        (method.get("alpha"), case.get("lora_alpha")),
        (training.get("learning_rate"), case.get("learning_rate")),
        (training.get("seed"), case.get("seed")),
    ]
    return any(was is not None and now is not None and was != now for was, now in pairs)


def padding_waste(case: Case) -> bool:
    return case.on("pad_to_sequence_len") and not case.on("sample_packing")


def _bf16(case: Case) -> bool:
    return case.get("bf16") != "auto" and case.on("bf16")


def two_precisions(case: Case) -> bool:
    return not case.realised_by_us and _bf16(case) and case.on("fp16")


def bf16_unsupported(case: Case) -> bool:
    wanted = _bf16(case) or case.on("bfloat16") or case.section.precision == "bf16"
    written = not case.realised_by_us or case.section.precision == "bf16"
    return wanted and written and case.target is not None and not case.target.bf16


def fp16_on_cpu(case: Case) -> bool:
    wanted = case.section.precision == "fp16" or (not case.realised_by_us and case.on("fp16"))
    return wanted and case.target is not None and not case.target.has_gpu


def fp16_saved_modules(case: Case) -> bool:
    half = case.section.precision == "fp16" or (case.on("fp16") and not _bf16(case))
    return half and bool(case.get("lora_modules_to_save"))


def tf32_unsupported(case: Case) -> bool:
    written = not case.realised_by_us and case.get("tf32") != "auto" and case.on("tf32")
    return written and case.target is not None and not case.target.bf16


def fp8_unsupported(case: Case) -> bool:
    return case.on("fp8") and case.target is not None and not case.target.fp8


def kernels_on_cpu(case: Case) -> bool:
    if case.target is None or case.target.has_gpu or case.get("adapter") not in ADAPTERS:
        return False
    written = [case.get(key) for key in (*KERNELS, "lora_embedding_kernel")]
    return any(written) or all(value is None for value in written)


def flash_unsupported(case: Case) -> bool:
    wanted = str(case.get("attn_implementation") or "")
    if case.target is None or not (wanted.startswith("flash_attention") or case.on("flash_attention")):
        return False
    return case.target.generation < (9.0 if wanted == "flash_attention_3" else 8.0)


def two_attentions(case: Case) -> bool:
    return bool(case.get("attn_implementation")) and any(case.on(key) for key in LEGACY_ATTENTION)


def packing_without_isolation(case: Case) -> bool:
    attention = str(case.get("attn_implementation") or "sdpa")
    from_hub = "/" in attention and any(part in attention.lower() for part in ("flash", "sage"))
    isolates = attention in _ISOLATING or attention.startswith("flash_attention") or from_hub
    return case.on("sample_packing") and not isolates


def sequence_beyond_model(case: Case) -> bool:
    if case.get("overrides_of_model_config"):  # positions may be scaled
        return False
    most = case.base_config.get("max_position_embeddings")
    return isinstance(most, int) and case.number("sequence_len") > most


def two_launchers(case: Case) -> bool:
    return bool(case.get("deepspeed")) and bool(case.get("fsdp") or case.get("fsdp_config"))


def no_safetensors(case: Case) -> bool:
    return case.get("save_safetensors") is not None and not case.on("save_safetensors")


def unknown_plugin(case: Case) -> bool:
    known = {PLUGIN, *known_keys(case.release)["plugins"]}
    names = [plugin_name(name) for name in case.get("plugins") or []]
    return any(name not in known and name.startswith(("axolotl.", "cli_tuner.")) for name in names)


def output_is_a_file(case: Case) -> bool:
    return case.paths.get("output_dir") == "file"


def output_among_others(case: Case) -> bool:
    name = case.get("output_dir")
    return isinstance(name, str) and name.strip("/. ") == ""


def resume_from_nothing(case: Case) -> bool:
    return bool(case.get("resume_from_checkpoint")) and case.paths.get("resume_from_checkpoint") == "nothing"


def adapter_from_nothing(case: Case) -> bool:
    name = str(case.get("lora_model_dir") or "")
    local = name.startswith((".", "/", "~", "models/")) or name.count("/") > 1
    return local and case.paths.get("lora_model_dir") == "nothing"


def hub_push(case: Case) -> bool:
    return bool(case.get("hub_model_id"))


def wandb_uploads(case: Case) -> bool:
    return str(case.get("wandb_log_model") or "").lower() in ("checkpoint", "end", "true")


def wandb_without_key(case: Case) -> bool:
    return case.get("wandb_mode") == "online" and not case.has_wandb_key


def trackio(case: Case) -> bool:
    return case.on("use_trackio") or bool(case.get("trackio_project_name"))
