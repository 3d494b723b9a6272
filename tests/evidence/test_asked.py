import pytest

from rag.evidence.asked import years_in


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("产值2025年突破340亿元,2030年达700亿元。", {2025, 2030}),
        ("比2020年下降13.5%,2030年前达峰", set()),
        ("“十四五”期间新增50万千瓦", {2025}),
        ("落实“十四五”规划", set()),
        ("1,2030吨", set()),
    ],
)
def test_years_stated_are_read_after_a_comma_and_from_plans(text, years):
    assert years_in(text) == years
