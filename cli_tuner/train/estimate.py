"""What a training will be, before anything is rented: data, timetable, disk, memory, time and price.

Nothing is downloaded and nothing heavy is imported; where something is not known here (rows not prepared, a base
model that no table holds), the estimate says so instead of guessing silently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cli_tuner.config.architecture import snapshot
from cli_tuner.config.check import Remark, judge
from cli_tuner.config.load import Config
from cli_tuner.config.realise import Choice, realise, throughput
from cli_tuner.config.targets import Target
from cli_tuner.ports import Tokenizer
from cli_tuner.train.adapter import Adapter, count_trainable
from cli_tuner.train.advice import Advice, advise
from cli_tuner.train.cost import Cost, estimate_cost
from cli_tuner.train.memory import Memory, estimate_memory
from cli_tuner.train.realised import Realised, realised_values
from cli_tuner.train.shapes import Shape, built_shape, find_shape, known_near, why_unknown
from cli_tuner.train.timetable import Timetable, disk_bytes, make_timetable
from cli_tuner.train.tokens import Tokens, count_tokens


@dataclass(frozen=True, slots=True)
class Estimate:
    """Everything that `cli-tuner plan` shows; None where something is not known on this machine.

    Attributes:
        target: The machine that is meant.
        remarks: What is wrong with the config on it.
        realised: What is used otherwise than written.
        tokens: The training rows, by dataset key.
        table: Steps, saves, evaluations.
        shape: The base model.
        adapter: What is trained.
        memory: GPU memory by part.
        disk: Bytes written, by part.
        costs: Time and price on each GPU.
        advice: What to change when it does not fit the target.
        throughput: What would make it faster on the target.
        unknown: What could not be estimated, and why.
        uncounted: What the config asks for and the estimate leaves out.
    """

    target: Target
    remarks: list[Remark]
    realised: list[Realised]
    tokens: Mapping[str, Tokens | None]
    table: Timetable
    shape: Shape | None
    adapter: Adapter | None
    memory: Memory | None
    disk: Mapping[str, float]
    costs: list[Cost]
    advice: list[Advice]
    throughput: list[Choice]
    unknown: list[str]
    uncounted: list[str]

    @property
    def fits(self) -> bool | None:
        """Whether the peak fits the target; None on a CPU or when it is not known."""
        if self.memory is None or not self.target.has_gpu:
            return None
        return self.memory.peak_bytes <= self.target.room_bytes


def estimate(
    config: Config, target: Target, known: Mapping[str, Target], tokenizer: Tokenizer | None = None
) -> Estimate:
    """Estimate a training.

    Args:
        config: The resolved config.
        target: The machine that is meant.
        known: The table of GPUs to price.
        tokenizer: The base model's, when it is on this machine.
    """
    meant = realise(config, target)
    values = meant.axolotl
    tokens = {key: count_tokens(values, key, tokenizer) for key in ("datasets", "test_datasets")}
    evaluated = bool(values.get("test_datasets")) or float(values.get("val_set_size") or 0) > 0
    table = make_timetable(values, tokens["datasets"], has_evaluation=evaluated)
    shape = find_shape(str(values.get("base_model"))) or built_shape(str(values.get("base_model")))
    adapter = count_trainable(values, shape) if shape else None
    memory = estimate_memory(values, shape, adapter) if shape and adapter else None
    result = Estimate(
        target=target,
        remarks=judge(config, target).remarks,
        realised=realised_values(config, meant, target, table),
        tokens=tokens,
        table=table,
        shape=shape,
        adapter=adapter,
        memory=memory,
        disk=disk_bytes(table, tokens["datasets"], adapter, _download(values, shape)) if adapter else {},
        costs=_costs(config, shape, tokens, known),
        advice=[],
        throughput=[one for one in throughput(config, target) if (values.get(one.key) or False) != one.value],
        unknown=list(_unknown(values, tokens, shape)),
        uncounted=list(_uncounted(values)),
    )
    if result.fits is False and shape is not None:
        longest = tokens["datasets"].longest if tokens["datasets"] else 0
        result.advice.extend(advise(values, shape, target.room_bytes, longest))
    return result


def _download(values: Mapping[str, Any], shape: Shape | None) -> float:
    here = snapshot(str(values.get("base_model")))
    return 0.0 if shape is None or (here and list(here.glob("*.safetensors"))) else shape.n_parameters * 2.0


def _costs(
    config: Config, shape: Shape | None, tokens: Mapping[str, Tokens | None], known: Mapping[str, Target]
) -> list[Cost]:
    counted = tokens["datasets"]
    if shape is None or counted is None:
        return []
    found = []
    for target in known.values():
        if not target.has_gpu:
            continue
        values = realise(config, target).axolotl
        table = make_timetable(values, counted, has_evaluation=bool(tokens["test_datasets"]))
        peak = estimate_memory(values, shape, count_trainable(values, shape)).peak_bytes
        found.append(estimate_cost(values, shape, table, counted, tokens["test_datasets"], target, peak))
    return found


def _uncounted(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield what of this config changes memory and time and is not counted."""
    if values.get("fsdp_config") or values.get("fsdp") or values.get("deepspeed"):
        yield "sharding over GPUs (FSDP, DeepSpeed): what is shown is what one GPU alone would need"
    if values.get("rl"):
        yield f"rl: {values['rl']}: a reference model, pairs of rows or generation; shown is supervised training"
    if any(int(values.get(key) or 1) > 1 for key in ("context_parallel_size", "tensor_parallel_size")):
        yield "parallelism over the length or the width: what is shown is what one GPU alone would need"


def _unknown(values: Mapping[str, Any], tokens: Mapping[str, Tokens | None], shape: Shape | None) -> list[str]:
    found = []
    name = str(values.get("base_model"))
    if shape is None or shape.stated:
        near = known_near(name)
        guess = f" (did you mean {near}?)" if near else f"; `hf download {name} config.json` fetches the few kB needed"
        why = f"{why_unknown(name)}: no memory, no time" if shape is None else shape.source
        found.append(f"{name}: {why}{guess}")
    for key, counted in tokens.items():
        if values.get(key) and counted is None:
            found.append(
                f"{key}: the rows are not here (`cli-tuner prepare` makes them), or no chats: no tokens, no time"
            )
        elif counted is not None and counted.too_long:
            limit = values.get("sequence_len") or 512
            longest = f"the longest has {counted.longest}"
            found.append(
                f"{key}: {counted.too_long} of {counted.rows} rows are longer than sequence_len {limit}: {longest}"
            )
    return found
