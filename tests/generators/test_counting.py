import pytest

from rag.generators.counting import find_counts
from rag.query import understand


@pytest.mark.parametrize(
    ("question", "counts"),
    [
        ("国家十大行动有哪些?", {10: "行动"}),
        ("江苏碳达峰八大专项行动", {8: "行动"}),
        ("两大任务和十二项措施是什么?", {2: "任务", 12: "措施"}),
        ("第三大行动是什么?", {}),
        ("三个省的目标", {3: "省的"}),
        ("2030年一个省的目标", {}),
        ("What are the ten major actions of the national plan?", {10: "行动"}),
        ("List the 12 key tasks.", {12: "任务"}),
        ("Quelles sont les dix actions du Qinghai ?", {10: "行动"}),
        ("Was sind die zehn Maßnahmen des Staatsrats?", {10: "措施"}),
        ("Какие десять действий названы в плане?", {10: "行动"}),
        ("安徽省の12の行動は?", {12: "行动"}),
        ("国の十大行動は何ですか", {10: "行动"}),
        ("국가의 10대 행동은?", {10: "行动"}),
    ],
)
def test_items_are_counted_in_words_and_figures_of_each_language(question, counts):
    assert find_counts(understand(question)) == counts
