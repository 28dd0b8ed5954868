# ruff: noqa: D103  (the rule that names a predicate says what it means)
"""The conditions of the contradictions: small pure functions of one `Case`; each is put in words by its rule.

A predicate never raises on a config whose names and kinds were checked before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cli_tuner.config.sections import Section
from cli_tuner.config.targets import Target

PLUGIN = "cli_tuner.backends.axolotl_plugin.CliTunerPlugin"
ADAPTERS = ("lora", "qlora")
KERNELS = ("lora_qkv_kernel", "lora_o_kernel", "lora_mlp_kernel")
_ISOLATING = ("sdpa", "eager", "flex_attention", "xformers", "sage")


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged.

    Attributes:
        values: The Axolotl keys.
        section: Our section.
        target: The machine that is meant; None when none was named.
        output_record: `provenance.json` of what lies in `output_dir`; empty when nothing does.
        max_positions: Longest row that the base model takes; None when unknown.
        has_wandb_key: Whether W&B could log in here.
    """

    values: Mapping[str, Any]
    section: Section = field(default_factory=Section)
    target: Target | None = None
    output_record: Mapping[str, Any] = field(default_factory=dict)
    max_positions: int | None = None
    has_wandb_key: bool = True

    def get(self, key: str) -> Any:
        """Return a value; None where it is not written."""
        return self.values.get(key)

    def on(self, key: str) -> bool:
        """Tell whether a switch is on, the way pydantic reads it."""
        value = self.values.get(key)
        return value.lower() in ("true", "yes", "on", "1", "t", "y") if isinstance(value, str) else bool(value)

    def number(self, key: str) -> float:
        """Return a number; 0 where it is not written."""
        try:
            return float(self.values.get(key) or 0)
        except (TypeError, ValueError):
            return 0.0

    def entries(self, key: str) -> Iterator[Mapping[str, Any]]:
        """Yield the data set entries under `key`."""
        found = self.values.get(key)
        yield from (entry for entry in (found if isinstance(found, list) else []) if isinstance(entry, Mapping))

    @property
    def realised_by_us(self) -> bool:
        """Whether `precision: auto` (or a named one) decides instead of bf16, fp16 and tf32."""
        return self.section.precision is not None


def quantised_without_qlora(case: Case) -> bool:
    return case.on("load_in_4bit") and case.get("adapter") != "qlora"


def qlora_without_4bit(case: Case) -> bool:
    return case.get("adapter") == "qlora" and not case.on("load_in_4bit")


def unknown_adapter(case: Case) -> bool:
    return case.get("adapter") is not None and case.get("adapter") not in ADAPTERS


def completion_trains_prompt(case: Case) -> bool:
    return case.section.task == "command" and any(one.get("type") == "completion" for one in case.entries("datasets"))


def prompt_trained(case: Case) -> bool:
    if case.section.task != "command":
        return False
    entries = [one for one in case.entries("datasets") if one.get("type") == "chat_template"]
    return case.on("train_on_inputs") or any(
        set(one.get("roles_to_train") or ["assistant"]) - {"assistant", "gpt"} for one in entries
    )


def plugin_missing(case: Case) -> bool:
    return PLUGIN not in (case.get("plugins") or [])


def remote_code(case: Case) -> bool:
    return case.on("trust_remote_code")


def no_training_rows(case: Case) -> bool:
    return not case.get("datasets") and not case.get("pretraining_dataset")


def seed_missing(case: Case) -> bool:
    return case.get("seed") is None


def two_target_lists(case: Case) -> bool:
    return case.on("lora_target_linear") and bool(case.get("lora_target_modules"))


def steps_and_epochs(case: Case) -> bool:
    return case.number("max_steps") > 0 and case.get("num_epochs") is not None


def warmup_too_long(case: Case) -> bool:
    return case.number("max_steps") > 0 and case.number("warmup_steps") >= case.number("max_steps")


def warmup_of_one(case: Case) -> bool:
    return case.number("warmup_steps") == 1 and case.number("max_steps") != 1


def _has_validation(case: Case) -> bool:
    return bool(case.get("test_datasets")) or case.number("val_set_size") > 0


def _evaluates(case: Case) -> bool:
    wanted = (case.get("eval_steps"), case.get("evals_per_epoch"), case.get("eval_strategy"))
    return _has_validation(case) and any(one not in (None, 0, "no") for one in wanted)


def best_model_misaligned(case: Case) -> bool:
    saves, evaluations = case.number("save_steps"), case.number("eval_steps")
    return case.on("load_best_model_at_end") and bool(saves and evaluations) and saves % evaluations != 0


def best_model_unevaluated(case: Case) -> bool:
    return case.on("load_best_model_at_end") and not _evaluates(case)


def evaluation_without_rows(case: Case) -> bool:
    return case.number("eval_steps") > 0 and not _has_validation(case)


def two_validation_sets(case: Case) -> bool:
    return bool(case.get("test_datasets")) and case.number("val_set_size") > 0


def evaluated_too_late(case: Case) -> bool:
    return _evaluates(case) and 0 < case.number("max_steps") < case.number("eval_steps")


def save_limit_hidden(case: Case) -> bool:
    return case.number("save_steps") > 0 and not case.number("save_total_limit")


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


def two_precisions(case: Case) -> bool:
    return not case.realised_by_us and case.get("bf16") is True and case.on("fp16")


def bf16_unsupported(case: Case) -> bool:
    wanted = case.get("bf16") is True or case.on("bfloat16") or case.section.precision == "bf16"
    written = not case.realised_by_us or case.section.precision == "bf16"
    return wanted and written and case.target is not None and not case.target.bf16


def fp16_on_cpu(case: Case) -> bool:
    wanted = case.section.precision == "fp16" or (not case.realised_by_us and case.on("fp16"))
    return wanted and case.target is not None and not case.target.has_gpu


def fp16_saved_modules(case: Case) -> bool:
    half = case.section.precision == "fp16" or (case.on("fp16") and case.get("bf16") is not True)
    return half and bool(case.get("lora_modules_to_save"))


def tf32_unsupported(case: Case) -> bool:
    written = not case.realised_by_us and case.get("tf32") is True
    return written and case.target is not None and not case.target.bf16


def fp8_unsupported(case: Case) -> bool:
    return case.on("fp8") and case.target is not None and not case.target.fp8


def kernels_on_cpu(case: Case) -> bool:
    if case.target is None or case.target.has_gpu or case.get("adapter") not in ADAPTERS:
        return False
    written = [case.get(key) for key in (*KERNELS, "lora_embedding_kernel")]
    return any(written) or all(value is None for value in written)


def flash_unsupported(case: Case) -> bool:
    wanted = str(case.get("attn_implementation") or "").startswith("flash_attention") or case.on("flash_attention")
    return wanted and case.target is not None and not case.target.bf16


def packing_without_isolation(case: Case) -> bool:
    attention = case.get("attn_implementation")
    return (
        case.on("sample_packing")
        and attention is not None
        and not (attention in _ISOLATING or str(attention).startswith("flash_attention"))
    )


def sequence_beyond_model(case: Case) -> bool:
    return case.max_positions is not None and case.number("sequence_len") > case.max_positions


def hub_push(case: Case) -> bool:
    return bool(case.get("hub_model_id"))


def wandb_uploads(case: Case) -> bool:
    return str(case.get("wandb_log_model") or "").lower() in ("checkpoint", "end", "true")


def wandb_without_key(case: Case) -> bool:
    return case.get("wandb_mode") == "online" and not case.has_wandb_key


def trackio(case: Case) -> bool:
    return case.on("use_trackio") or bool(case.get("trackio_project_name"))
