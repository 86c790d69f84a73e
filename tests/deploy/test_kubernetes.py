"""The manifests: valid by the schemas of Kubernetes, and fit for a daemon with state."""

import pytest
import yaml

from .places import DEPLOY, run, tool

FOLDER = DEPLOY / "kubernetes"
LISTED = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
OBJECTS = {
    one["kind"]: one
    for name in LISTED
    for one in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))
}
POD = OBJECTS["StatefulSet"]["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]


@pytest.fixture(scope="module")
def validate():
    return tool("kubernetes-validate", "pip install kubernetes-validate (extra dev)")


def test_every_manifest_fits_its_schema(validate, tmp_path):
    files = [FOLDER / name for name in LISTED]
    code, told = run(validate, "--strict", *files)
    assert code == 0, told
    assert told.count("passed for resource") == len(LISTED)
    bad = tmp_path / "bad.yaml"
    text = (FOLDER / "statefulset.yaml").read_text(encoding="utf-8")
    bad.write_text(text.replace("readinessProbe:", "readynessProbe:"))
    assert run(validate, "--strict", bad)[0] != 0


def test_the_kustomization_lists_every_manifest():
    there = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(LISTED) == there


def test_probes_ask_for_life_and_for_readiness_apart():
    paths = {name: CONTAINER[name]["httpGet"]["path"] for name in CONTAINER if "Probe" in name}
    assert paths == {
        "startupProbe": "/healthz",
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
    }


def test_the_pod_is_confined():
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["automountServiceAccountToken"] is False
    context = CONTAINER["securityContext"]
    assert context["readOnlyRootFilesystem"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}


def test_shared_memory_is_memory_and_bounded():
    volumes = {one["name"]: one for one in POD["volumes"]}
    mounts = {one["mountPath"]: one["name"] for one in CONTAINER["volumeMounts"]}
    assert volumes[mounts["/dev/shm"]]["emptyDir"]["medium"] == "Memory"
    assert volumes[mounts["/dev/shm"]]["emptyDir"]["sizeLimit"]


def test_there_are_requests_and_a_bound_on_memory_but_none_on_the_processor():
    resources = CONTAINER["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert set(resources["limits"]) == {"memory"}


def test_selectors_meet_the_pod():
    labels = OBJECTS["StatefulSet"]["spec"]["template"]["metadata"]["labels"]
    assert OBJECTS["Service"]["spec"]["selector"] == labels
    assert OBJECTS["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert OBJECTS["StatefulSet"]["spec"]["selector"]["matchLabels"] == labels
    assert OBJECTS["PodDisruptionBudget"]["spec"]["minAvailable"] == 1
