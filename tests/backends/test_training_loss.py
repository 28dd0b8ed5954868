"""The loss of a step is the mean over its trained tokens, however the step is cut into micro batches."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = [pytest.mark.contract, pytest.mark.xdist_group("axolotl")]
V = 11


def trainer_of(model: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A trainer as far as the weighing sees it: its loss is the mean over the micro batch's tokens."""
    import torch
    from axolotl.core.trainers.base import AxolotlTrainer

    class Trainer(AxolotlTrainer):  # type: ignore[misc]
        def __init__(self) -> None:
            self.args = SimpleNamespace(world_size=1, n_gpu=1)
            self.state = SimpleNamespace(global_step=0)
            self.accelerator = SimpleNamespace(num_processes=1, gather_for_metrics=lambda x: x)
            self._loss_shifts_labels = True

        def evaluation_loop(self, loader: Any, **_: Any) -> Any:
            for batch in loader:
                self.compute_loss(model, batch)
            return SimpleNamespace(metrics={"eval_loss": -1.0})

    def compute(_: Any, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        assert num_items_in_batch is None
        logits = model(inputs["input_ids"])
        loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), inputs["labels"][:, 1:].flatten())
        return (loss, {"logits": logits}) if return_outputs else loss

    monkeypatch.setattr(AxolotlTrainer, "compute_loss", compute)
    return Trainer()


def batch_of(rows: list[tuple[int, int]], seed: int = 0) -> dict[str, Any]:
    """Make right-padded rows of (length, trained tokens at the end)."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    width = max(length for length, _ in rows)
    ids = torch.randint(0, V, (len(rows), width), generator=generator)
    labels = torch.full_like(ids, -100)
    for number, (length, trained) in enumerate(rows):
        labels[number, length - trained : length] = ids[number, length - trained : length]
    return {"input_ids": ids, "labels": labels}


def model_of() -> Any:
    import torch

    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Embedding(V, 8), torch.nn.Linear(8, V))


ROWS = [(9, 7), (5, 1), (8, 3), (4, 2)]


@pytest.mark.parametrize("cut", [[4], [2, 2], [1, 3], [1, 1, 1, 1], [3, 1]], ids=str)
def test_every_cut_has_the_loss_and_the_gradient_of_the_whole(cut: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from cli_tuner.backends.training_loss import TokenLoss

    whole = batch_of(ROWS)
    model = model_of()
    trainer = trainer_of(model, monkeypatch)
    loss = TokenLoss(trainer)
    assert loss.reason == ""
    loss.install()
    n_tokens = (whole["labels"][:, 1:] != -100).sum()
    expected = torch.nn.functional.cross_entropy(
        model(whole["input_ids"])[:, :-1].flatten(0, 1), whole["labels"][:, 1:].flatten()
    )
    wanted = torch.autograd.grad(expected, list(model.parameters()))
    total, start = 0.0, 0
    for size in cut:
        part = {key: value[start : start + size] for key, value in whole.items()}
        start += size
        found = trainer.compute_loss(model, part, num_items_in_batch=n_tokens)
        found.backward()
        total += found.item()
    assert total == pytest.approx(expected.item(), abs=1e-6)
    for parameter, gradient in zip(model.parameters(), wanted, strict=True):
        assert torch.allclose(parameter.grad, gradient, atol=1e-7)


def test_a_micro_batch_without_a_trained_token_adds_nothing_and_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from cli_tuner.backends.training_loss import TokenLoss

    model = model_of()
    trainer = trainer_of(model, monkeypatch)
    TokenLoss(trainer).install()
    found = trainer.compute_loss(model, batch_of([(5, 0)]), num_items_in_batch=torch.tensor(7))
    found.backward()
    assert found.item() == 0.0
    assert all(bool(torch.isfinite(parameter.grad).all()) for parameter in model.parameters())
    assert all(float(parameter.grad.abs().sum()) == 0.0 for parameter in model.parameters())


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_an_evaluation_does_not_depend_on_its_batch_size(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from cli_tuner.backends.training_loss import TokenLoss

    whole = batch_of(ROWS)
    model = model_of().eval()
    trainer = trainer_of(model, monkeypatch)
    TokenLoss(trainer).install()
    parts = [{key: value[at : at + size] for key, value in whole.items()} for at in range(0, 4, size)]
    expected = torch.nn.functional.cross_entropy(
        model(whole["input_ids"])[:, :-1].flatten(0, 1), whole["labels"][:, 1:].flatten()
    )
    out = trainer.evaluation_loop(parts, metric_key_prefix="eval")
    assert out.metrics["eval_loss"] == pytest.approx(expected.item(), abs=1e-6)


def test_a_trainer_with_a_loss_of_its_own_is_left_alone_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from cli_tuner.backends.training_loss import TokenLoss

    trainer = trainer_of(model_of(), monkeypatch)

    class Distilling(type(trainer)):  # type: ignore[misc]
        def compute_loss(self, *_: Any, **__: Any) -> str:
            return "its own"

    own = Distilling()
    loss = TokenLoss(own)
    loss.install()
    assert loss.reason == "Distilling computes a loss of its own"
    assert own.compute_loss() == "its own"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("side", ["right", "left"])
def test_the_loss_of_each_row_is_its_own(
    packed: bool, side: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are named while they are rows; their losses add up to the step's, in any batch, padded on any side."""
    import torch

    from cli_tuner.backends.training_loss import TokenLoss
    from cli_tuner.backends.training_rows import NamingCollator, RowLog, name_of
    from cli_tuner.runs.rows import read

    generator = torch.Generator().manual_seed(3)
    rows = []
    for length, trained in ROWS:
        ids = torch.randint(0, V, (length,), generator=generator).tolist()
        rows.append({"input_ids": ids, "labels": [-100] * (length - trained) + ids[length - trained :]})

    class BatchSamplerCollator:
        tokenizer = SimpleNamespace(padding_side=side)

        def __call__(self, features: Any) -> dict[str, Any]:
            lines = [[one for row in features for one in row[key]] for key in ("input_ids", "labels")]
            return {"input_ids": torch.tensor([lines[0]]), "labels": torch.tensor([lines[1]])}

    class PaddingCollator:
        tokenizer = SimpleNamespace(padding_side=side)

        def __call__(self, features: Any) -> dict[str, Any]:
            width = 12
            batch: dict[str, Any] = {}
            for key, pad in (("input_ids", 0), ("labels", -100)):
                fill = [[pad] * (width - len(row[key])) for row in features]
                pairs = [(row[key], gap) for row, gap in zip(features, fill, strict=True)]
                batch[key] = torch.tensor([gap + ids if side == "left" else ids + gap for ids, gap in pairs])
            return batch

    collator = NamingCollator(BatchSamplerCollator() if packed else PaddingCollator())
    names = [name_of(row["input_ids"], row["labels"]) for row in rows]
    batch = collator(rows)
    model = model_of()
    trainer = trainer_of(model, monkeypatch)
    log = RowLog(tmp_path, 0)
    TokenLoss(trainer, log).install()
    loss = trainer.compute_loss(model, batch, num_items_in_batch=(batch["labels"][:, 1:] != -100).sum())
    assert set(batch) == {"input_ids", "labels"}
    log.flush()
    found = list(read(tmp_path))
    assert [one.row for one in found] == names
    assert [one.n_tokens for one in found] == [trained for _, trained in ROWS]
    n_tokens = sum(one.n_tokens for one in found)
    assert sum(one.loss * one.n_tokens for one in found) / n_tokens == pytest.approx(loss.item(), abs=1e-5)
    for one, row in zip(found, rows, strict=True):  # this model sees one token at a time: a row's loss needs no context
        logits = model(torch.tensor([row["input_ids"]]))
        alone = torch.nn.functional.cross_entropy(logits[0, :-1], torch.tensor(row["labels"][1:]))
        assert one.loss == pytest.approx(alone.item(), abs=1e-5)


def test_rows_that_are_left_out_keep_their_place_and_lose_their_labels() -> None:
    from cli_tuner.backends.training_rows import NamingCollator, name_of

    rows = [{"input_ids": [1, 2, 3], "labels": [-100, 2, 3]}, {"input_ids": [4, 5, 6], "labels": [-100, 5, 6]}]
    left_out = frozenset([name_of(rows[0]["input_ids"], rows[0]["labels"])])
    import torch

    class Collator:
        def __call__(self, features: Any) -> dict[str, Any]:
            return {key: torch.tensor([row[key] for row in features]) for key in ("input_ids", "labels")}

    batch = NamingCollator(Collator(), left_out)(rows)
    assert batch["labels"].tolist() == [[-100, -100, -100], [-100, 5, 6]]
    assert batch["input_ids"].tolist() == [[1, 2, 3], [4, 5, 6]]
