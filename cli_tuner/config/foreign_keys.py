"""Keys of other trainers, and of Axolotl's own past, with what they are called in an Axolotl config today.

A table, not a likeness: `push_to_hub` looks like `push_dataset_to_hub`, which would publish the data. Sources:
transformers.TrainingArguments, trl.SFTConfig, peft.LoraConfig, transformers.BitsAndBytesConfig, the argument
classes of LLaMA-Factory (hparams/) and the notebooks of Unsloth, all of 2024 to 2026; Axolotl's release notes.
"""

from __future__ import annotations

from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    # the model and its adapter
    "model_name_or_path": "base_model", "model_name": "base_model", "pretrained_model_name_or_path": "base_model",
    "model_id": "base_model", "tokenizer_name": "tokenizer_config", "model_revision": "revision_of_model",
    "lora_rank": "lora_r", "rank": "lora_r", "r": "lora_r", "alpha": "lora_alpha", "dropout": "lora_dropout",
    "lora_target": "lora_target_modules", "target_modules": "lora_target_modules",
    "modules_to_save": "lora_modules_to_save", "additional_target": "lora_modules_to_save",
    "use_dora": "peft_use_dora", "dora": "peft_use_dora", "use_rslora": "peft_use_rslora",
    "layers_to_transform": "peft_layers_to_transform", "adapter_name_or_path": "lora_model_dir",
    "init_lora_weights": "peft_init_lora_weights", "loftq_config": "peft.loftq_config",
    "loraplus_ratio": "loraplus_lr_ratio", "flash_attn": "attn_implementation",
    "attention_implementation": "attn_implementation", "use_flash_attention_2": "attn_implementation",
    "finetuning_type": "adapter", "quantization_bit": "load_in_4bit", "rope_theta": "overrides_of_model_config",
    "rope_scaling": "overrides_of_model_config", "dtype": "bf16", "torch_dtype": "bf16",
    # rows
    "max_seq_length": "sequence_len", "max_seq_len": "sequence_len", "max_length": "sequence_len",
    "seq_len": "sequence_len", "seq_length": "sequence_len", "cutoff_len": "sequence_len",
    "max_source_length": "sequence_len", "model_max_length": "sequence_len", "packing": "sample_packing",
    "eval_packing": "eval_sample_packing", "neat_packing": "sample_packing", "dataset": "datasets",
    "train_dataset": "datasets", "dataset_name": "datasets", "eval_dataset": "test_datasets",
    "val_dataset": "test_datasets", "val_datasets": "test_datasets", "val_size": "val_set_size",
    "dataset_text_field": "datasets[].field", "template": "chat_template", "train_on_prompt": "train_on_inputs",
    "preprocessing_num_workers": "dataset_num_proc", "dataset_processes": "dataset_num_proc",
    "num_proc": "dataset_num_proc", "data_seed": "seed", "streaming_dataset": "streaming",
    # batches, rates and time
    "per_device_train_batch_size": "micro_batch_size", "per_device_eval_batch_size": "eval_batch_size",
    "batch_size_per_device": "micro_batch_size", "train_batch_size": "micro_batch_size",
    "grad_accum": "gradient_accumulation_steps", "grad_accum_steps": "gradient_accumulation_steps",
    "num_train_epochs": "num_epochs", "epochs": "num_epochs", "num_train_steps": "max_steps", "steps": "max_steps",
    "lr": "learning_rate", "lr_scheduler_type": "lr_scheduler", "scheduler": "lr_scheduler", "optim": "optimizer",
    "optim_type": "optimizer", "clip_grad": "max_grad_norm", "gradient_clipping": "max_grad_norm",
    "adam_eps": "adam_epsilon", "adamw_epsilon": "adam_epsilon", "lr_scheduler_params": "lr_scheduler_kwargs",
    "neftune_alpha": "neftune_noise_alpha", "noisy_embedding_alpha": "neftune_noise_alpha",
    "relora_steps": "jagged_restart_steps", "relora_warmup_steps": "jagged_restart_warmup_steps",
    "relora_anneal_steps": "jagged_restart_anneal_steps", "early_stopping_steps": "early_stopping_patience",
    "save_every": "save_steps", "eval_every": "eval_steps", "log_every": "logging_steps",
    "eval_table_max_new_tokens": "eval_max_new_tokens", "resume": "resume_from_checkpoint",
    "save_total": "save_total_limit", "gradient_checkpoint": "gradient_checkpointing",
    "use_gradient_checkpointing": "gradient_checkpointing",
    # precision, launch, reports
    "load_4bit": "load_in_4bit", "load_8bit": "load_in_8bit", "deepspeed_config": "deepspeed",
    "wandb_run_name": "wandb_name", "run_name": "wandb_name", "project": "wandb_project",
    "hub_repo_id": "hub_model_id", "swanlab_project_name": "swanlab_project", "extend": "extends",
    **{name: f"bnb_config_kwargs.{name}" for name in (
        "bnb_4bit_compute_dtype", "bnb_4bit_quant_type", "bnb_4bit_use_double_quant", "bnb_4bit_quant_storage",
        "llm_int8_threshold", "llm_int8_skip_modules", "llm_int8_enable_fp32_cpu_offload",
    )},
}  # fmt: skip

ADVICE: Mapping[str, str] = {
    # what is no matter of another name
    "push_to_hub": "Axolotl pushes where hub_model_id is set; `cli-tuner publish` pushes what was validated",
    "hub_private_repo": "Axolotl pushes to a private repository",
    "use_swanlab": "name the plugin: plugins: [axolotl.integrations.swanlab.SwanLabPlugin]",
    "train_on_split": "it is a key of a data set: datasets[].split",
    "train_on_responses_only": "it is Axolotl's default for chat_template: roles_to_train: [assistant]",
    "completion_only_loss": "it is Axolotl's default for chat_template: roles_to_train: [assistant]",
    "assistant_only_loss": "it is Axolotl's default for chat_template: roles_to_train: [assistant]",
    "quantization_bit": "load_in_4bit: true with adapter: qlora, or load_in_8bit: true with adapter: lora",
    "finetuning_type": "adapter: lora or qlora; leave it empty to train all weights",
    "quantization_method": "load_in_4bit or load_in_8bit; both are bitsandbytes",
    "data_seed": "seed orders the rows too",
    "model_revision": "revision_of_model",
    "rope_scaling": "overrides_of_model_config: {rope_scaling: …}",
    "rope_theta": "overrides_of_model_config: {rope_theta: …}",
    "flash_attn": "attn_implementation: flash_attention_2",
    "use_flash_attention_2": "attn_implementation: flash_attention_2",
    "dtype": "bf16: true, or fp16: true",
    "torch_dtype": "bf16: true, or fp16: true",
    "report_to": "wandb_project switches W&B on; use_tensorboard, use_mlflow and use_comet the others",
    "do_train": "`cli-tuner train` trains", "do_eval": "test_datasets and eval_steps say when it evaluates",
    "stage": "supervised is the default; rl: dpo, kto, orpo or grpo is another stage",
    "lora_fan_in_fan_out": "PEFT decides it itself",
    "bias": "Axolotl trains no biases", "lora_bias": "Axolotl trains no biases", "task_type": "it is CAUSAL_LM",
    "overwrite_output_dir": "a new run never mixes with an old one: what was there becomes <output_dir>.previous",
    "overwrite_cache": "rows are tokenised anew when they change",
    "gptq_groupsize": "GPTQ is a property of the base model; Axolotl reads it there",
    "gptq_model_v1": "GPTQ is a property of the base model; Axolotl reads it there",
    "max_packed_sequence_len": "sample_packing: true, which packs up to sequence_len",
    "sample_packing_seq_len_multiplier": "sequence_len is the length of a packed row; make it longer",
    "load_in_16bit": "it is the default; bf16: true",
    "full_finetuning": "leave adapter empty to train all weights",
    "random_state": "seed",
}  # fmt: skip

HARMLESS: Mapping[str, tuple[object, ...]] = {
    # keys that Axolotl dropped, and the values that say what is done anyway
    "fsdp_config.sharding_strategy": ("FULL_SHARD", 1), "fsdp_config.fsdp_sharding_strategy": ("FULL_SHARD", 1),
    "fsdp_config.limit_all_gathers": (True,), "fsdp_config.fsdp_limit_all_gathers": (True,),
    "fsdp_config.forward_prefetch": (False,), "fsdp_config.backward_prefetch": ("BACKWARD_PRE",),
    "gptq_model_v1": (False,), "gptq_disable_exllama": (True,), "load_in_16bit": (True,), "do_train": (True,),
    "full_finetune": (True,), "push_to_hub": (False,), "packing": (False,), "stage": ("sft",),
    "hub_private_repo": (True,), "noisy_embedding_alpha": (0,), "bias": ("none",), "task_type": ("CAUSAL_LM",),
    "lora_bias": ("none", False), "lora_task_type": ("CAUSAL_LM",), "use_cache": (False,), "overwrite_cache": (True,),
    "torch_dtype": ("auto",), "dtype": ("auto",), "finetuning_type": ("full",), "remove_unused_columns": (True,),
}  # fmt: skip

RETIRED = frozenset({
    # switches that some Axolotl had, or another trainer has, and that are off where they are not there
    "collator_pad_to_longest", "flash_attn_cross_entropy_loss", "flash_attn_fuse_qkv", "flash_optimum", "full_finetune",
    "gptq_disable_exllama", "gptq_groupsize", "gptq_model_v1", "inference", "is_multimodal", "landmark_attention",
    "load_4bit", "load_8bit", "load_in_16bit", "neat_packing", "noisy_embedding_alpha", "push_to_hub",
    "random_init_weights", "relora_cpu_offload", "relora_prune_ratio", "relora_steps", "relora_warmup_steps",
    "relora_anneal_steps", "sample_pack_sequentially", "tokenizer_legacy", "torchdistx_path", "unsloth_rope",
    "unsloth_cross_entropy_loss", "unsloth_lora_mlp", "unsloth_lora_o", "unsloth_lora_qkv", "unsloth_rms_norm",
    "use_dora", "use_flash_attention_2", "use_rslora", "use_swanlab", "use_unsloth", "xpos_rope", "do_eval",
    "packing", "eval_packing", "completion_only_loss", "train_on_responses_only",
})  # fmt: skip

WORDS_ABOUT_THE_FILE = frozenset({
    "description", "note", "notes", "comment", "comments", "author", "authors", "maintainer", "title", "tags",
    "license", "licence", "changelog", "todo", "citation",
})  # fmt: skip

NEVER_GUESSED = ("push", "hub", "upload", "overwrite", "delete", "publish", "wandb_log_model", "auto_resume", "merge")
"""Parts of keys that publish, delete or overwrite: likeness of spelling never proposes one of these."""
