import time
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rag.errors import ReadError
from rag.readers import read_file, text
from rag.readers.labels import locate, slug

SENTENCE = "到2025年,非化石能源消费比重达到22%左右,新型储能装机容量达到300万千瓦。"
PATH = Path("plan.txt")
# No control characters but white space, no lone surrogates, no byte-order mark.
TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufeff"))
CHINESE = st.text(sorted(set(SENTENCE + "的主要目标一、二(三)湖南省碳达峰\n")), min_size=20)


def read(tmp_path, content, name="plan.txt"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (document,) = read_file(path)
    return document


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030", "gbk"],
)
def test_each_encoding_gives_the_same_text(encoding, tmp_path):
    mark = "\ufeff" if encoding[-3:] in ("-le", "-be") else ""
    assert read(tmp_path, (mark + SENTENCE).encode(encoding)).text == SENTENCE


@pytest.mark.parametrize(
    ("language", "encoding", "written"),
    [
        ("zh", "big5", "湖南省方案\n到2030年,森林面積不低於60%。\n" * 5),
        (
            "ja",
            "euc_jp",
            "浙江省の2025年の森林蓄積量目標はいくらですか。教育部の方案で設立を支援する組織は何ですか。",
        ),
        (
            "ja",
            "shift_jis",
            "浙江省の2025年の森林蓄積量目標はいくらですか。教育部の方案は何ですか。",
        ),
        (
            "ko",
            "cp949",
            "지린성 탄소피크 이행방안에서 2025년 신형 에너지저장 설비 목표는 얼마입니까? " * 4,
        ),
        ("ru", "cp1251", "Какой должна быть доля возобновляемой электроэнергии в новых линиях?"),
        (
            "fr",
            "cp1252",
            "Quelle doit être la part des énergies non fossiles ? Où, et à quelle date ? " * 3,
        ),
    ],
)
def test_older_encodings_of_other_languages_are_told_apart(language, encoding, written, tmp_path):
    document = read(tmp_path, written.encode(encoding))
    assert (document.text, document.language) == (written, language)


@given(TEXTS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_any_text_comes_back_from_unicode_encodings(written, encoding):
    assume(written.strip())
    assert text.decode_bytes(written.encode(encoding), PATH) == written


@given(CHINESE)
def test_chinese_comes_back_from_gb18030(written):
    data = written.encode("gb18030")
    assume(written.strip() and not text._fits(data, "utf-8"))
    assert text.decode_bytes(data, PATH) == written


@given(st.lists(TEXTS, min_size=1), st.sampled_from(["\n", "\r\n", "\r"]))
def test_line_ends_become_newlines(lines, line_end):
    assume("".join(lines).strip())
    data = line_end.join(lines).encode()
    assert text.decode_bytes(data, PATH) == "\n".join(lines)


def test_spaces_tabs_and_form_feeds_are_kept(tmp_path):
    written = "  a\tb\u3000c \x0c\u2028 \n\n d "
    assert read(tmp_path, written).text == written


def test_a_declared_encoding_yields_to_utf8_and_to_bytes_that_it_does_not_fit():
    assert text.decode_bytes("比重".encode(), PATH, declared="gb18030") == "比重"
    assert text.decode_bytes("łódź".encode("cp1250"), PATH, declared="cp1250") == "łódź"
    assert text.decode_bytes("非化石能源比重".encode("gbk"), PATH, declared="nonsense").startswith(
        "非化"
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no text"),
        (b"\n \r\n", "holds no text"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "binary.*UTF-8"),
        (b"ab\x01\x02\x03", "binary.*export its text"),
        ("中文".encode("utf-16-le") + b"a\0", "byte-order mark"),
        (SENTENCE.encode() + b"\xff" + SENTENCE.encode(), r"damaged at byte \d+; mend it: `iconv"),
        (SENTENCE.encode("utf-16")[:-1], "utf-16 but damaged"),
    ],
)
def test_what_cannot_be_decoded_is_refused_with_the_remedy(content, words):
    with pytest.raises(ReadError, match=rf"^plan\.txt .*{words}"):
        text.decode_bytes(content, PATH)


def test_the_title_is_a_short_first_line_else_the_stem(tmp_path):
    assert read(tmp_path, "\n湖南省碳达峰  方案\n正文").title == "湖南省碳达峰 方案"
    assert read(tmp_path, "长" * 81).title == "plan"


def test_hash_lines_in_a_txt_are_no_headings(tmp_path):
    document = read(tmp_path, "# a comment\n## another\n")
    assert document.sections == ()
    assert document.text == "# a comment\n## another\n"


def test_the_outline_gives_the_sections(tmp_path):
    document = read(tmp_path, "一、要求\n甲。\n二、目标\n(一)能源。乙。\n")
    assert [(s.title, s.level) for s in document.sections] == [
        ("一、要求", 1),
        ("二、目标", 1),
        ("(一)能源", 2),
    ]


@pytest.mark.parametrize(
    ("title", "region", "level", "status"),
    [
        ("湖南省碳达峰实施方案", "湖南省", "province", ""),
        ("湖南省长沙市碳达峰方案(征求意见稿)", "长沙市", "city", "draft"),
        ("湖南省与湖北省合作方案", "", "", ""),
        ("碳达峰工作方案", "", "", ""),
        ("Hunan carbon peaking plan (Draft)", "湖南省", "province", "draft"),
        ("国务院关于碳达峰的意见", "全国", "national", ""),
    ],
)
def test_region_level_and_status_are_read_off_the_title(title, region, level, status, tmp_path):
    document = read(tmp_path, title + "\n正文。")
    assert (document.region, document.level, document.status) == (region, level, status)
    assert locate(title) == (region, level)


def test_the_id_is_the_stem_without_separators():
    assert slug("湖南 方案/(2022)") == "湖南-方案-2022"
    assert slug("027.en") == "027.en"
    assert slug("???") == "document"


def test_a_long_line_takes_time_and_sections_in_proportion(tmp_path):
    """Five megabytes; fifty take 2 s and 140 MB on the 2-core test machine."""
    book = "".join(f"{n}、目标{SENTENCE * 20}" for n in "一二三四五六七八九")
    began = time.perf_counter()
    document = read(tmp_path, book * (5_000_000 // len(book.encode())))
    assert time.perf_counter() - began < 5
    assert len(document.sections) == 9 * (5_000_000 // len(book.encode()))
    assert document.language == "zh"
