import pytest

from rag.conversation import resolve, without_told
from rag.types import Answer, Chunk, Citation, Document, Hit

TEXT = (
    "到2025年,风电装机达到2800万千瓦。到2030年,森林覆盖率达到24%。推进屋顶光伏建设,新建厂房全覆盖。"
)
PLAN = Document("p033", "江苏省碳达峰实施方案", TEXT, "d.txt", region="江苏省", language="zh")
JIANGSU = "江苏2025年非化石能源消费比重是多少?"
HUNAN = "What share of non-fossil energy does Hunan plan for 2025?"


def cited(start, end, document=PLAN):
    quote = document.text[start:end]
    return Citation(1, quote, document, (), (), start, end, 1.0)


QUOTES = (cited(0, 19),)


def answered(question, language="zh", *, refused=False, resolved="", citations=QUOTES):
    return Answer(question, "…", refused, citations, language, "embedded", resolved=resolved)


def meant(question, *before, language="zh"):
    history = [b if isinstance(b, Answer) else answered(b, language) for b in before]
    found = resolve(question, history)
    return found.question if found else ""


@pytest.mark.parametrize(
    ("question", "whole"),
    [
        ("那2030年呢?", "江苏2030年非化石能源消费比重是多少?"),
        ("2030呢", "江苏2030年非化石能源消费比重是多少?"),
        ("那浙江呢?", "浙江2025年非化石能源消费比重是多少?"),
        ("浙江省", "浙江省2025年非化石能源消费比重是多少?"),
        ("浙江2030年?", "浙江2030年非化石能源消费比重是多少?"),
        ("那湖南、湖北呢?", "湖南和湖北2025年非化石能源消费比重是多少?"),
        ("不对,我问的是2030年", "江苏2030年非化石能源消费比重是多少?"),
        ("我问的是浙江", "浙江2025年非化石能源消费比重是多少?"),
        ("由谁负责?", "江苏非化石能源消费比重由谁负责?"),
        ("哪个部门牵头?", "江苏非化石能源消费比重哪个部门牵头?"),
        ("森林覆盖率呢?", "江苏2025年森林覆盖率是多少?"),
        ("森林覆盖率是多少?", "江苏2025年森林覆盖率是多少?"),
        ("那2030年的森林覆盖率呢?", "江苏2030年森林覆盖率是多少?"),
        ("那浙江的森林覆盖率呢?", "2025年浙江的森林覆盖率?"),
        ("它2030年的目标是多少?", "江苏2030年非化石能源消费比重是多少?"),
        ("它的目标年份是?", "江苏非化石能源消费比重目标年份是?"),
        ("该省的森林覆盖率是多少?", "江苏2025年森林覆盖率是多少?"),
        ("该省有哪些措施?", "江苏有哪些措施?"),
        ("该省还有哪些措施?", "江苏非化石能源消费比重还有哪些措施?"),
        ("谁负责?", "江苏非化石能源消费比重谁负责?"),
        ("具体是多少?", JIANGSU),
        ("再详细一点", JIANGSU),
        ("来源?", JIANGSU),
        ("和上海比呢?", "江苏和上海2025年非化石能源消费比重是多少?"),
    ],
)
def test_a_follow_up_is_filled_in_from_the_question_before(question, whole):
    assert meant(question, JIANGSU) == whole


@pytest.mark.parametrize(
    ("language", "before", "question", "whole"),
    [
        ("en", HUNAN, "and for Zhejiang?", HUNAN.replace("Hunan", "Zhejiang")),
        ("en", HUNAN, "And forest coverage?", "What forest coverage does Hunan plan for 2025?"),
        ("en", HUNAN, "When?", "Hunan, share of non-fossil energy: When?"),
        ("ja", "江蘇省の2025年の森林率は?", "浙江省はどうですか", "浙江省の2025年の森林率は?"),
        ("ja", "江蘇省の2025年の森林被覆率は?", "浙江省?", "浙江省の2025年の森林被覆率は?"),
        ("ko", "장쑤성의 2025년 산림피복률은?", "2030년은요?", "장쑤성의 2030년 산림피복률은?"),
        (
            "fr",
            "Quelle part d'énergie non fossile le Jiangsu vise-t-il pour 2025 ?",
            "et pour le Zhejiang ?",
            "Quelle part d'énergie non fossile le Zhejiang vise-t-il pour 2025 ?",
        ),
        (
            "de",
            "Wie will Hebei die Stahlindustrie umbauen?",
            "Und die Zementindustrie?",
            "Wie will Hebei die Zementindustrie umbauen?",
        ),
        ("es", "¿Qué cobertura forestal fija Anhui para 2025?", "¿Y para 2030?",
         "¿Qué cobertura forestal fija Anhui para 2030?"),
        ("ru", "Какая лесистость в Шэньси на 2025 год?", "А в Хунани?",
         "Какая лесистость в Хунани на 2025 год?"),
        ("ar", "ما نسبة الغطاء الحرجي في جيانغسو عام 2025؟", "وماذا عن عام 2030؟",
         "ما نسبة الغطاء الحرجي في جيانغسو عام 2030؟"),
        ("pt", "Qual é a cobertura florestal de Hebei para 2025?", "E em 2030?",
         "Qual é a cobertura florestal de Hebei para 2030?"),
    ],
)  # fmt: skip
def test_in_every_language(language, before, question, whole):
    assert meant(question, before, language=language) == whole


@pytest.mark.parametrize(
    "question",
    [
        "浙江2030年森林覆盖率目标是多少?",
        "浙江有哪些措施?",
        "什么是碳汇?",
        "哪些省提出了抽水蓄能目标?",
        "国家碳达峰方案2030年抽水蓄能目标是多少?",
        "花出去的减碳钱有没有人查效果,财政系统怎么管?",
        "企业把自己排的碳报少了造假,国家环保部门的协同方案打算怎么对付?",
        "临港那边的综合能源项目里,烧气的发电有多大?",
        "How many charging piles will Shanghai have in 2025?",
        "Which provinces set a target for pumped storage?",
        "谢谢",
        "???",
    ],
)
def test_a_question_that_stands_by_itself_is_left_alone(question):
    assert resolve(question, [answered(JIANGSU)]) is None


def test_without_history_nothing_is_a_follow_up():
    assert resolve("那浙江呢?", []) is None


def test_a_baseline_year_is_not_the_year_asked():
    before = "山东2030年单位GDP能耗比2020年下降多少?"
    assert meant("2025年呢?", before) == "山东2025年单位GDP能耗比2020年下降多少?"


def test_two_places_or_years_of_one_breath_are_replaced_together():
    before = "江苏和湖南2025年和2030年森林覆盖率各是多少?"
    assert meant("那浙江2060年呢?", before) == "浙江2060年森林覆盖率各是多少?"


def test_a_title_whose_place_is_replaced_loses_its_marks():
    before = "《湖南省碳达峰实施方案》中2030年森林覆盖率是多少?"
    assert meant("那浙江呢?", before) == "浙江碳达峰实施方案中2030年森林覆盖率是多少?"


def test_a_chain_goes_on_from_what_was_resolved():
    second = answered("那浙江呢?", resolved="浙江2025年森林覆盖率是多少?")
    assert meant("2030年呢?", JIANGSU, second) == "浙江2030年森林覆盖率是多少?"


def test_a_turn_without_a_topic_is_passed_over():
    mars = answered("火星上的天气怎么样?", refused=True)
    assert meant("那浙江呢?", JIANGSU, mars, answered("谢谢", refused=True)).startswith(
        "浙江2025年"
    )


def test_a_refused_question_with_a_topic_is_gone_on_from():
    refused = answered("甘肃2025年森林覆盖率是多少?", refused=True)
    assert meant("那浙江呢?", JIANGSU, refused) == "浙江2025年森林覆盖率是多少?"


@pytest.mark.parametrize(
    ("before", "language", "question", "spoken", "parts"),
    [
        (JIANGSU, "zh", "And for Zhejiang?", "en", ["Zhejiang", "2025", "non-fossil"]),
        (JIANGSU, "zh", "Und in Hebei?", "de", ["Hebei", "2025", "ossil"]),
        (HUNAN, "en", "那浙江2030年呢?", "zh", ["浙江2030年非化石能源消费比重是多少?"]),
        (
            "How will Shandong develop offshore wind?",
            "en",
            "那江苏呢?",
            "zh",
            ["江苏怎么推进海上风电?"],
        ),
    ],
)
def test_another_language_is_answered_in_it(before, language, question, spoken, parts):
    found = resolve(question, [answered(before, language)])
    assert found.language == spoken
    assert all(part in found.question for part in parts)


def test_that_plan_is_the_one_quoted_first_and_is_named_and_kept_to():
    found = resolve("刚才那个方案的森林覆盖率目标是多少?", [answered(JIANGSU)])
    assert found.question == "《江苏省碳达峰实施方案》的森林覆盖率目标是多少?"
    assert found.work == "p033"
    assert "江苏" not in found.searched
    english = resolve("What does that plan say about coal?", [answered(HUNAN, "en")])
    assert english.work == "p033"
    assert "江苏省碳达峰实施方案" in english.question


def test_that_plan_needs_an_answer_that_quoted_one():
    assert resolve("该方案的主要目标?", [answered(JIANGSU, citations=())]) is None


def test_that_province_is_the_region_quoted_where_none_was_named():
    assert meant("该省的森林覆盖率是多少?", "2025年风电装机2800万千瓦是谁的目标?").startswith(
        "2025年江苏省"
    )


def test_more_knows_what_was_told_on_the_same_question_alone():
    older = answered("湖南2025年风电?", citations=(cited(40, 50),))
    again = answered("再详细一点", resolved=JIANGSU, citations=(cited(20, 38),))
    found = resolve("还有吗?", [older, answered(JIANGSU), again])
    assert found.deepens
    assert [(c.start, c.end) for c in found.told] == [(20, 38), (0, 19)]
    source = resolve("来源是什么?", [answered(JIANGSU)])
    assert source.deepens
    assert source.told == ()


def test_hits_lose_what_was_told_and_keep_the_rest_in_order():
    hit = Hit(Chunk(PLAN, 0, len(TEXT)), 0.5)
    left = without_told([hit], [cited(21, 38)])
    assert [h.chunk.text for h in left] == [TEXT[:21], TEXT[38:]]
    assert {h.score for h in left} == {0.5}
    assert without_told([hit], [cited(0, len(TEXT))]) == ()
    assert without_told([hit], []) == (hit,)


ZHEJIANG_TOO = answered("浙江呢?", resolved="浙江2025年非化石能源消费比重是多少?")
HEBEI_TOO = answered("And Hebei?", "en", resolved=HUNAN.replace("Hunan", "Hebei"))
BOTH = "江苏省和浙江省2025年非化石能源消费比重"


@pytest.mark.parametrize(
    ("question", "whole"),
    [
        ("这两个省哪个高?", f"{BOTH}哪个高?"),
        ("哪个更高?", f"{BOTH}哪个更高?"),
        ("高多少?", f"{BOTH}高多少?"),
        ("两省2030年呢?", "江苏省和浙江省非化石能源消费比重2030年?"),
        ("两者的森林覆盖率呢?", "江苏省和浙江省2025年的森林覆盖率?"),
        ("提高多少?", "浙江2025年提高是多少?"),
    ],
)
def test_both_are_the_two_places_last_spoken_of(question, whole):
    assert meant(question, JIANGSU, ZHEJIANG_TOO) == whole


def test_which_is_higher_is_asked_of_every_place_compared_before():
    before = "广东、福建、浙江2030年非化石能源消费比重分别是多少?"
    assert meant("哪个最高?", before) == "广东省、福建省、浙江省2030年非化石能源消费比重哪个最高?"


def test_with_one_place_spoken_of_there_are_no_two():
    assert "和" not in meant("哪个更高?", JIANGSU)


@pytest.mark.parametrize(
    ("question", "asked"),
    [("Which of the two is higher?", "Which is higher?"), ("by how much?", "by how much?")],
)
def test_both_are_known_in_english_too(question, asked):
    found = meant(question, answered(HUNAN, "en"), HEBEI_TOO)
    assert found == f"Hunan and Hebei, 2025, share of non-fossil energy: {asked}"
