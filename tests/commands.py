"""The `limen` command in this process: a process of its own takes longer than what most do."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from subprocess import CompletedProcess

import pytest

from limen import main


def limen(*words: str, typed: str = "") -> CompletedProcess[str]:
    """What it says when somebody enters `words`, and how it ends."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "stdin", io.StringIO(typed))
        code = main(words)
    return CompletedProcess(words, code, out.getvalue(), err.getvalue())
