"""Finds in text what nobody meant to send: mail addresses, tokens, numbers of cards and persons."""

from collector.detect.detectors import ERROR, Detectors, Scan

__all__ = ["ERROR", "Detectors", "Scan"]
