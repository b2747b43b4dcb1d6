"""Words as they are searched for: folded, without function words, and cut to their stem.

One rule cuts English and French words, since nobody says in which language they search, and many
words of the two are relatives: "security" and « sécurité » meet. Snowball (snowballstemmer) was
looked at: it wants to know the language, so each word would have two stems.
"""

import re
from functools import lru_cache

from commitments.text import plain

# refs such as 4.4 are one word
_WORD = re.compile(r"[^\W_]+(?:\.[0-9]+)*")
SHORTEST_STEM = 4
_ENDINGS = """
a aire aires al ale ales ance ances ant ante antes ants ary ate ated ates atif atifs ating
ation ations ative atives aux e ed ee ees ement ements ence ences ent ente entes ents er ers
es eur eurs euse euses ez ial iales ie ied ier iere ieres iers ies if ifs ing ings ion ions
ir is isation isations ise isee isees iser ises issement issements ite ites ities ity ive
ives ization ize ized izing ly ment ments ness oire oires or ors ory s ties ty ure ures y
"""
ENDINGS = sorted(_ENDINGS.split(), key=len, reverse=True)
_FUNCTION_WORDS = """
a about after again all also an and any are as at be because been before being but by can
could did do does doing done during each for from further get had has have having he her
here him his how if in instead into is it its just like made make many may me more most much
must my need no nor not now of off on once only or other our out over own she should so some
such than that the their them then there these they this those through to too under until up
us very was we were what when where which while who whom whose why will with would you your
afin ai ainsi alors apres au aucun aussi autre autres aux avant avec avoir bien car ce ceci
cela celle celui ces cet cette ceux chaque chez comme comment combien dans de des depuis
deux donc dont du elle elles en encore entre est et etaient etait etant etc etes etre eu eux
faire fait faut fois font ici il ils je jusque la le les leur leurs lui ma mais meme memes
mes moins mon ne ni nos notre nous on ont ou par parce pas peu peut plus pour pourquoi pres
puis qu quand que quel quelle quelles quels qui quoi sa sans se selon sera seront ses si son
sont sous sur ta tel tes ton tous tout toute toutes tres trop tu un une va vers voici voila
vos votre vous
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())


def words_of(text: str) -> list[str]:
    """The words of a text, folded; single letters are articles in front of an apostrophe."""
    words = _WORD.findall(plain(text))
    return [word for word in words if len(word) > 1 or word.isdigit()]


def content_words(text: str) -> list[str]:
    """The words that say what a text is about; all words where no such word is left."""
    words = words_of(text)
    return [word for word in words if word not in FUNCTION_WORDS] or words


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The word without its endings, as long as enough is left of it."""
    if not word.isalpha():
        return word
    if word.endswith("s") and not word.endswith("ss") and len(word) > SHORTEST_STEM - 1:
        return stem(word.removesuffix("s"))
    ending = next((ending for ending in ENDINGS if _can_lose(word, ending)), None)
    if ending is None:
        return word
    return stem(word.removesuffix(ending))


def _can_lose(word: str, ending: str) -> bool:
    return word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM


def join_stems(*texts: str) -> str:
    """The stems of all the texts, each once and between blanks, as a column keeps them."""
    stems = {stem(word) for text in texts for word in content_words(text)}
    return f" {' '.join(sorted(stems))} "
