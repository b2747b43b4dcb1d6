"""A word of the rules is the name of one thing: whoever searches for it finds what decides it."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import polib
import pytest

from commitments.register.entry_types import KINDS
from commitments.rules.states import State

ROOT = Path(__file__).parent.parent
APPS = ("commitments", "funding", "actionplan")
DOCS = ROOT / "docs"
RULES = DOCS / "reference" / "rules.md"
# Words for kinds of entry, which have no class of their own.
KINDS_OF_ENTRY = {"payment": "paid", "spending": "spent"}
MARKS = ("stale", "slipped", "never-reported", "confirmed", "disputed")

Definition = ast.ClassDef | ast.FunctionDef


def words_of_section_1() -> list[str]:
    section = RULES.read_text().partition("## 1. Words")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| **")]
    return [word for row in rows for word in re.findall(r"\*\*(\w+)\*\*", row)]


def modules() -> Iterator[Path]:
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if "migrations" not in path.parts:
                yield path


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@cache
def places_by_name(*, methods: bool) -> dict[str, list[str]]:
    """Where the classes and functions of each name are, those of modules or methods as well."""
    places = defaultdict(list)
    for path in modules():
        tree = ast.parse(path.read_text())
        nodes = list(ast.walk(tree)) if methods else tree.body
        for node in nodes:
            if isinstance(node, Definition):
                places[snake_case(node.name)].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return places


@pytest.mark.parametrize("word", words_of_section_1())
def test_a_word_of_the_rules_names_one_class_or_function(word: str) -> None:
    if word in KINDS_OF_ENTRY:
        assert KINDS_OF_ENTRY[word] in KINDS
    else:
        places = places_by_name(methods=False)[word]
        assert len(places) == 1, places


@pytest.mark.parametrize("word", [*[state.value for state in State], *MARKS])
def test_a_state_is_decided_by_one_function(word: str) -> None:
    name = word.replace("-", "_")
    places = places_by_name(methods=True)
    found = places[f"is_{name}"] + places[f"has_{name}"]
    assert len(found) == 1, found


# words that people no longer read anywhere, as patterns; the terms that took their place are in the
# catalogue
RETIRED_ENGLISH = (
    r"Is it you\?",
    r"marked \* must be given",
    r"not yours to do",
    r"There is no such page",
    r"This request cannot be read",
    r"(?:is something|things) to correct",
    r"feed reader",
    r"Record it all the same",
    r"Day on which it happened",
    r"What there is to say",
    r"If you record this, the action",
    r"Who is silent",
    r"[Oo]nly silence",
    r"[Ww]ithout news",
    r"[Nn]o news",
    r"asked of my bodies",
    r"their bodies",
    r"Against the computed",
    r"was taken to mean",
    r"Head of the (?:register|chain)",
    r"Mail is held",
    r"Send me no more",
    r"Password forgotten",
    r"lose what a camera adds",
    r"to know it again",
    r"timeliness unknown",
    r"Awaiting somebody",
    r"Deadlines in time",
    r"^(?:Modality|Scored|Stale|any|Notice|Attention)$",
    r"(?:no|such) body\b",
    r"\bbody %\(",
    r"[Ff]lags are checked",
)
RETIRED_FRENCH = (
    r"Filtres en vigueur",
    r"Tout retirer",
    r"[Aa]ctions servies",
    r"[Oo]bjectifs servis",
    r"plan d’action commun",
    r"Est-ce bien vous",
    r"Ne plus me l’envoyer",
    r"[Éé]noncé et versé",
    r"trop-perçu",
    r"ne vous est pas ouverte",
    r"second facteur",
    r"connecter avec votre organisation",
    r"L’administration du site",
    r"demandé à mes organismes",
    r"Jour où cela s’est produit",
    r"Jour affiché",
    r"En toutes lettres",
    r"quantité fournie",
    r"jamais renseignée",
    r"période manquée",
    r"[Ss]ignalement",
    r"Point d’attention",
    r"constaté le",
    r"seul le silence",
    r"les plus pressantes",
    r"Courriels retenus",
    r"clore autrement",
    r"affichage sombre",
    r"mots introductifs",
    r"\bdonnez (?:le|un|une|votre|de nouveau|maintenant)\b",
    r"[Cc]onsign",
    r"[Mm]onnaie",
    r"[ÉEée]noncé",
    r"[Cc]hefs? de file",
    r"\bla parole de (?:ma|votre) partie",
    r"\bl’entrée (?:elle-même|%)",
)


def test_no_page_mail_or_guide_uses_a_retired_term() -> None:
    """Mails and pages say what the catalogue holds."""
    catalogue = polib.pofile(str(ROOT / "locale" / "fr" / "LC_MESSAGES" / "django.po"))
    english = [text for entry in catalogue for text in (entry.msgid, entry.msgid_plural) if text]
    french = [text for entry in catalogue for text in (entry.msgstr, *entry.msgstr_plural.values())]
    guides = [
        path.read_text()
        for name in ("explanation", "how-to", "reference")
        for path in (DOCS / name).glob("*.md")
    ]
    english += guides
    french += guides
    found = [
        (term, text[:60])
        for terms, texts in ((RETIRED_ENGLISH, english), (RETIRED_FRENCH, french))
        for term in terms
        for text in texts
        if re.search(term, text)
    ]
    assert found == []


def test_the_page_of_meanings_names_every_mark() -> None:
    legend = (ROOT / "templates" / "includes" / "legend.html").read_text()
    marks = set()
    for name in ("includes/standing_tags.html", "funding/fund/firmness.html"):
        text = (ROOT / "templates" / name).read_text()
        marks |= set(re.findall(r'class="tag">{% translate "([^"]+)" %}', text))
    assert [mark for mark in sorted(marks) if f'translate "{mark}"' not in legend] == []
