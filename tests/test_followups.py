import json
import re
from pathlib import Path

import pytest

from rag import followups
from rag.followups import replaced, take_apart, tidy, wording
from rag.language import LANGUAGES
from rag.words import Span

TABLE = json.loads(Path(followups.__file__).with_name("followups.json").read_text("utf-8"))


def named(question, language):
    said = take_apart(question, language)
    topic = said.slice(said.topic) if said.topic else ""
    return [said.slice(s) for s in said.places], [said.slice(s) for s in said.years], topic


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_entry_and_each_is_a_pattern(language):
    assert TABLE[language].keys() == TABLE["en"].keys()
    for entry in TABLE[language]:
        if entry in ("more", "again"):
            re.compile(TABLE[language][entry])
        elif entry not in ("and", "year", "between", "after", "figure", "scope"):
            take_apart("2030", language).find(entry)
    for form in ("figure", "scope"):
        assert {"{places}", "{years}", "{topic}"} <= set(
            re.findall(r"{\w+}", wording(language)[form])
        )


@pytest.mark.parametrize(
    ("question", "language", "found"),
    [
        ("江苏2025年非化石能源消费比重是多少?", "zh", (["江苏"], ["2025年"], "非化石能源消费比重")),
        ("贵州2030年大宗固废年利用量目标?", "zh", (["贵州"], ["2030年"], "大宗固废年利用量")),
        ("山东2030年能耗比2020年下降多少?", "zh", (["山东"], ["2030年"], "能耗比2020年下降")),
        ("2030年前碳达峰行动方案的抽水蓄能目标", "zh", ([], [], "抽水蓄能")),
        ("湖南“十四五”新能源装机?", "zh", (["湖南"], ["“十四五”"], "新能源装机")),
        ("上海徐汇区2025年绿色出行比例", "zh", (["上海徐汇区"], ["2025年"], "绿色出行比例")),
        (
            "What share of non-fossil energy does Hunan plan for 2030?",
            "en",
            (["Hunan"], ["2030"], "share of non-fossil energy"),
        ),
        ("And in 2030?", "en", ([], ["2030"], "")),
        ("2030년은요?", "ko", ([], ["2030년"], "")),
        ("Und die Waldbedeckungsrate?", "de", ([], [], "Waldbedeckungsrate")),
        ("يا2030", "ar", ([], ["2030"], "يا")),
    ],
)
def test_places_years_and_topic_are_told_apart(question, language, found):
    places, years, topic = named(question, language)
    assert (places, [year.strip() for year in years], topic) == found


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("那浙江呢?", "zh"),
        ("海上风电呢", "zh"),
        ("And for Zhejiang?", "en"),
        ("what about 2030", "en"),
        ("では陝西省は?", "ja"),
        ("그럼 광둥성은요?", "ko"),
        ("Et en 2030 ?", "fr"),
        ("Und 2030?", "de"),
        ("¿Y para 2030?", "es"),
        ("А в Хунани?", "ru"),
        ("وماذا عن عام 2030؟", "ar"),
        ("E em 2030?", "pt"),
        ("E nel 2030?", "it"),
    ],
)
def test_what_only_a_follow_up_opens_or_ends_with_is_seen(question, language):
    assert take_apart(question, language).is_framed


@pytest.mark.parametrize("question", ["那些省有方案?", "那个方案怎么说", "江苏2025年目标"])
def test_other_openings_are_no_frame(question):
    assert not take_apart(question, "zh").is_framed


@pytest.mark.parametrize(
    ("question", "language", "entry"),
    [
        ("再详细一点", "zh", "more"),
        ("为什么?", "zh", "more"),
        ("还有吗", "zh", "more"),
        ("来源是什么?", "zh", "again"),
        ("Can you give me more details, please?", "en", "more"),
        ("What is the source?", "en", "again"),
        ("もっと詳しく教えてください", "ja", "more"),
        ("더 자세히 알려 주세요", "ko", "more"),
        ("Plus de détails, s'il vous plaît", "fr", "more"),
        ("Bitte genauer", "de", "more"),
        ("¿Por qué?", "es", "more"),
        ("Подробнее", "ru", "more"),
        ("المزيد من التفاصيل", "ar", "more"),
        ("mais detalhes", "pt", "more"),
    ],
)
def test_asking_for_more_or_for_the_source_is_told(question, language, entry):
    assert take_apart(question, language).is_whole(entry)


@pytest.mark.parametrize(
    "question", ["更多充电桩?", "还有哪些海上风电项目", "多少?", "为什么要发展氢能"]
)
def test_more_of_something_is_a_question_of_its_own(question):
    assert not take_apart(question, "zh").is_whole("more")


def test_a_topic_is_known_if_the_glossary_knows_most_of_it():
    assert take_apart("抽水蓄能装机", "zh").is_known
    assert not take_apart("火星上的天气怎么样?", "zh").is_known
    assert not take_apart("2030年?", "zh").is_known


def test_an_unknown_language_is_read_as_english():
    assert take_apart("and 2030?", "xx").language == "en"


def test_replacing_and_tidying_keep_the_rest():
    assert replaced("abcdef", [(Span(4, 5), "E"), (Span(0, 2), "")]) == "cdEf"
    assert tidy("  a  b , c ") == "a b, c"
