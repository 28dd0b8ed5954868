"""The tensors of a merge, behind the port that `release.merge` takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cli_tuner.backends import hf_merge
from cli_tuner.ports import Change, Message
from cli_tuner.records.merge import MergedWeights

_ADAPTER = "adapter_model.safetensors"


class HfWeights:
    """Reads, merges and compares models in safetensors; torch is loaded when tensors are."""

    def shapes(self, folder: Path) -> dict[str, list[int]]:
        """Return the shape of every tensor of an adapter, or else of the model, in `folder`."""
        adapter = folder / _ADAPTER
        return hf_merge.headers([adapter] if adapter.is_file() else hf_merge.shards(folder))[0]

    def write(
        self, base: Path, adapter: Path, changes: Mapping[str, Change], out: Path, *, float32: bool
    ) -> MergedWeights:
        """Write the merged weights; see `hf_merge.write_merged`."""
        return hf_merge.write_merged(base, adapter, changes, out, float32=float32)

    def prove(
        self,
        base: Path,
        adapter: Path,
        merged: Path,
        chats: Sequence[Sequence[Message]],
        max_new_tokens: int,
        *,
        four_bit: bool,
    ) -> dict[str, object]:
        """Compare the merged model with the adapter; see `hf_parity.Proof`."""
        from cli_tuner.backends.hf_parity import Proof

        return Proof(base, adapter, merged, chats, max_new_tokens).run(four_bit=four_bit)
