"""The compose file: valid by its schema, hardened, and mounting what there is."""

import pytest
import yaml

from .places import DEPLOY, run, tool

FILE = DEPLOY / "compose.yaml"
SERVICES = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]


def test_the_file_fits_the_schema_of_compose(tmp_path):
    checker = tool("check-jsonschema", "pip install check-jsonschema (extra dev)")
    code, told = run(checker, "--builtin-schema", "vendor.compose-spec", FILE)
    assert code == 0, told
    bad = tmp_path / "compose.yaml"
    bad.write_text(FILE.read_text(encoding="utf-8").replace("shm_size:", "shmsize:"))
    assert run(checker, "--builtin-schema", "vendor.compose-spec", bad)[0] != 0


def test_there_is_a_daemon_prometheus_and_grafana():
    assert set(SERVICES) == {"crossquote", "prometheus", "grafana"}


def test_nothing_gains_rights_or_listens_beyond_this_machine():
    for name, service in SERVICES.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name


def test_the_daemon_has_a_root_that_is_read_only_and_shared_memory():
    daemon = SERVICES["crossquote"]
    assert daemon["read_only"] is True
    assert daemon["shm_size"] == "64m"
    assert any(one.startswith("/run/crossquote:") for one in daemon["tmpfs"])


def test_files_that_are_mounted_are_in_the_project_or_made_as_the_page_says():
    page = (DEPLOY.parent / "docs" / "deployment.md").read_text(encoding="utf-8")
    for secret in yaml.safe_load(FILE.read_text(encoding="utf-8"))["secrets"].values():
        assert f"deploy/{secret['file'].removeprefix('./')}" in page
    if not (DEPLOY / "prometheus").is_dir():
        pytest.skip("this build has no rules and no board")
    for service in SERVICES.values():
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert not source.startswith(".") or (DEPLOY / source).exists(), source


def test_images_of_others_have_a_version():
    for name in ("prometheus", "grafana"):
        assert SERVICES[name]["image"].rpartition(":")[2].lstrip("v")[0].isdigit()
