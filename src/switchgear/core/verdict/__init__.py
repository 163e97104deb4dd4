"""Owns what an error or an answer means, as tables; acting on it is left to the policy."""

from __future__ import annotations

from switchgear.core.verdict.answer import Answer
from switchgear.core.verdict.classifier import class_verdict, classify
from switchgear.core.verdict.judgement import judge

__all__ = ["Answer", "class_verdict", "classify", "judge"]
