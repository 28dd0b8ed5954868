"""Findings of the analyser, as a report shows them."""

from __future__ import annotations


def finding_text(finding: object) -> str:
    """Return a finding of the analyser as one line."""
    if not isinstance(finding, dict):
        return str(finding)
    return f"{finding.get('rule_id', '?')}: {finding.get('why', '')}"
