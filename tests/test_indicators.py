import re
from pathlib import Path

from rag.indicators import load_aliases, load_indicators, same_indicators
from rag.targets import TargetTable

TABLE = Path(__file__).parents[1] / "corpus/targets.csv"


def test_every_rule_is_a_pattern_that_never_matches_nothing():
    for rule in load_indicators():
        assert rule.name, rule
        assert rule.en, rule
        assert rule.said or rule.after, rule
        re.compile(rule.after)
        assert not (rule.said and rule.pattern.fullmatch("")), rule


def test_names_of_aliases_and_synonyms_are_those_of_the_table():
    known = {row.indicator for row in TargetTable.read(TABLE).rows}
    assert set(load_aliases()) <= known
    assert same_indicators("绿色工厂") == {"绿色工厂", "绿色工厂数量"}
    assert all(same_indicators(name) <= known for name in known)


def test_a_name_without_others_is_the_same_as_itself():
    assert same_indicators("森林覆盖率") == {"森林覆盖率"}
