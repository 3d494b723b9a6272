"""Greetings, thanks, and who are you?: no questions to the documents, so no refusals of any."""

import re

from rag.words import normalize

_WORDS = (
    r"你好|您好|嗨|哈[喽啰]|早上好|上午好|下午好|晚上好|在吗|谢谢你?|多谢|感谢|再见|[你您]是谁"
    r"|[你您](?:能|会|可以)(?:做|干|回答)?(?:什么|哪些问题)|怎么用|帮助"
    r"|hello|hi|hey|good (?:morning|afternoon|evening)|thanks?(?: you)?(?: (?:so|very) much)?|bye"
    r"|who are you|what can you do|how does this work|help"
    r"|こんにちは|ありがとう(?:ございます)?|あなたは誰(?:です)?か?|안녕하세요|감사합니다|누구세요"
    r"|bonjour|merci|qui es-tu|hallo|guten tag|danke|wer bist du|hola|gracias|quién eres"
    r"|olá|obrigad[oa]|quem é você|ciao|buongiorno|grazie|chi sei"
    r"|здравствуйте|привет|спасибо|кто ты|مرحبا|شكرا|من أنت"
)
_COURTESY = re.compile(rf"(?:(?:{_WORDS})[\s,.!?。;~、؟¿¡]*)+", re.IGNORECASE)


def is_courtesy(text: str) -> bool:
    """Whether nothing else is said."""
    return bool(_COURTESY.fullmatch(normalize(text).strip(" ¿¡")))
