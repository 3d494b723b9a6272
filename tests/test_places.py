from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.places import (
    find_mentions,
    find_places,
    fold,
    load_places,
    places_of,
    without_places,
)
from rag.types import Document, Place


def names(text):
    return [place.name for place in find_places(text)]


def mentioned(text):
    return [text[mention.start : mention.end] for mention in find_mentions(text)]


@given(st.text())
def test_folding_keeps_the_length(text):
    assert len(fold(text)) == len(text)


@given(st.text())
def test_every_mention_is_a_slice_and_none_overlaps_another(text):
    text = f"{text}江苏{text}Hunan{text}"
    spans = list(dict.fromkeys((m.start, m.end) for m in find_mentions(text)))
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("HÉNÀN", "henan"),
        ("Ürümqi", "urumqi"),
        ("Cantão", "cantao"),
        ("ШАНЬСИ", "шаньси"),
        ("Jing’an", "jing'an"),
        ("Straße", "straße"),
        ("碳达峰ABC", "碳达峰abc"),
    ],
)
def test_folding_drops_case_accents_and_curly_apostrophes(text, folded):
    assert fold(text) == folded


def test_short_i_is_a_letter_of_its_own():
    assert fold("Аньхой") != fold("Аньхои")


def test_mentions_come_in_order_with_their_offsets():
    text = "比较江苏和Hunan的目标"
    mentions = find_mentions(text)
    assert [(m.place.name, m.start, m.end) for m in mentions] == [
        ("江苏省", 2, 4),
        ("湖南省", 5, 10),
    ]


def test_a_place_named_twice_is_found_once_and_mentioned_twice():
    assert names("江苏与湖南,江苏省在先") == ["江苏省", "湖南省"]
    assert mentioned("江苏与湖南,江苏省在先") == ["江苏", "湖南", "江苏省"]


def test_a_place_carries_its_level_and_the_place_around():
    assert find_places("绵阳") == (Place("绵阳市", "city", "四川省"),)


@pytest.mark.parametrize(
    ("text", "longest"),
    [
        ("吉林省的目标", "吉林省"),
        ("上海市徐汇区", "上海市徐汇区"),
        ("国务院国资委", "国务院国资委"),
        ("Inner Mongolia", "Inner Mongolia"),
        ("People's Bank of China", "People's Bank of China"),
    ],
)
def test_the_longest_name_wins(text, longest):
    assert mentioned(text) == [longest]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("上海南部", ["上海市"]),
        ("陕西安康", ["陕西省", "安康市"]),
        ("陕西西安", ["陕西省", "西安市"]),
        ("吉林省与吉林市", ["吉林省"]),
        ("江西南昌", ["江西省", "南昌市"]),
        ("广东西部", ["广东省"]),
        ("海南海口", ["海南省", "海口市"]),
        ("黄河河南段", ["河南省"]),
        ("集中国家力量", []),
        ("其中国有企业", []),
        ("健全国土空间规划", []),
        ("保障安全国家标准", []),
        ("发展中国家", []),
        ("有机无机复合肥", []),
        ("巩固原有林地", []),
        ("西南通道", []),
        ("最大连续出力", []),
        ("形成都市圈", []),
        ("成都都市圈", ["成都市"]),
        ("珠江西岸和黄河北岸", []),
        ("沿海口岸", []),
        ("中央空调", []),
        ("平安康养", []),
        ("中国家电", ["中国"]),
        ("全国", ["中国"]),
    ],
)
def test_a_name_across_two_chinese_words_is_none(text, found):
    assert names(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("教育部", ["教育部"]),
        ("教育部门", []),
        ("教育部、财政部", ["教育部", "财政部"]),
        ("交通运输部门和交通运输部", ["交通部"]),
        ("科技部署", []),
    ],
)
def test_a_department_of_some_kind_is_no_ministry(text, found):
    assert names(text) == found


@pytest.mark.parametrize(
    "text",
    ["Henanese", "NewHenan", "xHunan", "Hunanx", "Цзянсуский", "КитайX", "جيانغسوية", "ラサール"],
)
def test_part_of_a_word_is_no_name(text):
    assert names(text) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Pékin,", "北京市"),
        ("PEKIN 2030", "北京市"),
        ("Pekings Ziele", "北京市"),
        ("Hunan's target", "湖南省"),
        ("Jing’an", "上海市静安区"),
        ("Jing'an", "上海市静安区"),
        ("Ürümqi", "乌鲁木齐市"),
        ("Urumqi", "乌鲁木齐市"),
        ("в Пекине", "北京市"),
        ("план Аньхоя", "安徽省"),
        ("РАЗВИТИЕ ЦЗЯНСУ", "江苏省"),
        ("jiangsu-plan", "江苏省"),
        ("江蘇省の目標", "江苏省"),
        ("マカオの計画", "澳门"),
        ("장쑤성의 목표는", "江苏省"),
        ("في جيانغسو", "江苏省"),
        ("وجيانغسو", "江苏省"),
        ("Cantão", "广州市"),
        ("der Tianjiner Hafen", "天津市"),
    ],
)
def test_names_are_known_in_other_languages_and_forms(text, place):
    assert names(text) == [place]


def test_one_name_of_two_places_gives_both():
    assert names("산시성의 목표") == ["山西省", "陕西省"]
    first, second = find_mentions("산시성의 목표")
    assert (first.start, first.end) == (second.start, second.end) == (0, 3)


def test_two_places_that_go_by_one_name_are_named_by_it():
    assert names("川渝共建什么?") == names("成渝方案") == ["重庆市", "四川省"]


def test_a_korean_name_begins_a_word_or_follows_another_name():
    assert names("도시안전") == []
    assert names("시안") == ["西安市"]
    assert names("중국장쑤성난징시") == ["中国", "江苏省", "南京市"]


@pytest.mark.parametrize("text", ["", " ", "。", "2030", "a", "省"])
def test_a_text_without_a_name_has_none(text):
    assert find_mentions(text) == ()


def test_every_place_of_the_table_is_found_by_its_main_name():
    places = load_places()
    assert len(places) == len({place.name for place in places}) >= 100
    for place in places:
        assert place in find_places(place.name), place


def test_all_34_provinces_are_in_the_table():
    assert sum(place.level == "province" for place in load_places()) == 34


def test_every_place_lies_within_another_of_the_table():
    known = {place.name for place in load_places()}
    for place in load_places():
        assert place.within in known or place.name == "中国", place


def test_a_document_is_of_its_region_and_of_the_places_in_its_title():
    document = Document("a", "无锡市新吴区碳达峰方案", "正文提到江苏", "a.txt", region="无锡市")
    assert places_of(document) == {"无锡市", "无锡市新吴区"}
    assert places_of(Document("b", "notes", "江苏", "b.txt")) == frozenset()


def test_a_document_of_the_nation_is_of_the_bodies_that_speak_for_it():
    document = Document("a", "碳达峰行动方案", "正文", "a.txt", region="全国")
    assert places_of(document) == {"全国", "中国", "中共中央国务院", "国务院"}


def test_a_text_without_its_places_keeps_the_rest():
    assert without_places("江苏和浙江的目标") == " 和 的目标"
    assert without_places("Jiangsu's targets") == " 's targets"
    assert without_places("海上风电") == "海上风电"
    assert without_places("川渝2030年的目标") == " 2030年的目标"
