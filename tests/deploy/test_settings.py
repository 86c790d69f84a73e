"""What is set in files of the deployment is known to the daemon."""

import re

import pytest
import yaml

from cli.settings import Settings, load

from .places import DEPLOY, ROOT

_SET = re.compile(r"\b(CROSSQUOTE__\w+)(?:=|: |, value: )([^\s,}\\]*)")
FILES = [
    ROOT / "Dockerfile",
    DEPLOY / "compose.yaml",
    DEPLOY / "systemd" / "crossquote.service",
    DEPLOY / "kubernetes" / "statefulset.yaml",
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_overrides_in_the_environment_are_accepted(path):
    found = {
        name: value.strip("\"'") for name, value in _SET.findall(path.read_text(encoding="utf-8"))
    }
    if any("__API__" in name for name in found) and "api" not in Settings.__struct_fields__:
        pytest.skip("this build has no API")
    loaded = load(ROOT / "config.yaml", found)
    assert sum(origin.kind == "environment" for _, _, origin in loaded.leaves()) == len(found)


def test_the_configuration_of_the_pod_is_accepted(tmp_path):
    manifest = DEPLOY / "kubernetes" / "configmap.yaml"
    data = yaml.safe_load(manifest.read_text(encoding="utf-8"))["data"]
    file = tmp_path / "config.yaml"
    file.write_text(data["config.yaml"])
    settings = load(file, {}).settings
    pod = yaml.safe_load((DEPLOY / "kubernetes" / "statefulset.yaml").read_text(encoding="utf-8"))
    (container,) = pod["spec"]["template"]["spec"]["containers"]
    mounted = [one["mountPath"] for one in container["volumeMounts"] if not one.get("readOnly")]
    written = (
        settings.recording.dir,
        settings.l2.path,
        settings.control.socket,
        settings.trading.halt_file,
    )
    for path in written:
        assert any(path.startswith(f"{place}/") for place in mounted), path
