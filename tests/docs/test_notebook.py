"""The notebook runs from its first cell to its last, in a folder of its own."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "examples" / "recording.ipynb"
#: In a process of its own: the client's warnings are none of ours.
RUN = """
import sys
import nbclient
import nbformat

notebook = nbformat.read(sys.argv[1], as_version=4)
resources = {"metadata": {"path": "."}}
nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
"""


@pytest.mark.parametrize("name", ["nbclient", "ipykernel", "matplotlib"])
def test_what_the_notebook_needs_is_in_the_extra(name):
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (extra,) = re.findall(r"^notebook = \[(.+)\]$", text, re.MULTILINE)
    assert f'"{name}>=' in extra


def test_every_cell_runs(tmp_path):
    for name in ("nbclient", "ipykernel", "matplotlib"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed: pip install -e '.[notebook]'")
    environment = {
        **os.environ,
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "CROSSQUOTE__L2__PATH": str(tmp_path / "quotes.l2"),
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(NOTEBOOK)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_the_outputs_that_are_kept_name_no_machine():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] for cell in code)
    outputs = json.dumps(
        [
            one.get("text", one.get("data", {}).get("text/plain"))
            for cell in code
            for one in cell["outputs"]
        ]
    )
    assert "/home" not in outputs
    assert "/tmp" not in outputs
    assert "error" not in {one["output_type"] for cell in code for one in cell["outputs"]}
