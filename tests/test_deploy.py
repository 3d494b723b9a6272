"""docs/compose.yaml holds together; the commands in it and in docs/deploy.md are real ones."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from rag.cli.parser import build_parser
from rag.web.gate import Address

DOCS = Path(__file__).parents[1] / "docs"
COMPOSE = yaml.safe_load((DOCS / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["command"][0] == "rag"}
_LINE = re.compile(r"^(?:[A-Z_]+=\S+ )*rag (?P<rest>[^#\n]*)", re.MULTILINE)
LINES = _LINE.findall((DOCS / "deploy.md").read_text(encoding="utf-8"))


def options(service):
    return build_parser().parse_args(service["command"][1:])


def test_milvus_a_language_model_and_the_page_are_there():
    assert {"milvus", "vllm", "index", "page"} <= set(SERVICES)
    assert set(OURS) == {"index", "page"}


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_every_image_has_a_whole_version(service):
    name, _, version = service["image"].partition(":")
    assert re.fullmatch(r"[\w./-]+", name)
    assert re.fullmatch(r"v?\d+\.\d+\.\d+", version)


def test_the_image_of_ours_is_built_on_a_whole_version_of_files_that_are_there():
    steps = OURS["page"]["build"]["dockerfile_inline"].splitlines()
    assert re.fullmatch(r"FROM python:3\.\d+\.\d+-slim-\w+", steps[0])
    copied = [step.split()[1:-1] for step in steps if step.startswith("COPY")]
    context = (DOCS / OURS["page"]["build"]["context"]).resolve()
    assert all((context / name).exists() for names in copied for name in names)
    assert all(OURS[name]["build"] == OURS["page"]["build"] for name in OURS)


def test_what_services_name_is_declared():
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        assert {c["source"] for c in service.get("configs", ())} <= set(COMPOSE["configs"])
        sources = [volume.split(":")[0] for volume in service["volumes"]]
        assert all(s in COMPOSE["volumes"] or (DOCS / s).exists() for s in sources)
    for name, needed in SERVICES["page"]["depends_on"].items():
        checked = "healthcheck" in SERVICES[name]
        assert needed["condition"] != "service_healthy" or checked


def test_no_port_is_open_to_other_machines():
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_page_reads_the_index_that_is_written_and_asks_the_model_that_is_served():
    written, page = options(OURS["index"]), options(OURS["page"])
    assert (written.store, written.uri) == ("milvus", "http://milvus:19530")
    assert written.index == page.index
    assert page.generator == "http://vllm:8000/v1"
    assert [path.as_posix() for path in written.paths] == ["/documents"]
    held = OURS["index"]["volumes"]
    assert {"indexes:/indexes", "../corpus:/documents:ro"} <= set(held)
    Address(page.host, page.port, "anna:SECRET").check()
    assert "TANWEN_AUTH" in OURS["page"]["environment"]


def test_etcd_inside_milvus_is_given_settings_that_are_yaml():
    settings = yaml.safe_load(COMPOSE["configs"]["etcd"]["content"])
    assert settings["listen-client-urls"] == "http://0.0.0.0:2379"
    assert (
        SERVICES["milvus"]["environment"]["ETCD_CONFIG_PATH"]
        == (SERVICES["milvus"]["configs"][0]["target"])
    )


@pytest.mark.parametrize("line", LINES)
def test_every_command_of_the_guide_is_one_of_the_program(line):
    assert build_parser().parse_args(shlex.split(line)).run


def test_the_guide_has_commands():
    assert len(LINES) >= 5
