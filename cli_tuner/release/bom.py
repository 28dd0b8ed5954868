"""The bill of materials of a release: CycloneDX 1.7 with a model card, from recorded facts only.

Source: https://cyclonedx.org/docs/1.7/json/. No clock and no random number is in it: the serial number is made of the
weights' digest, so equal releases have equal bills.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from cli_tuner.files import dump_json
from cli_tuner.records.data import DataRecord
from cli_tuner.records.evaluation import EvaluationRecord
from cli_tuner.records.training import TrainingRecord
from cli_tuner.release.contents import DATA_RECORD, Contents

_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # RFC 4122, appendix C: names that are URLs
Component = dict[str, object]


def bill(contents: Contents, training: Mapping[str, Any]) -> str:
    """Return the bill of materials of a release as JSON."""
    record = TrainingRecord.model_validate({"subjects": {}, **training})
    data = DataRecord.read(contents.files[DATA_RECORD]) if DATA_RECORD in contents.files else None
    subjects: Mapping[str, str] = contents.record["subjects"]
    weights = {name: digest for name, digest in subjects.items() if name.endswith(".safetensors") and "/" not in name}
    base, rows = list(_base(record)), list(_rows(record))
    made_of = [one["bom-ref"] for one in (*base, *rows)]
    sources = list(_sources(data)) if data else []
    return dump_json(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.7",
            "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, ' '.join(sorted(weights.values())))}",
            "version": 1,
            "metadata": {"component": _model(contents, record, weights, rows)},
            "components": [*base, *rows, *sources, *_libraries(record)],
            "dependencies": [
                {"ref": "model", "dependsOn": made_of},
                *({"ref": one["bom-ref"], "dependsOn": [other["bom-ref"] for other in sources]} for one in rows),
            ],
        }
    )


def _model(contents: Contents, record: TrainingRecord, weights: Mapping[str, str], rows: list[Component]) -> Component:
    card: dict[str, object] = {
        "modelParameters": {
            "approach": {"type": "supervised"},
            "task": "text-generation",
            "architectureFamily": "transformer",
            "datasets": [{"ref": one["bom-ref"]} for one in rows],
            "inputs": [{"format": "text"}],
            "outputs": [{"format": "text"}],
        },
        "considerations": {
            "technicalLimitations": ["An answer may be wrong or harmful: judge every command before it runs."]
        },
    }
    measured = list(_metrics(contents, record))
    if measured:
        card["quantitativeAnalysis"] = {"performanceMetrics": measured}
    return {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "name": record.phase or contents.folder.name,
        **({"version": record.run_id} if record.run_id else {}),
        "hashes": [_hash(digest) for digest in sorted(set(weights.values()))],
        "modelCard": card,
    }


def _metrics(contents: Contents, record: TrainingRecord) -> Iterator[dict[str, object]]:
    if record.result.eval_loss_final:
        yield {"type": "evaluation loss, nats a token", "value": str(record.result.eval_loss_final.value)}
    if "evaluation.json" not in contents.files:
        return
    for name, score in EvaluationRecord.read(contents.files["evaluation.json"]).tuned.items():
        if score.value is not None:
            low, high = score.ci_low, score.ci_high
            interval = {"confidenceInterval": {"lowerBound": str(low), "upperBound": str(high)}}
            yield {"type": name, "value": str(score.value), **(interval if low is not None else {})}


def _base(record: TrainingRecord) -> Iterator[Component]:
    base = record.base_model
    if not base.name:
        return
    weights = [digest for name, digest in (base.digests or {}).items() if name.endswith(".safetensors")]
    yield {
        "type": "machine-learning-model",
        "bom-ref": "base",
        "name": base.name,
        **({"version": base.revision} if base.revision else {}),
        **({"hashes": [_hash(digest) for digest in sorted(set(weights))]} if weights else {}),
    }


def _rows(record: TrainingRecord) -> Iterator[Component]:
    for number, (name, digest) in enumerate(sorted(record.materials.data.items())):
        yield {"type": "data", "bom-ref": f"rows-{number}", "name": name, "hashes": [_hash(digest)]}


def _sources(data: DataRecord) -> Iterator[Component]:
    for number, source in enumerate(data.sources):
        licence = {"licenses": [{"license": {"name": source.licence}}]} if source.licence else {}
        for place, part in enumerate(source.parts):
            hashes = [_hash(digest) for digest in sorted(set(part.files.values()))]
            yield {
                "type": "data",
                "bom-ref": f"source-{number}-{place}",
                "name": f"{part.hub}/{part.name}" if part.hub else part.name,
                **({"version": part.commit} if part.commit else {}),
                **({"hashes": hashes} if hashes else {}),
                **licence,
            }


def _libraries(record: TrainingRecord) -> Iterator[Component]:
    for name, version in sorted(record.packages.items()):
        if version:
            purl = f"pkg:pypi/{name.lower().replace('_', '-')}@{version.replace('+', '%2B')}"
            yield {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _hash(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}
