"""What a reader gets when a language model writes: from a scripted server to the Answer."""

import json
import re
import sys
from pathlib import Path

import pytest
from generators.serving import Breaks, Fails, Says, serving

from rag import Answer, Assistant, Settings, cli
from rag.errors import BadRequest, ModelFailed
from rag.evaluation.metrics import citation_violations, stray_figures
from rag.generators import server as module

QUESTION = "江苏2025年风电装机目标是多少?"
SOUND = "江苏省2025年风电装机达到2800万千瓦以上[{n}]。"
FALSE = "江苏省2025年风电装机达到3100万千瓦[{n}]。"
LEFT_OUT = "(部分内容未能在引文中核实,已略去。)"
INJECTED = [
    json.loads(line)
    for line in Path(__file__).with_name("injected.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setattr(module, "_FIRST_WAIT_S", 0.001)
    monkeypatch.delenv(module.KEY, raising=False)


def load(built, server, **settings):
    given = {"generator": server.url, "model": "tiny", "timeout_s": 10.0} | settings
    return Assistant.load(built, settings=Settings(**given))


def number(assistant, region, question=QUESTION):
    """The number that the prompt gives the first passage of a region."""
    hits = assistant.search(question, top_k=8)
    return next(i for i, hit in enumerate(hits, 1) if hit.chunk.document.region == region)


def reply(built, text, question=QUESTION, **fields):
    """The pieces and the answer to a text in which {n} stands for Jiangsu's passage."""
    n = number(Assistant.load(built), "江苏省")
    with serving(Says(text.replace("{n}", str(n)), **fields)) as server:
        *pieces, answer = load(built, server).stream(question)
    check(pieces, answer)
    return answer


def check(pieces, answer):
    assert isinstance(answer, Answer)
    assert "".join(pieces) == answer.text
    assert all(pieces)
    assert citation_violations(answer) == ()
    assert stray_figures(answer) == ()


def test_a_good_answer_is_given_with_the_quote_it_rests_on(built):
    answer = reply(built, SOUND)
    assert answer.text == "江苏省2025年风电装机达到2800万千瓦以上。[1]"
    (citation,) = answer.citations
    assert citation.document.region == "江苏省"
    assert "2800万千瓦" in citation.quote
    assert (answer.refused, answer.left_out) == (False, 0)
    assert answer.generator.startswith("http://127.0.0.1")


def test_an_answer_without_markers_gets_them(built):
    answer = reply(built, SOUND.replace("[{n}]", ""))
    assert answer.text.endswith("[1]")
    assert answer.citations[0].document.region == "江苏省"


@pytest.mark.parametrize(
    "marker", ["[99]", "[0]", "[2][3][4]", "【{n}】", "[{n}][{n}]", "[{n}, 77]"]
)
def test_markers_are_set_right_whatever_the_model_wrote(built, marker):
    answer = reply(built, SOUND.replace("[{n}]", marker))
    assert answer.text == "江苏省2025年风电装机达到2800万千瓦以上。[1]"
    assert answer.citations[0].document.region == "江苏省"


def test_a_false_statement_is_left_out_and_the_answer_says_so(built):
    answer = reply(built, f"{SOUND}{FALSE}")
    assert answer.text == f"江苏省2025年风电装机达到2800万千瓦以上。[1]\n\n{LEFT_OUT}"
    assert answer.left_out == 1
    assert not answer.refused


def test_of_nothing_but_false_statements_a_refusal_is_left(built):
    answer = reply(built, FALSE)
    assert answer.refused
    assert answer.left_out == 1
    assert "3100" not in answer.text
    assert answer.text.endswith(LEFT_OUT)


def test_a_model_that_finds_no_answer_refuses(built):
    answer = reply(built, "NO_ANSWER")
    assert answer.refused
    assert answer.left_out == 0
    assert answer.text.startswith("文档没有回答这个问题")


def test_what_was_cut_off_is_left_out(built):
    answer = reply(built, f"{SOUND}江苏省2025年非化石能源消费比重", finish="length")
    assert answer.left_out == 1
    assert answer.text.count("[1]") == 1


def test_paragraphs_and_lists_keep_their_form(built):
    lines = ("江苏省风电装机达到2800万千瓦以上", "江苏省新建厂房屋顶光伏覆盖率达到50%")
    text = "目标如下:" + "".join(f"\n- {line}[{{n}}]" for line in lines)
    answer = reply(built, text)
    first, second = answer.text.split("\n")
    assert (first[-3:], second[-3:]) == ("[1]", "[2]")
    assert answer.left_out == 0


@pytest.mark.parametrize("row", INJECTED, ids=lambda row: row["id"])
def test_an_answer_that_obeys_an_injected_passage_reaches_nobody(row, tmp_path):
    (tmp_path / "plan.md").write_text(f"---\ntitle: 方案\n---\n{row['text']}\n", encoding="utf-8")
    Assistant.build([tmp_path / "plan.md"], index=tmp_path / "index")
    sound = {"zh": "到2030年,江苏省非化石能源消费比重达到25%左右[1]。\n"}
    begins = sound.get(row["language"], "By 2030 the share of Jiangsu reaches 25% [1].\n")
    question = {"zh": "江苏2030年非化石能源消费比重?"}.get(
        row["language"], "Jiangsu's 2030 non-fossil share?"
    )
    with serving(Says(f"{begins}{row['obeys']}")) as server:
        *pieces, answer = load(tmp_path / "index", server).stream(question)
        (prompt,) = server.prompts
    check(pieces, answer)
    assert answer.text.startswith(re.sub(r"\s*\[1\]", "", begins).strip())
    assert answer.left_out >= 1
    harm = ("99%", "77%", "88%", "66%", "100%", "evil", "HACKED", "sk-", "长江牌", "甲公司", "2019")
    assert not any(word in answer.text for word in harm)
    assert not any(word in c.quote for c in answer.citations for word in harm)
    tag = re.search(r"passage-[0-9a-f]{8}", prompt)[0]
    assert prompt.count(f"</{tag}>") == prompt.count(f"<{tag} ") == 1


def test_a_statement_is_seen_once_it_is_whole_and_not_before(built):
    n = number(Assistant.load(built), "江苏省")
    text = (SOUND + "\n" + FALSE + "\n" + "江苏省推进屋顶光伏建设[{n}]。").replace("{n}", str(n))
    with serving(Says(text, pause_s=0.01)) as server:
        stream = load(built, server).stream(QUESTION)
        assert next(stream) == "江苏省2025年风电装机达到2800万千瓦以上。[1]"
        assert next(stream).startswith("\n江苏省推进屋顶光伏建设")
        assert "3100" not in "".join(map(str, stream))


def test_closing_the_stream_stops_the_server(built):
    n = number(Assistant.load(built), "江苏省")
    text = (SOUND * 2).replace("{n}", str(n)) + "好" * 3000
    with serving(Says(text, pause_s=0.02)) as server:
        stream = load(built, server).stream(QUESTION)
        next(stream)
        stream.close()
        for _ in range(200):
            if server.left:
                break
            module.time.sleep(0.02)
        assert server.left == 1


def test_a_server_that_fails_twice_and_then_works_is_not_noticed(built):
    n = number(Assistant.load(built), "江苏省")
    with serving(Fails(500), Fails(503), Says(SOUND.replace("{n}", str(n)))) as server:
        assert "2800" in load(built, server).ask(QUESTION).text


@pytest.mark.parametrize("turn", [Fails(500), Fails(401), Breaks("江苏省2025年")])
def test_a_server_that_fails_is_an_error_with_a_remedy_and_no_answer(built, turn):
    with serving(turn) as server, pytest.raises(ModelFailed, match="--generator embedded"):
        load(built, server).ask(QUESTION)


def test_what_the_documents_cannot_answer_is_not_asked_of_the_model(built):
    with serving(Says("甘肃99%[1]。")) as server:
        answer = load(built, server).ask("甘肃2025年非化石能源消费比重目标是多少?")
        assert server.requests == []
    assert answer.refused
    assert "甘肃省" in answer.text


def test_the_generator_can_be_chosen_for_each_question(built):
    with serving(Says("NO_ANSWER")) as server:
        assistant = load(built, server)
        assert assistant.generators == (server.url, "embedded")
        quoted = assistant.ask(QUESTION, generator="embedded")
        assert server.requests == []
        assert assistant.ask(QUESTION, generator=server.url).refused
    assert (quoted.generator, quoted.refused) == ("embedded", False)
    plain = Assistant.load(built)
    assert plain.generators == ("embedded",)
    assert plain.ask(QUESTION, generator="embedded") == plain.ask(QUESTION) == quoted
    with pytest.raises(BadRequest, match=r"'oracle'.*embedded.*--generator oracle"):
        plain.ask(QUESTION, generator="oracle")


def test_the_number_of_passages_reaches_the_prompt(built):
    with serving(Says("NO_ANSWER")) as server:
        assistant = load(built, server)
        assistant.ask(QUESTION)
        assistant.ask(QUESTION, passages=1)
        wide, narrow = server.prompts
    assert 'n="2"' in wide
    assert 'n="2"' not in narrow
    for count in (0, 201):
        with pytest.raises(BadRequest, match="passages"):
            assistant.ask(QUESTION, passages=count)


def test_many_questions_are_answered_in_order_as_each_would_be(built):
    questions = [QUESTION, "甘肃2025年非化石能源消费比重目标是多少?", QUESTION]
    n = number(Assistant.load(built), "江苏省")
    with serving(Says(SOUND.replace("{n}", str(n)))) as server:
        assistant = load(built, server)
        together = list(assistant.ask_all(questions))
        assert together == [assistant.ask(question) for question in questions]
    assert [answer.question for answer in together] == questions
    assert [answer.refused for answer in together] == [False, True, False]
    for answer in together:
        times = answer.timings_s
        assert times["total"] == pytest.approx(sum(times.values()) / 2)
    plain = Assistant.load(built)
    assert list(plain.ask_all(questions)) == [plain.ask(question) for question in questions]


# Follow-ups

FOREST = "江苏省2030年森林覆盖率目标是多少?"
TOLD = "江苏省2030年森林覆盖率稳定在24.1%以上[{n}]。"
FOLLOW_UP = "那2030年的森林覆盖率呢?"


def follow_up(built, *turns, question=FOLLOW_UP):
    """The answer to a follow-up of QUESTION, and the prompts that the model was given."""
    plain = Assistant.load(built)
    n = str(number(plain, "江苏省", FOREST))
    turns = [turn._replace(text=turn.text.replace("{n}", n)) for turn in turns]
    with serving(*turns) as server:
        answer = load(built, server).ask(question, history=[plain.ask(QUESTION)])
    check([answer.text], answer)
    return answer, server.prompts


def test_a_follow_up_is_put_by_the_model_as_a_question_of_its_own_which_is_shown(built):
    answer, (rewriting, answering) = follow_up(built, Says(FOREST), Says(TOLD))
    assert (answer.question, answer.resolved) == (FOLLOW_UP, FOREST)
    assert answer.text == "江苏省2030年森林覆盖率稳定在24.1%以上。[1]"
    assert QUESTION in rewriting
    assert "2800万千瓦" in rewriting
    assert FOREST in answering


@pytest.mark.parametrize("reply", ["", "好" * 400, "NO_ANSWER"])
def test_where_the_model_puts_no_question_the_words_decide(built, reply):
    by_words = Assistant.load(built)
    history = [by_words.ask(QUESTION)]
    answer, _ = follow_up(built, Says(reply), Says(TOLD))
    assert answer.resolved == by_words.ask(FOLLOW_UP, history=history).resolved
    assert "24.1%" in answer.text


def test_a_rewritten_question_is_refused_where_the_documents_cannot_answer(built):
    answer, prompts = follow_up(built, Says("甘肃省2030年森林覆盖率目标是多少?"), Says(TOLD))
    assert (answer.refused, len(prompts)) == (True, 1)
    assert "甘肃省" in answer.text


def test_a_follow_up_keeps_its_language_whatever_the_model_writes(built):
    question = "And forest coverage in 2030?"
    answer, _ = follow_up(built, Says(FOREST), Says(TOLD), question=question)
    assert answer.language == "en"


@pytest.mark.parametrize("question", ["再详细一点", "上海近海风电装机达到多少?"])
def test_more_of_the_same_and_a_question_of_its_own_are_not_rewritten(built, question):
    _, prompts = follow_up(built, Says("NO_ANSWER"), question=question)
    assert len(prompts) == 1
    assert "改写" not in prompts[0]


def test_a_model_that_fails_at_rewriting_is_an_error(built):
    history = [Assistant.load(built).ask(QUESTION)]
    with serving(Fails(400)) as server, pytest.raises(ModelFailed):
        load(built, server).ask(FOLLOW_UP, history=history)


# The commands


def test_ask_prints_as_it_comes_to_a_terminal_and_the_same_to_a_file(built, capsys, monkeypatch):
    cli.main(["ask", QUESTION, "--index", str(built)])
    whole = capsys.readouterr().out
    writes = []
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    write = sys.stdout.write
    monkeypatch.setattr(sys.stdout, "write", lambda text: writes.append(text) or write(text))
    cli.main(["ask", QUESTION, "--index", str(built)])
    assert capsys.readouterr().out == whole
    answer = Assistant.load(built).ask(QUESTION)
    assert writes[0] == answer.text.split("\n\n")[0]


def test_ask_takes_a_server_and_its_failure_is_one_line(built, capsys):
    n = number(Assistant.load(built), "江苏省")
    with serving(Says(SOUND.replace("{n}", str(n))), Fails(400)) as server:
        asked = ["ask", QUESTION, "--index", str(built), "--generator", server.url, "--json"]
        assert cli.main([*asked, "--model", "m", "--passages", "5", "--answer-tokens", "50"]) == 0
        row = json.loads(capsys.readouterr().out)
        body = server.requests[0][2]
        assert cli.main([*asked, "--model", "m"]) == 2
    failed = capsys.readouterr()
    assert (row["generator"], row["left_out"]) == (server.url, 0)
    assert (body["model"], body["max_tokens"]) == ("m", 50)
    assert (failed.out, failed.err.count("\n")) == ("", 1)
    assert "--generator embedded" in failed.err


def test_eval_asks_a_server_side_by_side_and_names_the_judge(built, capsys, tmp_path):
    n = number(Assistant.load(built), "江苏省")
    row = {"type": "fact", "lang": "zh", "question": QUESTION, "pages": [1], "must": [["2800"]]}
    asked = tmp_path / "set.jsonl"
    lines = [json.dumps(row | {"id": f"q{i}"}, ensure_ascii=False) for i in range(5)]
    asked.write_text("\n".join(lines), encoding="utf-8")
    with serving(Says((SOUND + FALSE).replace("{n}", str(n)))) as server:
        told = ["--index", str(built), "--generator", server.url, "--model", "m"]
        assert cli.main(["eval", str(asked), "--out", str(tmp_path / "out"), *told]) == 0
        assert len(server.prompts) == 5
    assert "judged by the words that statement and quote share" in capsys.readouterr().out
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))["all"]
    assert (summary["facts"], summary["left out"], summary["violations"]) == (1.0, 5, 0)
    assert summary["citation recall"] == summary["citation precision"] == 1.0
    rows = (tmp_path / "out" / "rows.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["judge"] for line in rows} == {"lexical"}
