"""What Axolotl accepts and a user regrets: each rule a line in `RULES`, with what it costs and how to fix it.

An `error` would train something else than what is written, or fail after data and weights were loaded; a
`warning` is legal and probably not meant. Sources: measured facts on Axolotl (docs/config.md lists them); a rule
that a version's schema names in `closed` is left out there. Each rule has a hit and a near miss in the tests. The
conditions are in `predicates.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from cli_tuner.config import predicates as is_
from cli_tuner.config import predicates_harm as harm
from cli_tuner.config import predicates_model as model
from cli_tuner.config import predicates_targets as targets
from cli_tuner.config import predicates_time as time
from cli_tuner.config.axolotl import known_keys
from cli_tuner.config.predicates import Case, Unreadable
from cli_tuner.config.sections import Policy

_AXOLOTLS_OWN = frozenset({
    "qlora-without-4bit", "unknown-adapter", "evaluation-without-rows", "quantised-twice",
    "quantised-without-adapter", "qlora-of-gptq", "template-without-text", "warmup-twice", "saves-twice",
    "evaluates-twice", "early-stop-without-evaluation", "early-stop-misaligned", "two-validation-sets",
    "two-attentions", "two-launchers",
})  # fmt: skip
_OF_THIS_MACHINE = frozenset(
    {"output-is-a-file", "resume-from-nothing", "adapter-from-nothing", "wandb-online-without-key"}
)
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One contradiction.

    Attributes:
        id: Stable name, shown in brackets.
        severity: `error` makes `config check` exit 2.
        key: The key to point at.
        holds: Tells whether the case has this contradiction.
        why: What happens if it is left so.
        fix: The change that fixes it.
    """

    id: str
    severity: Severity
    key: str
    holds: Callable[[Case], bool]
    why: str
    fix: str

    @property
    def policy(self) -> bool:
        """Whether it is ours to forbid, so that `cli_tuner.allow` allows it by its id."""
        return self.id in get_args(Policy)

    @property
    def of_this_machine(self) -> bool:
        """Whether it says what is not here, and may be where the config comes from."""
        return self.id in _OF_THIS_MACHINE

    @property
    def axolotls_own(self) -> bool:
        """Whether Axolotl refuses it itself, so that it is only judged where Axolotl cannot be asked."""
        return self.id in _AXOLOTLS_OWN


def contradictions(case: Case) -> Iterator[Rule]:
    """Yield every rule that holds for `case`, errors first, in the order of the table."""
    closed = known_keys(case.release)["closed"]
    for severity in ("error", "warning"):
        rules = (rule for rule in RULES if rule.severity == severity and rule.id not in closed)
        yield from (rule for rule in rules if _holds(rule, case))


def _holds(rule: Rule, case: Case) -> bool:
    try:
        return rule.holds(case)
    except Unreadable:
        return False


RULES: tuple[Rule, ...] = (
    # What is trained
    Rule("base-model-missing", "error", "base_model", model.no_base_model,
         "there is nothing to fine-tune", "base_model: Qwen/Qwen2.5-Coder-7B-Instruct, or a folder"),
    Rule("base-model-name", "error", "base_model", model.base_model_no_name,
         "this is neither a folder nor a name on the hub (owner/name)",
         "base_model: owner/name, or a folder with config.json and *.safetensors"),
    Rule("base-model-not-here", "warning", "base_model", model.base_model_not_here,
         "there is no such folder on this machine", "put it there, or base_model: owner/name of the hub"),
    Rule("base-model-already-quantised", "error", "base_model", model.base_model_quantised,
         "its weights are already quantised in another way, and cannot be loaded in 4 or 8 bits again",
         "the 16-bit form of this model; load_in_4bit quantises it while it is loaded"),
    Rule("4bit-without-qlora", "error", "load_in_4bit", model.quantised_without_qlora,
         "with this adapter Axolotl loads plain 16-bit layers and quantises nothing, silently",
         "adapter: qlora"),
    Rule("qlora-without-4bit", "error", "adapter", model.qlora_without_4bit,
         "qlora needs 4-bit weights", "load_in_4bit: true, or adapter: lora"),
    Rule("quantised-twice", "error", "load_in_8bit", model.quantised_twice,
         "weights are loaded in 4 bits or in 8, not in both; qlora takes 4 only", "load_in_8bit: false"),
    Rule("quantised-without-adapter", "error", "load_in_8bit", model.quantised_without_adapter,
         "quantised weights cannot be trained themselves, and Axolotl refuses",
         "adapter: lora, or load_in_8bit: false"),
    Rule("qlora-of-gptq", "error", "gptq", model.qlora_of_gptq,
         "qlora quantises 16-bit weights itself, and Axolotl refuses", "gptq: false and a 16-bit base_model"),
    Rule("adapter-without-rank", "error", "lora_r", model.no_rank,
         "PEFT fails after the model was loaded", "lora_r: 8"),
    Rule("adapter-without-alpha", "error", "lora_alpha", model.no_alpha,
         "PEFT fails after the model was loaded", "lora_alpha: twice lora_r"),
    Rule("adapter-without-targets", "error", "lora_target_modules", model.no_targets,
         "no layer would carry the adapter", "lora_target_modules: [q_proj, k_proj, v_proj, o_proj]"),
    Rule("unknown-targets", "error", "lora_target_modules", targets.unknown_targets,
         "the base model has no such layers: PEFT fails after the model was loaded, or silently skips a misspelt name",
         "its own names, in model.named_modules(); or lora_target_linear: true"),
    Rule("targets-in-part", "warning", "lora_target_modules", targets.targets_in_part,
         "the base model has no layer of some of these names: PEFT silently skips them",
         "its own names, in model.named_modules(); or lora_target_linear: true"),
    Rule("unknown-saved-modules", "error", "lora_modules_to_save", targets.unknown_saved_modules,
         "the base model has no such module, so it would not be trained", "embed_tokens, lm_head"),
    Rule("unknown-adapter", "error", "adapter", model.unknown_adapter,
         "Axolotl would train all weights or fail late", "adapter: qlora or adapter: lora"),
    Rule("completion-trains-the-prompt", "error", "datasets", is_.completion_trains_prompt,
         "`completion` trains on the whole text, the prompt too, and appends a second end token",
         "type: chat_template, or cli_tuner.task: chat if that is meant"),
    Rule("prompt-trained", "error", "datasets", is_.prompt_trained,
         "tokens of the user or system would be trained, where only the command is claimed",
         "roles_to_train: [assistant] and train_on_inputs: false"),
    Rule("rows-without-type", "warning", "datasets", is_.rows_without_type,
         "without a type Axolotl takes only rows that are tokens already", "type: chat_template"),
    Rule("evaluated-on-training-rows", "warning", "test_datasets", is_.evaluated_on_training_rows,
         "its loss says nothing of rows that were not seen", "test_datasets: with rows of their own, as prepare makes"),
    Rule("template-without-text", "error", "chat_template", is_.no_jinja,
         "Axolotl refuses `jinja` without the text of the template", "chat_template_jinja:, or tokenizer_default"),
    Rule("plugin-missing", "warning", "plugins", is_.plugin_missing,
         "without our plugin nothing guards or records the run; `cli-tuner train` puts it in by itself",
         "plugins: [cli_tuner.backends.axolotl_plugin.CliTunerPlugin], for a run without `cli-tuner train`"),
    Rule("unknown-plugin", "error", "plugins", is_.unknown_plugin,
         "Axolotl only logs a plugin that it cannot import, and trains without it",
         "a plugin that this Axolotl ships, such as axolotl.integrations.liger.LigerPlugin"),
    Rule("pickled-weights", "error", "save_safetensors", is_.no_safetensors,
         "pickles can run code when they are loaded; no later step takes them", "save_safetensors: true"),
    Rule("remote-code", "error", "trust_remote_code", is_.remote_code,
         "code from the hub would run on this machine", "trust_remote_code: false"),
    Rule("no-training-rows", "error", "datasets", is_.no_training_rows,
         "there is nothing to train on", "datasets: with a path"),
    Rule("seed-missing", "warning", "seed", is_.seed_missing,
         "adapter and data order are drawn anew each run: no run can be repeated", "seed: 42"),
    Rule("two-target-lists", "warning", "lora_target_linear", model.two_target_lists,
         "lora_target_linear adds all linear layers to lora_target_modules", "keep one of the two"),
    Rule("rank-without-adapter", "warning", "lora_r", harm.rank_without_adapter,
         "without adapter: lora or qlora all weights are trained, and lora_r is ignored",
         "adapter: lora, or remove the lora_ keys"),
    Rule("sharded-8bit-optimizer", "warning", "optimizer", harm.sharded_8bit_optimizer,
         "8-bit states of bitsandbytes do not survive FSDP's sharding: saving or resuming fails "
         "(axolotl#2744, bitsandbytes#1403)", "optimizer: adamw_torch_8bit, or adamw_torch_fused"),
    Rule("few-rows-for-packing", "warning", "val_set_size", harm.few_rows_for_packing,
         "so few rows may make no packed batch: the evaluation ends the run (axolotl#999, #1644)",
         "eval_sample_packing: false, or more rows"),
    Rule("tied-embeddings", "warning", "lora_modules_to_save", harm.tied_embeddings_trained,
         "this base ties lm_head to its embeddings: training one of the two unties them, and a merge changes what the "
         "other says (peft#2018, #2777)", "name both embed_tokens and lm_head, or neither"),
    Rule("new-tokens-untrained", "warning", "tokens", harm.new_tokens_untrained,
         "the embeddings of new tokens are drawn at random and never trained (axolotl#907)",
         "lora_modules_to_save: [embed_tokens, lm_head]"),
    Rule("end-token-untrained", "warning", "datasets", harm.end_token_untrained,
         "the model never learns where an answer ends, and talks on (axolotl#3754)", "train_on_eos: turn"),
    Rule("turns-never-trained", "warning", "base_model", harm.turns_never_trained,
         "the turn tokens of this base were never trained, and an adapter on linear layers cannot change them "
         "(Qwen3#1064)", "the -Instruct form of it, or lora_modules_to_save: [embed_tokens, lm_head]"),
    # How long, and when
    Rule("max-steps-beat-epochs", "warning", "num_epochs", time.steps_and_epochs,
         "max_steps wins and num_epochs is ignored", "remove one of the two"),
    Rule("warmup-longer-than-run", "warning", "warmup_steps", time.warmup_too_long,
         "the learning rate never reaches its value", "warmup_steps: about a tenth of max_steps"),
    Rule("warmup-twice", "error", "warmup_ratio", time.warmup_twice,
         "Axolotl refuses warmup_steps beside warmup_ratio", "keep one of the two"),
    Rule("saves-twice", "error", "save_steps", time.saves_twice,
         "Axolotl refuses save_steps beside saves_per_epoch or another save_strategy", "keep one of them"),
    Rule("evaluates-twice", "error", "eval_steps", time.evaluates_twice,
         "Axolotl refuses eval_steps beside evals_per_epoch or another eval_strategy", "keep one of them"),
    Rule("early-stop-without-evaluation", "error", "early_stopping_patience", time.stops_early_unevaluated,
         "without an evaluation nothing can be stopped early", "eval_steps: and test_datasets:"),
    Rule("early-stop-misaligned", "error", "early_stopping_patience", time.stops_early_misaligned,
         "Axolotl refuses, where a save may fall between two evaluations", "make save_steps a multiple of eval_steps"),
    Rule("never-saved-in-time", "warning", "save_steps", time.never_saved_in_time,
         "the run ends before the first save but the final one", "save_steps: below max_steps"),
    Rule("warmup-of-one", "warning", "warmup_steps", time.warmup_of_one,
         "Axolotl makes 2 of it", "warmup_steps: 0 or 2"),
    Rule("best-model-misaligned", "error", "load_best_model_at_end", time.best_model_misaligned,
         "Axolotl keeps the best model only where it has both save_steps and eval_steps (or saves_per_epoch and "
         "evals_per_epoch, above 1 in all) and each save follows an evaluation; else it silently keeps the last",
         "make save_steps a multiple of eval_steps, or load_best_model_at_end: false"),
    Rule("best-model-without-evaluation", "error", "load_best_model_at_end", time.best_model_unevaluated,
         "no model can be the best without an evaluation: Axolotl silently keeps the last",
         "eval_steps: and test_datasets:, or load_best_model_at_end: false"),
    Rule("evaluation-without-rows", "error", "eval_steps", time.evaluation_without_rows,
         "there are no rows to evaluate on: the first evaluation, at step 0, ends the run",
         "test_datasets: or val_set_size:"),
    Rule("two-validation-sets", "error", "val_set_size", time.two_validation_sets,
         "rows would be cut from train although test_datasets are given", "val_set_size: 0"),
    Rule("never-evaluated-in-time", "warning", "eval_steps", time.evaluated_too_late,
         "the run ends before the first evaluation but the one at step 0", "eval_steps: below max_steps"),
    Rule("save-total-limit-hidden", "warning", "save_total_limit", time.save_limit_hidden,
         "Axolotl keeps 4 checkpoints when it is empty or 0", "save_total_limit: 3"),
    Rule("resume-from-nothing", "error", "resume_from_checkpoint", is_.resume_from_nothing,
         "there is no such checkpoint",
         "remove it and use `cli-tuner train --resume`, which takes the newest whole one"),
    Rule("adapter-from-nothing", "error", "lora_model_dir", is_.adapter_from_nothing,
         "there is no such adapter", "the folder of a trained adapter, or remove it to begin a new one"),
    Rule("output-is-a-file", "error", "output_dir", is_.output_is_a_file,
         "this is a file", "output_dir: models/checkpoints/mine"),
    Rule("output-among-others", "warning", "output_dir", is_.output_among_others,
         "a finished output takes the place of its folder, and this one holds everything else: "
         "`cli-tuner train` writes to models/checkpoints/<phase> instead", "output_dir: models/checkpoints/mine"),
    Rule("weights-cannot-resume", "error", "save_only_model", is_.weights_resumed,
         "checkpoints of weights alone hold no optimiser to resume, and this config asks to",
         "save_only_model: false"),
    Rule("weights-only", "warning", "save_only_model", is_.weights_only,
         "a run that is interrupted can only start again from step 0", "save_only_model: false"),
    Rule("auto-resume", "warning", "auto_resume_from_checkpoints", is_.auto_resume,
         "it ignores changes of the config: 0 steps are trained and the old adapter is returned",
         "remove it and use `cli-tuner train --resume`"),
    Rule("output-of-another-config", "warning", "output_dir", is_.output_of_another,
         "the folder holds the checkpoint of another recipe, which would be moved aside", "another output_dir"),
    # Memory and speed
    Rule("padding-without-packing", "warning", "pad_to_sequence_len", is_.padding_waste,
         "every short row is filled up to sequence_len, and padding costs as much as text",
         "pad_to_sequence_len: false, or sample_packing: true"),
    Rule("two-precisions", "warning", "fp16", is_.two_precisions,
         "bf16 wins and fp16 is ignored", "keep one of bf16 and fp16, or cli_tuner.precision: auto"),
    Rule("bf16-on-old-gpu", "error", "bf16", is_.bf16_unsupported,
         "this machine has no bfloat16 (Ampere and later have); Axolotl only notices after data and weights are "
         "loaded", "cli_tuner.precision: auto, or bf16: false and fp16: true on a GPU"),
    Rule("fp16-on-cpu", "error", "fp16", is_.fp16_on_cpu,
         "fp16 with loss scaling needs a GPU", "cli_tuner.precision: auto, or fp16: false"),
    Rule("saved-modules-in-fp16", "error", "lora_modules_to_save", is_.fp16_saved_modules,
         "modules that are trained whole stay in fp16, and a GradScaler cannot unscale fp16 gradients: the first step "
         "fails", "a GPU with bfloat16 (Ampere and later), or no lora_modules_to_save"),
    Rule("tf32-unsupported", "error", "tf32", is_.tf32_unsupported,
         "this machine has no TF32 (Ampere and later have)", "tf32: false, or cli_tuner.precision: auto"),
    Rule("fp8-unsupported", "error", "fp8", is_.fp8_unsupported,
         "this machine has no FP8 (Ada and later have)", "fp8: false"),
    Rule("kernels-on-cpu", "error", "lora_qkv_kernel", is_.kernels_on_cpu,
         "Axolotl's Triton kernels call CUDA; they are also switched on when left empty",
         "lora_qkv_kernel, lora_o_kernel, lora_mlp_kernel: false"),
    Rule("flash-attention-unsupported", "error", "attn_implementation", is_.flash_unsupported,
         "flash attention 2 needs Ampere or later, 3 needs Hopper", "attn_implementation: sdpa"),
    Rule("two-attentions", "error", "attn_implementation", is_.two_attentions,
         "Axolotl refuses attn_implementation beside an old switch such as flash_attention",
         "keep attn_implementation"),
    Rule("deepspeed-from-nothing", "warning", "deepspeed", is_.deepspeed_from_nothing,
         "there is no such file on this machine", "put it there: `axolotl fetch deepspeed_configs`"),
    Rule("two-launchers", "error", "deepspeed", is_.two_launchers,
         "DeepSpeed and FSDP both shard the model", "keep one of deepspeed and fsdp_config"),
    Rule("packing-mixes-rows", "error", "sample_packing", is_.packing_without_isolation,
         "with this attention a packed row sees its neighbours", "attn_implementation: sdpa or flash_attention_2"),
    Rule("sequence-beyond-model", "error", "sequence_len", is_.sequence_beyond_model,
         "the base model has no positions for rows that long", "a smaller sequence_len"),
    # What leaves the machine
    Rule("hub-push-at-every-save", "warning", "hub_model_id", is_.hub_push,
         "every save is pushed to the hub, before anything was validated", "remove it; publish when it is validated"),
    Rule("wandb-uploads-checkpoints", "warning", "wandb_log_model", is_.wandb_uploads,
         "every checkpoint is uploaded", 'wandb_log_model: "false"'),
    Rule("wandb-online-without-key", "error", "wandb_mode", is_.wandb_without_key,
         "W&B asks for a key after data and weights are loaded, and the run dies",
         "set WANDB_API_KEY in .env, or remove wandb_mode"),
    Rule("trackio-broken", "error", "use_trackio", is_.trackio,
         "trackio does not work with the transformers that this Axolotl pins", "remove it; use wandb_project"),
)  # fmt: skip
