"""A small corpus that every test may read: three plans of a compilation, a page in English."""

import shutil
from pathlib import Path

import pytest

from rag import Assistant

JIANGSU = (
    "江苏省《江苏省碳达峰实施方案》https://example.cn/jiangsu.html"
    "一、主要目标。到2025年,全省非化石能源消费比重达到18%左右,风电装机达到2800万千瓦以上。"
    "到2030年,全省森林覆盖率第1页稳定在24.1%以上。"
    "二、重点任务。(一)推进屋顶光伏建设,新建厂房屋顶光伏覆盖率达到50%。第2页"
)
HUNAN = (
    "湖南省《湖南省碳达峰实施方案》https://example.cn/hunan.html"
    "一、主要目标。到2025年,全省非化石能源消费比重达到22%左右。"
    "二、重点任务。(一)发展抽水蓄能,装机规模达到155万千瓦。第3页"
    "(二)推广新能源汽车,城市公交车全部更换为新能源汽车。第4页"
)
SHANGHAI = (
    "上海市《上海市碳达峰实施方案(征求意见稿)》https://example.cn/shanghai.html"
    "一、主要目标。到2025年,全市非化石能源消费比重力争达到20%。"
    "二、重点任务。(一)建设海上风电基地,近海风电装机达到260万千瓦。第5页"
)
ENGLISH = """---
title: Rooftops of Harbour Street
---
# Rooftops of Harbour Street

The co-operative keeps 37 beehives on its roofs. Its librarian lends 412 seed packets a year.
"""


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Path:
    """A folder with the compilation, in pages 1 to 5, and the English page; not to be changed."""
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "plans.txt").write_text(JIANGSU + HUNAN + SHANGHAI, encoding="utf-8")
    (folder / "rooftops.md").write_text(ENGLISH, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def built(corpus, tmp_path_factory) -> Path:
    """The index of the corpus; not to be changed."""
    folder = tmp_path_factory.mktemp("built") / "index"
    Assistant.build([corpus], index=folder)
    return folder


@pytest.fixture
def index_folder(built, tmp_path) -> Path:
    """The index of the corpus, at a place of its own that a test may change."""
    return Path(shutil.copytree(built, tmp_path / "indexes" / "small"))


@pytest.fixture(scope="session")
def assistant(built) -> Assistant:
    return Assistant.load(built)
